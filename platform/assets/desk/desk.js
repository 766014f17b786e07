// The review desk: one pair, what an expert says about it, and the decision. Python draws all around it.
//
// Streamlit calls the default export at each new drawing. Ratings, flags and typing stay here; a decision goes to
// Python with the token of the lease that it is about and a request key, and is sent again until it is answered.

const PATIENCE = 5_000; // milliseconds without an answer, after which a decision is sent again
const left = new Set(); // tokens that this page let go

const nothing = () => ({
  response: null, ratings: {}, answers: {}, categories: [], edit_reason: null, suggestion_id: null, flags: [], note: "",
});

class Desk {
  constructor(parent) {
    this.host = labelled(element("div", "d-desk"), { role: "region", "aria-label": "Review", tabindex: "-1" });
    parent.append(this.host);
    this.listeners = [
      [document, "keydown", (event) => onKey(this, event)],
      [document, "visibilitychange", () => this.visibility()],
      [window, "pagehide", () => this.leave()],
      [window, "pageshow", (event) => event.persisted && this.came()],
      [window, "online", () => this.saving?.flush()],
      [document, "pointerup", () => setTimeout(() => this.offerFlag())],
      [this.host, "focusout", () => this.saving?.flush()],
    ];
    for (const [node, name, act] of this.listeners) node.addEventListener(name, act, node === document);
    if (tabs) tabs.onmessage = ({ data }) => data.left === this.data?.token && stay(this.data.project, data.left);
    keep.tidy();
  }

  // A new drawing: the same pair with an answer, another pair, or none.
  update(data, send) {
    this.send = send;
    if (data.drawn === this.data?.drawn) return;
    const before = this.data;
    this.data = data;
    if (this.waiting) this.answered(data);
    if (data.token && data.token === before?.token) this.refresh();
    else this.begin();
  }

  begin() {
    const { data, host } = this;
    const focused = host.contains(document.activeElement);
    this.saving?.close();
    this.picker = this.flagForm = this.row = null;
    this.pending = [];
    if (!data.token) {
      host.replaceChildren();
      return;
    }
    this.saving = new Saving(data, (tone, words) => this.mark(tone, words));
    const found = this.saving.found();
    this.draft = { ...nothing(), ...structuredClone(found ?? data.draft ?? {}) };
    if (data.suggestion?.show && !data.texts.response.trim() && !found && !data.draft) this.prefill();
    this.seconds = 0;
    this.since = document.hidden ? null : performance.now();
    layOut(this);
    this.came();
    this.current(this.form.rows[0] ?? this.editor.rows[0]);
    this.refresh();
    if (found) this.touch();
    else this.mark("", data.draft ? "Draft restored" : "");
    host.closest("[data-testid=stMain]")?.scrollTo(0, 0);
    if (focused) host.focus({ preventScroll: true });
  }

  prefill() {
    const { suggestion } = this.data;
    if (suggestion.response) Object.assign(this.draft, { response: suggestion.response, suggestion_id: suggestion.id });
  }

  get text() {
    return this.editor.text;
  }

  // Something was entered: draw it, and save it.
  touch() {
    this.refresh();
    this.saving.changed(this.draft);
  }

  refresh() {
    if (!this.data.token) return;
    this.editor.refresh();
    this.form.refresh();
    drawFlags(this, this.form.flags);
    drawQuestion(this);
    drawBar(this);
  }

  followFlags() {
    this.draft.flags = this.draft.flags.flatMap((flag) => {
      if (flag.field !== "response") return [flag];
      return followed(flag, this.text) ?? followed(flag, this.data.texts.response) ?? [];
    });
  }

  // What is marked in one of the texts, the words being flagged first.
  marks(name) {
    const names = new Map(this.data.taxonomy.map((each) => [each.key, each.name]));
    const text = name === "response" ? this.text : this.data.texts[name];
    const found = this.data.findings.filter((each) => each.field === name && each.quote);
    const spans = [
      ...this.pending.map((span) => ({ ...span, kind: "pending" })),
      ...this.draft.flags.map((flag) => ({ ...flag, kind: "flag", says: names.get(flag.category) })),
      ...found.map((each) => ({ ...each, kind: `finding ${each.tone}`, says: each.says })),
    ];
    const here = spans.filter((each) => each.field === name);
    return here.map((each) => (each.quote ? followed(each, text) : each)).filter(Boolean);
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
    this.current(next);
    if (this.host.contains(document.activeElement) && document.activeElement !== this.host) document.activeElement.blur();
    next?.node.scrollIntoView({ block: "nearest" });
  }

  digit(number) {
    if (this.skips) return skipFor(this, number);
    if (!this.row?.digit(number)) return false;
    const { rows } = this;
    const place = rows.indexOf(this.row);
    const next = rows[place + 1];
    const goesOn = !this.row.many && next && !next.many;
    if (goesOn) this.current(next);
    return true;
  }

  escape() {
    if (this.skips) this.skipping(false);
    else if (this.editor.editing) this.editor.done();
    else return false;
    return true;
  }

  skipping(on) {
    this.skips = on;
    drawBar(this);
  }

  guide() {
    this.guideNode.open = !this.guideNode.open;
    if (this.guideNode.open) this.guideNode.scrollIntoView({ block: "nearest" });
  }

