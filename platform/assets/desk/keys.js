// The keys. None acts while a field is being typed in, but Escape and Ctrl+Enter; none that Enter could hit decides.

const SHEET = [
  ["1 – 5", "rate the current line and go to the next"],
  ["↑ ↓", "choose the line; Tab does so too"],
  ["A", "approve"],
  ["R", "reject"],
  ["S, then 1 – 4", "skip, and why"],
  ["U", "take the last decision back, and the one before"],
  ["E", "edit the response; Esc leaves the field"],
  ["Ctrl Enter", "approve from inside the field"],
  ["O", "back to the original; once more: your version again"],
  ["M", "show the model's answer, where there is one"],
  ["F", "flag the selected words, or choose them with the arrows"],
  ["N", "write a note"],
  ["G", "guidelines"],
  ["?", "this sheet"],
];
const PICKING = "← → words, Shift for more, ↑ ↓ sentences, Tab other text, Enter flags, Esc leaves";

function showKeys(host) {
  const list = element("dl", "d-keys");
  for (const [keys, does] of SHEET) {
    const name = element("dt");
    for (const part of keys.split(/( – |, then | )/)) {
      name.append(/^( – |, then | )$/.test(part) ? part : element("kbd", "", part));
    }
    list.append(name, element("dd", "", does));
  }
  sheet(host, "Keys", list, element("p", "d-quiet", `Choosing words: ${PICKING}.`));
}

// What a key does at the desk; whatever is not here is the browser's.
function plainKey(desk, event) {
  const { key } = event;
  if (/^[1-9]$/.test(key)) return desk.digit(Number(key));
  const acts = {
    ArrowDown: () => desk.step(1),
    ArrowUp: () => desk.step(-1),
    Enter: () => desk.row?.enter?.() ?? false,
    Escape: () => desk.escape(),
    "?": () => showKeys(desk.host),
    a: () => desk.deciding.decide("approve"),
    r: () => desk.deciding.decide("reject"),
    s: () => desk.deciding.skipping(true),
    u: () => desk.deciding.undo(),
    e: () => desk.editor.edit(),
    o: () => desk.editor.field && desk.editor.reset(),
    m: () => desk.editor.field && desk.editor.suggest(),
    f: () => desk.marking.begin(),
    n: () => desk.form.note.focus(),
    g: () => desk.guide(),
  };
  const act = acts[key.length === 1 ? key.toLowerCase() : key];
  if (!act) return false;
  if (key === "Enter" && document.activeElement?.matches("button, a, summary")) return false;
  return act() !== false;
}

// While words are being chosen the arrows are theirs.
function pickingKey(desk, event) {
  const { marking } = desk;
  const { picker } = marking;
  const more = event.shiftKey;
  const acts = {
    ArrowRight: () => picker.move(1, more),
    ArrowLeft: () => picker.move(-1, more),
    ArrowDown: () => picker.sentence(1, more),
    ArrowUp: () => picker.sentence(-1, more),
    Tab: () => picker.other(more ? -1 : 1),
    Enter: () => marking.picked(),
    f: () => marking.picked(),
    Escape: () => marking.pick(null),
  };
  const act = acts[event.key];
  if (!act) return true; // nothing else happens meanwhile
  act();
  if (marking.picker) marking.pick(picker);
  return true;
}

function onKey(desk, event) {
  if (!desk.open || event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open], [role=dialog], [role=listbox]")) return;
  const inside = desk.host.contains(event.target);
  const decides = (event.ctrlKey || event.metaKey) && event.key === "Enter";
  if (decides && (event.target === desk.editor.field || !typing(event.target))) {
    if (!event.repeat) desk.deciding.decide("approve");
  } else if (typing(event.target)) {
    if (event.key !== "Escape" || !inside) return;
    if (event.target === desk.editor.field) desk.editor.done();
    else event.target.blur();
  } else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.repeat && !event.key.startsWith("Arrow")) return;
  else if (desk.marking.form) {
    if (event.key !== "Escape") return;
    desk.marking.done();
  } else if (desk.deciding.waiting && event.key.length === 1) {
    // The next pair is on its way: what is pressed now belongs to neither.
  } else if (!(desk.marking.picker ? pickingKey : plainKey)(desk, event)) return;
  event.preventDefault();
  event.stopPropagation();
}
