// The response: read with what was changed marked, or edited with the changes below the field. Labels are chosen.

const LONG = 20_000; // UTF-16 units

class Editor {
  constructor(desk) {
    this.desk = desk;
    this.original = desk.data.texts.response;
    this.editing = false;
    this.before = null; // the edit that the last reset took away
    this.node = labelled(element("section", "d-response"), { "aria-label": "The response" });
    this.rows = [];
    if (desk.data.labels.length) this.chooseLabel();
    else this.writeText();
  }

  get text() {
    return this.desk.draft.response ?? this.original;
  }

  get edited() {
    return this.text.trimEnd() !== this.original.trimEnd();
  }

  // Whether there was a text to change at all: one that was written from nothing has no changes to show.
  get changed() {
    return this.edited && this.original.trim() !== "";
  }

  chooseLabel() {
    const { desk } = this;
    const set = (value) => (desk.draft.response = value === this.original ? null : (value ?? null));
    const options = plainly(desk.data.labels);
    const row = new Row(desk, { name: "Label", options, css: "d-labels", get: () => this.text, set });
    this.rows = [row];
    this.was = element("p", "d-quiet");
    this.node.append(row.node, this.was);
  }

  writeText() {
    const { desk } = this;
    const head = element("div", "d-head");
    this.title = element("span", "h-eyebrow", "Response");
    this.made = element("span", "h-chip accent", "model-made");
    this.count = element("span", "d-count");
    this.resetButton = button("Original", "quiet", () => this.reset(), "O");
    this.editButton = button("Edit", "quiet", () => (this.editing ? this.done() : this.edit()), "E");
    head.append(this.title, this.made, this.count, element("span", "d-space"), this.resetButton, this.editButton);
    this.field = grower("Response", this.text, (text) => this.typed(text), "h-text d-editor");
    this.field.spellcheck = true;
    this.changes = element("div", "h-eyebrow d-changes", "Changes");
    this.body = textBody("response", "");
    this.body.addEventListener("dblclick", () => this.edit());
    this.empty = element("p", "d-quiet", "There is no response yet. Write one, or reject the pair.");
    const reason = (value) => (desk.draft.edit_reason = value ?? null);
    const options = { name: "Why you changed it", options: plainly(desk.data.reasons) };
    this.reasons = new Row(desk, { ...options, css: "d-reasons", get: () => desk.draft.edit_reason, set: reason });
    this.rows = desk.data.reasons.length ? [this.reasons] : [];
    this.node.append(head, this.field, this.changes, this.body, this.empty, this.offer(), this.reasons.node);
  }

  // A model's answer, when the project lets experts ask for it.
  offer() {
    const made = button("Show the model's answer", "", () => this.suggest(), "M");
    this.offered = made;
    return made;
  }

  get canSuggest() {
    const { suggestion } = this.desk.data;
    return Boolean(suggestion?.response) && !this.desk.draft.suggestion_id && !this.original.trim();
  }

  suggest() {
    if (!this.canSuggest) return;
    this.desk.draft.suggestion_id = this.desk.data.suggestion.id;
    if (!this.text.trim()) this.write(this.desk.data.suggestion.response);
    this.desk.touch();
  }

  write(text) {
    this.desk.draft.response = text === this.original ? null : text;
    if (this.field) {
      this.field.value = text;
      this.field.fit();
    }
    this.desk.marking.follow();
  }

  // The changes of a long text are drawn when the hands rest; it is saved all the same.
  typed(text) {
    this.desk.draft.response = text === this.original ? null : text;
    this.desk.marking.follow();
    if (text.length < LONG) {
      this.desk.touch();
      return;
    }
    this.desk.saving.changed(this.desk.draft);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.desk.editor === this && this.desk.refresh(), 150);
  }

  edit() {
    if (!this.field) {
      this.rows[0].buttons.find((each) => each.tabIndex === 0).focus();
      return;
    }
    const span = selectedIn(this.desk.host);
    this.editing = true;
    this.refresh();
    this.field.fit();
    this.field.focus();
    const at = span?.field === "response" ? this.place(span.start) : this.field.value.length;
    this.field.setSelectionRange(at, at);
  }

  // Code points into the units of the field.
  place(at) {
    return points(this.text).slice(0, at).join("").length;
  }

  done() {
    this.editing = false;
    this.field.blur();
    this.refresh();
  }

  // Back to the original; once more brings the edit back.
  reset() {
    if (!this.edited && this.before === null) return;
    const now = this.edited ? this.original : this.before;
    this.before = this.edited ? this.text : null;
    this.write(now);
    this.desk.touch();
  }

  refresh() {
    this.rows.forEach((row) => row.refresh());
    if (!this.field) {
      this.was.textContent = this.edited ? `It was: ${this.original || "no label"}` : "";
      return;
    }
    const pieces = this.changed ? wordDiff(this.original, this.text) : [["same", this.text]];
    const { added, removed } = changedWords(pieces);
    this.count.textContent = this.changed ? `+${added} −${removed} words` : "";
    shown(this.made, Boolean(this.desk.draft.suggestion_id));
    shown(this.resetButton, this.edited || this.before !== null);
    this.resetButton.firstChild.textContent = this.edited ? "Original" : "My version";
    this.editButton.firstChild.textContent = this.editing ? "Done" : this.text.trim() ? "Edit" : "Write one";
    this.editButton.lastChild.textContent = this.editing ? "Esc" : "E";
    shown(this.field, this.editing);
    shown(this.changes, this.editing && this.changed);
    shown(this.body, this.editing ? this.changed : this.text.trim() !== "" || this.changed);
    shown(this.empty, !this.editing && this.body.hidden);
    shown(this.offered, this.canSuggest);
    shown(this.reasons.node, this.changed && this.rows.length > 0);
    if (!this.body.hidden) drawText(this.body, pieces, this.desk.marking.in("response"));
  }
}

// Where marked words stand now: the nearest place of the same words; null when they are gone.
function followed(mark, text) {
  const letters = points(text);
  if (letters.slice(mark.start, mark.end).join("") === mark.quote) return mark;
  let best = null;
  for (let at = text.indexOf(mark.quote); at >= 0; at = text.indexOf(mark.quote, at + 1)) {
    const start = length(text.slice(0, at));
    if (best === null || Math.abs(start - mark.start) < Math.abs(best - mark.start)) best = start;
    else if (start > mark.start) break;
  }
  return best === null ? null : { ...mark, start: best, end: best + length(mark.quote) };
}