  // Flags: the selected words, or words chosen by key, go into the form that takes the place of the right side.
  flag() {
    if (!this.data.taxonomy.length) return false;
    const span = this.selection();
    if (span) return this.openFlag(span);
    const texts = Object.fromEntries(
      ["instruction", "context", "response"].map((each) => [each, each === "response" ? this.text : this.data.texts[each]]),
    );
    this.editor.editing = false;
    const first = ["response", "instruction", "context"].find((each) => wordsOf(texts[each]).length);
    if (!first || (first === "response" && !this.editor.body)) return false;
    return this.pick(new Picker(texts, first));
  }

  selection() {
    const span = selectedIn(this.host);
    return span && trimmed(span, span.field === "response" ? this.text : this.data.texts[span.field]);
  }

  pick(picker) {
    this.picker = picker;
    this.pending = picker?.span ? [picker.span] : [];
    this.refresh();
    this.host.querySelector("mark.pending")?.scrollIntoView({ block: "nearest" });
    return true;
  }

  picked() {
    const { span, texts } = this.picker;
    this.picker = null;
    if (span) this.openFlag(trimmed(span, texts[span.field]));
  }

  openFlag(span, flag = null) {
    const { field, start, end, quote } = span;
    this.pending = [{ field, start, end, quote }];
    this.flagForm = new FlagForm(this, { field, start, end, quote }, flag);
    this.float.hidden = true;
    this.side.replaceChildren(this.flagForm.node);
    document.getSelection()?.removeAllRanges();
    this.refresh();
    this.flagForm.focus();
    return true;
  }

  flagDone() {
    this.flagForm = null;
    this.pending = [];
    this.side.replaceChildren(this.form.node);
    this.refresh();
    this.host.focus({ preventScroll: true });
  }

  offerFlag() {
    if (!this.data?.token || !this.float) return;
    const span = this.data.taxonomy.length && !this.flagForm && this.selection();
    shown(this.float, Boolean(span));
    if (!span) return;
    const box = document.getSelection().getRangeAt(0).getBoundingClientRect();
    const home = this.host.getBoundingClientRect();
    this.float.style.left = `${Math.min(box.right - home.left, home.width - 130)}px`;
    this.float.style.top = `${box.bottom - home.top + 6}px`;
  }

  // Decisions.
  decide(decision, reason = "") {
    if (this.waiting || this.flagForm) return;
    const needed = decision !== "skip" && this.data.questions.find((each) => each.required && this.lacks(each));
    if (needed) {
      this.current(this.rows.find((row) => row.name === needed.name));
      this.mark("bad", `“${needed.name}” wants an answer first`);
      return;
    }
    this.skips = false;
    this.saving.close();
    const { token, seen } = this.data;
    const draft = { ...this.draft, edit_reason: this.editor.edited ? this.draft.edit_reason : null };
    const said = { token, seen, decision, reason, draft, seconds: this.spent() };
    this.ask("decide", said);
  }

  lacks({ key }) {
    return this.draft.answers[key] === undefined;
  }

  undo() {
    if (!this.data.undo || this.waiting) return false;
    this.saving.flush();
    this.ask("undo", { token: this.data.token });
    return true;
  }

  ask(what, said) {
    this.waiting = { what, said: { ...said, request: secret() }, kept: this.data.kept };
    this.tell();
    requestAnimationFrame(() => this.data.token && drawBar(this)); // first the message, then its looks
  }

  tell() {
    clearTimeout(this.impatience);
    this.impatience = setTimeout(() => {
      this.mark("bad", "No answer from the server yet: kept here, and sent again");
      this.tell();
    }, PATIENCE);
    this.send(this.waiting.what, this.waiting.said);
  }

  // A drawing that does not answer comes from a server that never heard us: it was restarted.
  answered(data) {
    if (data.answered !== this.waiting.said.request) {
      this.tell();
      return;
    }
    clearTimeout(this.impatience);
    if (data.stored && this.waiting.what === "decide") keep.drop(this.waiting.kept);
    this.waiting = null;
    if (!data.stored && data.token) this.saving.open();
  }

  // The time that the pair was on the screen.
  spent() {
    if (this.since !== null) this.seconds += (performance.now() - this.since) / 1000;
    this.since = document.hidden ? null : performance.now();
    return Math.round(this.seconds * 10) / 10;
  }

  visibility() {
    this.spent();
    if (document.hidden) this.saving?.flush(true);
  }

  came() {
    if (this.data?.token && left.delete(this.data.token)) stay(this.data.project, this.data.token);
  }

  leave() {
    if (!this.data?.token) return;
    this.saving.flush(true);
    left.add(this.data.token);
    leave(this.data.project, this.data.token);
  }

  mark(tone, words) {
    if (!this.saved) return;
    this.saved.className = `d-saved ${tone}`;
    this.saved.textContent = words;
    this.saved.setAttribute("role", tone === "bad" ? "alert" : "status");
  }

  gone() {
    this.leave();
    clearTimeout(this.impatience);
    for (const [node, name, act] of this.listeners) node.removeEventListener(name, act, node === document);
    this.host.remove();
  }
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
