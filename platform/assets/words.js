// Text in which words can be marked: selecting some reports where they are, in code points.
// What was removed is shown but is no part of the text: it cannot be selected and does not count.

const length = (text) => Array.from(text).length;

function element(tag, css, text) {
  const made = document.createElement(tag);
  if (css) made.className = css;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Cut the pieces at the edges of the marks, so that each stretch has one look.
function stretches(part) {
  const found = [];
  let position = 0;
  for (const [op, text] of part.pieces) {
    const letters = Array.from(text);
    if (op === "removed") {
      found.push({ op, text, mark: null });
      continue;
    }
    let start = 0;
    while (start < letters.length) {
      const at = position + start;
      const mark = part.marks.find((each) => each.start <= at && at < each.end) || null;
      let end = start + 1;
      while (end < letters.length) {
        const next = part.marks.find((each) => each.start <= position + end && position + end < each.end) || null;
        if (next !== mark) break;
        end += 1;
      }
      found.push({ op, text: letters.slice(start, end).join(""), mark });
      start = end;
    }
    position += letters.length;
  }
  return found;
}

function draw(part) {
  const field = element("div", "h-field");
  field.append(element("div", "h-eyebrow", part.label));
  const body = element("div", "h-text h-words " + part.css);
  body.dataset.field = part.field;
  for (const { op, text, mark } of stretches(part)) {
    let node = document.createTextNode(text);
    if (mark) {
      const marked = element("mark", mark.pending ? "pending" : "");
      marked.title = mark.title;
      marked.append(node);
      node = marked;
    }
    if (op === "added" || op === "removed") {
      const changed = element(op === "added" ? "ins" : "del");
      changed.append(node);
      node = changed;
    }
    body.append(node);
  }
  field.append(body);
  return field;
}

// Code points of the text before a place in the DOM, removed words left out.
function offset(body, node, at) {
  const before = document.createRange();
  before.selectNodeContents(body);
  before.setEnd(node, at);
  const copy = before.cloneContents();
  copy.querySelectorAll("del").forEach((each) => each.remove());
  return length(copy.textContent);
}

function selected(host) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  for (const body of host.querySelectorAll(".h-words")) {
    if (!range.intersectsNode(body)) continue;
    const inside = document.createRange();
    inside.selectNodeContents(body);
    if (body.contains(range.startContainer)) inside.setStart(range.startContainer, range.startOffset);
    if (body.contains(range.endContainer)) inside.setEnd(range.endContainer, range.endOffset);
    const start = offset(body, inside.startContainer, inside.startOffset);
    const end = offset(body, inside.endContainer, inside.endOffset);
    if (start < end) return { field: body.dataset.field, start, end };
  }
  return null;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let host = parentElement.querySelector(".h-words-host");
  if (!host) {
    host = element("div", "h-words-host");
    parentElement.append(host);
  }
  const drawn = JSON.stringify(data);
  if (host.dataset.drawn !== drawn) {
    host.replaceChildren(...data.map(draw));
    host.dataset.drawn = drawn;
  }
  const report = () => {
    const span = selected(host);
    if (span) setTriggerValue("span", span);
  };
  host.onmouseup = report;
  host.ontouchend = report;
  const keys = (event) => {
    if (event.key === "Shift" || (event.shiftKey && event.key.startsWith("Arrow"))) report();
  };
  document.addEventListener("keyup", keys);
  return () => document.removeEventListener("keyup", keys);
}
