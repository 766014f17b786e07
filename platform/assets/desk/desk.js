// The review desk: one pair and what an expert says about it. Python draws all around it.
//
// Streamlit calls the default export at each new drawing. Ratings, flags and typing stay here; only a decision goes
// to Python. The host stays in the page, so that the next pair is drawn at once.

const left = new Set(); // tokens that this page let go

const nothing = () => ({
  response: null, ratings: {}, answers: {}, categories: [], edit_reason: null, suggestion_id: null, flags: [], note: "",
});

class Desk {
  constructor(parent) {
    this.host = labelled(element("div", "d-desk"), { role: "region", "aria-label": "Review", tabindex: "-1" });
    parent.append(this.host);
    this.deciding = new Deciding(this);
    this.listeners = [
      [document, "keydown", (event) => onKey(this, event), true],
      [document, "visibilitychange", () => this.visibility()],
      [document, "pointerup", () => setTimeout(() => this.open && this.marking.offer())],
      [window, "pagehide", () => this.leave()],
      [window, "pageshow", (event) => event.persisted && this.came()],
      [window, "online", () => this.saving?.flush()],
      [this.host, "focusout", () => this.saving?.flush()],
    ];
    for (const [node, ...listener] of this.listeners) node.addEventListener(...listener);
    if (tabs) tabs.onmessage = ({ data }) => data.left === this.data?.token && stay(this.data.project, data.left);
    keep.tidy();
  }

  // Whether a pair is on the desk.
  get open() {
    return Boolean(this.data?.token);
  }

  get text() {
    return this.editor.text;
  }

  // A new drawing: the same pair with an answer, another pair, or none.
  update(data, send) {
    this.send = send;
    if (data.drawn === this.data?.drawn) return;
    const before = this.data?.token;
    this.data = data;
    this.deciding.heard(data);
    if (data.token && data.token === before) this.refresh();
    else this.begin();
  }

  begin() {
    const { data, host } = this;
    const focused = host.contains(document.activeElement);
    this.saving?.close();
    if (!this.open) {
      host.replaceChildren();
      return;
    }
    this.saving = new Saving(data, (tone, words) => this.mark(tone, words));
    const found = this.saving.found();
    this.draft = structuredClone(found ?? drafted(data));
    this.row = null;
    this.deciding.begin();
    layOut(this);
    this.came();
    this.current(data.labels.length ? this.editor.rows[0] : (this.form.rows[0] ?? this.editor.rows[0]));
    this.refresh();
    if (found) this.touch();
    else if (data.draft) this.mark("", "Your draft is back");
    host.closest("[data-testid=stMain]")?.scrollTo(0, 0);
    if (focused) host.focus({ preventScroll: true });
  }

  // Something was entered: draw it, and save it.
  touch() {
    this.refresh();
    this.saving.changed(this.draft);
  }

  refresh() {
    if (!this.open) return;
    this.editor.refresh();
    this.form.refresh();
    drawFlags(this, this.form.flags);
    drawQuestion(this);
    drawBar(this);
  }

  bodyOf(name) {
    return name === "response" ? this.editor.body : this.questions.find((each) => each.name === name)?.body;
  }

  // The lines that digits act on, and the one that is current.
  get rows() {
    return [...this.editor.rows, ...this.form.rows].filter((row) => !row.node.hidden);
  }

  current(row) {
    if (!row) return;
    this.row = row;
    this.rows.forEach((each) => each.node.classList.toggle("current", each === row));
    this.form.show(row);
  }

  step(by) {
    const { rows } = this;
    const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(this.row) + by))];
    if (this.row?.node.contains(document.activeElement)) document.activeElement.blur();
    this.current(next);
    next?.node.scrollIntoView({ block: "nearest" });
  }

  digit(number) {
    if (this.deciding.skips) return this.deciding.skip(number);
    const { row } = this;
    if (!row?.digit(number)) return false;
    const next = this.rows[this.rows.indexOf(row) + 1];
    if (!row.many && next && !next.many) this.current(next);
    return true;
  }

  escape() {
    if (this.deciding.skips) this.deciding.skipping(false);
    else if (this.editor.editing) this.editor.done();
    else return false;
    return true;
  }

  guide() {
    this.guideNode.open = !this.guideNode.open;
    if (this.guideNode.open) this.guideNode.scrollIntoView({ block: "nearest" });
  }

  // Whether what was entered is safe, in words.
  mark(tone, words) {
    if (!this.saved) return;
    this.saved.className = `d-saved ${tone}`;
    this.saved.textContent = words;
    this.saved.setAttribute("role", tone === "bad" ? "alert" : "status");
  }

  visibility() {
    this.deciding.spent();
    if (document.hidden) this.saving?.flush(true);
  }

  // The page was left for a moment and is back: the pair is held again.
  came() {
    if (this.open && left.delete(this.data.token)) stay(this.data.project, this.data.token);
  }

  leave() {
    if (!this.open) return;
    this.saving.flush(true);
    left.add(this.data.token);
    leave(this.data.project, this.data.token);
  }

  gone() {
    this.leave();
    this.deciding.gone();
    for (const [node, ...listener] of this.listeners) node.removeEventListener(...listener);
    if (tabs) tabs.onmessage = null;
    this.host.remove();
  }
}

// What the server has kept; without a draft, a model's answer where the project shows it.
function drafted({ draft, suggestion, texts }) {
  if (draft) return { ...nothing(), ...draft };
  if (!suggestion?.show || texts.response.trim()) return nothing();
  return { ...nothing(), response: suggestion.response, suggestion_id: suggestion.id };
}

const desks = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let desk = desks.get(parentElement);
  if (!desk) desks.set(parentElement, (desk = new Desk(parentElement)));
  desk.update(data, setTriggerValue);
  return () => {
    desk.gone();
    desks.delete(parentElement);
  };
}
