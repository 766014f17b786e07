// Marking words: those that the mouse selected or that were chosen by key become a flag, in a form of its own.

class Marking {
  constructor(desk) {
    this.desk = desk;
    this.pending = []; // the words being flagged
    this.picker = null; // while words are chosen by key
    this.form = null; // while a flag is described
    this.float = shown(button("Flag", "d-float", () => this.begin(), "F"), false);
    this.float.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
  }

  text(name) {
    return name === "response" ? this.desk.text : this.desk.data.texts[name];
  }

  // The selected words; without any, words are chosen by key.
  begin() {
    const { desk } = this;
    if (!desk.data.taxonomy.length) return false;
    const span = this.selection();
    if (span) return this.describe(span);
    const names = ["instruction", "context", "response"];
    const texts = Object.fromEntries(names.map((name) => [name, this.text(name)]));
    const first = ["response", "instruction", "context"].find((name) => desk.bodyOf(name) && wordsOf(texts[name]).length);
    if (!first) return false;
    desk.editor.editing = false;
    return this.pick(new Picker(texts, first));
  }

  selection() {
    const span = selectedIn(this.desk.host);
    return span && trimmed(span, this.text(span.field));
  }

  pick(picker) {
    this.picker = picker;
    this.pending = picker?.span ? [picker.span] : [];
    this.desk.refresh();
    this.desk.host.querySelector("mark.pending")?.scrollIntoView({ block: "nearest" });
    return true;
  }

  picked() {
    const { span, texts } = this.picker;
    this.picker = null;
    if (span) this.describe(trimmed(span, texts[span.field]));
  }

  // The form for these words; `flag` is the one that it changes.
  describe(span, flag = null) {
    const { desk } = this;
    const { field, start, end, quote } = span;
    this.pending = [{ field, start, end, quote }];
    this.form = new FlagForm(desk, { field, start, end, quote }, flag);
    this.float.hidden = true;
    desk.side.replaceChildren(this.form.node);
    document.getSelection()?.removeAllRanges();
    desk.refresh();
    this.form.focus();
    return true;
  }

  done() {
    const { desk } = this;
    this.form = null;
    this.pending = [];
    desk.side.replaceChildren(desk.form.node);
    desk.refresh();
    desk.host.focus({ preventScroll: true });
  }

  // A button beside what the mouse has just selected.
  offer() {
    const { host, data } = this.desk;
    const span = data.taxonomy.length && !this.form && this.selection();
    shown(this.float, Boolean(span));
    if (!span) return;
    const box = document.getSelection().getRangeAt(0).getBoundingClientRect();
    const home = host.getBoundingClientRect();
    this.float.style.left = `${Math.min(box.right - home.left, home.width - 130)}px`;
    this.float.style.top = `${box.bottom - home.top + 6}px`;
  }

  // After an edit flags stand where their words do; words that were mended away keep the place they had.
  follow() {
    const { desk } = this;
    desk.draft.flags = desk.draft.flags.flatMap((flag) => {
      if (flag.field !== "response") return [flag];
      return followed(flag, desk.text) ?? followed(flag, desk.data.texts.response) ?? [];
    });
  }

  // What is marked in one of the texts, the words being flagged first.
  in(name) {
    const { data, draft } = this.desk;
    const names = new Map(data.taxonomy.map((each) => [each.key, each.name]));
    const found = data.findings.filter((each) => each.quote);
    const spans = [
      ...this.pending.map((span) => ({ ...span, kind: "pending" })),
      ...draft.flags.map((flag) => ({ ...flag, kind: "flag", says: names.get(flag.category) })),
      ...found.map((each) => ({ ...each, kind: `finding ${each.tone}`, says: each.says })),
    ];
    const here = spans.filter((each) => each.field === name);
    return here.map((each) => (each.quote ? followed(each, this.text(name)) : each)).filter(Boolean);
  }
}
