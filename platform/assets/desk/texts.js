// Texts in which words are marked and can be selected, by mouse or by key. Places are in code points.
// What an edit removed is shown but is no part of the text: it cannot be selected and does not count.

// Cut the pieces at the edges of the marks, so that each stretch has one look.
function stretches(pieces, marks) {
  const edges = [...new Set(marks.flatMap((each) => [each.start, each.end]))].sort((a, b) => a - b);
  const found = [];
  let position = 0;
  for (const [op, text] of pieces) {
    if (op === "removed") {
      found.push({ op, text, marks: [] });
      continue;
    }
    const letters = points(text);
    const end = position + letters.length;
    const cuts = [position, ...edges.filter((edge) => position < edge && edge < end), end];
    for (let n = 0; n + 1 < cuts.length; n += 1) {
      const [from, to] = [cuts[n], cuts[n + 1]];
      const words = letters.slice(from - position, to - position).join("");
      found.push({ op, text: words, marks: marks.filter((each) => each.start <= from && to <= each.end) });
    }
    position = end;
  }
  return found;
}

function drawText(body, pieces, marks) {
  const nodes = stretches(pieces, marks).map(({ op, text, marks: over }) => {
    let node = document.createTextNode(text);
    if (over.length) {
      const marked = element("mark", [...new Set(over.map((each) => each.kind))].join(" "));
      const says = over.map((each) => each.says).filter(Boolean).join(" · ");
      if (says) labelled(marked, { "data-says": says, tabindex: "0", "aria-description": says });
      marked.append(node);
      node = marked;
    }
    if (op === "added" || op === "removed") {
      const changed = element(op === "added" ? "ins" : "del");
      changed.append(node);
      node = changed;
    }
    return node;
  });
  body.replaceChildren(...nodes);
}

function textBody(field, css) {
  const body = element("div", "h-text h-words " + css);
  body.dataset.field = field;
  body.dir = "auto";
  return body;
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

// What the mouse has selected in one of our texts, or null.
function selectedIn(host) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  for (const body of host.querySelectorAll(".h-words")) {
    if (body.hidden || !range.intersectsNode(body)) continue;
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

// The span without blanks at its ends, with its words; null when nothing but blanks is left.
function trimmed(span, text) {
  if (!span) return null;
  const words = points(text).slice(span.start, span.end);
  let [first, last] = [0, words.length];
  while (first < last && !words[first].trim()) first += 1;
  while (last > first && !words[last - 1].trim()) last -= 1;
  if (first === last) return null;
  const start = span.start + first;
  return { field: span.field, start, end: span.start + last, quote: words.slice(first, last).join("") };
}

// Where the words are: [start, end) of each, and which of them begin a sentence.
function wordsOf(text) {
  const found = [];
  let [position, fresh, stopped] = [0, true, false];
  for (const token of cut(TOKEN, text)) {
    const end = position + length(token);
    if (WORD.test(token)) {
      found.push({ start: position, end, fresh });
      fresh = false;
    } else if (!token.trim()) fresh ||= stopped || token.includes("\n");
    stopped = /[.!?。:]/u.test(token) || (stopped && /["'”’)]/u.test(token));
    position = end;
  }
  return found;
}

// Choosing words by key: an anchor and a head, as any editor has them.
class Picker {
  constructor(texts, field) {
    this.texts = texts; // field -> text, in the order in which they stand
    this.enter(field);
  }

  enter(field) {
    this.field = field;
    this.words = wordsOf(this.texts[field]);
    this.anchor = this.head = 0;
  }

  get span() {
    const [first, last] = [Math.min(this.anchor, this.head), Math.max(this.anchor, this.head)];
    if (!this.words.length) return null;
    return { field: this.field, start: this.words[first].start, end: this.words[last].end };
  }

  move(step, more) {
    this.head = Math.max(0, Math.min(this.words.length - 1, this.head + step));
    if (!more) this.anchor = this.head;
  }

  sentence(step, more) {
    let place = this.head + step;
    while (this.words[place] && !this.words[place].fresh) place += step;
    this.move((this.words[place] ? place : step < 0 ? 0 : this.words.length - 1) - this.head, more);
  }

  other(step) {
    const fields = Object.keys(this.texts).filter((each) => wordsOf(this.texts[each]).length);
    if (fields.length) this.enter(fields[(fields.indexOf(this.field) + step + fields.length) % fields.length]);
  }
}
