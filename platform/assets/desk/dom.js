// Small tools for drawing. Words of people only ever go in as textContent.

function element(tag, css, text) {
  const made = document.createElement(tag);
  if (css) made.className = css;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

const labelled = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

function button(label, css, act, key) {
  const made = labelled(element("button", "d-button " + css), { type: "button" });
  made.append(element("span", "", label));
  if (key) made.append(labelled(element("kbd", "", key), { "aria-hidden": "true" }));
  if (key && key.length === 1) made.setAttribute("aria-keyshortcuts", key);
  made.addEventListener("click", act);
  return made;
}

function shown(node, whether) {
  node.hidden = !whether;
  return node;
}

// Places in texts are counted in code points, as Python does; JavaScript counts in UTF-16 units.
// Whoever gets a list of them must not change it: the same text is asked for again and again while one types.
const known = new Map();
function points(text) {
  let found = known.get(text);
  if (found) return found;
  if (known.size > 12) known.clear();
  known.set(text, (found = Array.from(text)));
  return found;
}

const length = (text) => points(text).length;

// Typing a letter here means the letter.
function typing(node) {
  if (!node || !node.matches) return false;
  if (node.matches("input")) return !["radio", "checkbox", "button"].includes(node.type);
  return node.matches("textarea, select") || node.isContentEditable;
}

const secret = (bytes = 16) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (each) => each.toString(16).padStart(2, "0")).join("");

// A window over the page: the browser keeps the focus inside, and Escape closes it.
function sheet(host, title, ...content) {
  const made = labelled(element("dialog", "d-sheet"), { "aria-label": title });
  const close = button("Close", "quiet", () => made.close(), "Esc");
  const head = element("div", "d-sheet-head");
  head.append(element("h2", "", title), close);
  made.append(head, ...content);
  made.addEventListener("close", () => made.remove());
  made.addEventListener("click", (event) => event.target === made && made.close());
  host.append(made);
  made.showModal();
  return made;
}
