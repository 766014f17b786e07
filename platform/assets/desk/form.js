// The right side: scores with their anchors, a project's own questions, what is wrong, a note.

// One question with its options in a row. It is one stop of the Tab key; digits choose while it is the current one.
class Row {
  constructor(desk, { name, options, get, set, many = false, css = "", digits = true }) {
    Object.assign(this, { desk, name, options, get, set, many, digits });
    this.node = labelled(element("div", "d-row " + css), { role: many ? "group" : "radiogroup", "aria-label": name });
    this.head = element("span", "d-row-name", name);
    const line = element("div", "d-options");
    this.buttons = options.map((option, place) => this.button(option, place));
    line.append(...this.buttons);
    this.node.append(this.head, line);
    this.node.addEventListener("focusin", () => desk.current(this));
    this.node.addEventListener("keydown", (event) => this.sideways(event));
    this.refresh();
  }

  button({ value, label, hint }, place) {
    const made = element("button", "d-option", label);
    labelled(made, { type: "button", "aria-label": hint ? `${label}: ${hint}` : label });
    if (!this.many) made.setAttribute("role", "radio");
    if (this.digits && String(label) !== String(place + 1) && place < 9) made.dataset.digit = String(place + 1);
    made.addEventListener("click", () => this.choose(value, true));
    return made;
  }

  chosen(value) {
    const now = this.get();
    return this.many ? (now || []).includes(value) : now === value;
  }

  choose(value, click = false) {
    const now = this.get();
    if (this.many) {
      const without = (now || []).filter((each) => each !== value);
      const all = this.options.map((each) => each.value);
      this.set(this.chosen(value) ? without : all.filter((each) => each === value || without.includes(each)));
    } else this.set(click && now === value ? undefined : value);
    this.desk.touch();
    this.desk.current(this);
  }

  // A digit: the score of that number, else the option in that place. Says whether there is one.
  digit(number) {
    const scores = this.options.every((each) => Number.isInteger(each.value));
    const option = scores ? this.options.find((each) => each.value === number) : this.options[number - 1];
    if (!option) return false;
    this.choose(option.value);
    return true;
  }

  sideways(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.buttons.indexOf(document.activeElement);
    if (!step || at < 0) return;
    this.buttons[(at + step + this.buttons.length) % this.buttons.length].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  refresh() {
    const first = Math.max(0, this.options.findIndex((each) => this.chosen(each.value)));
    this.buttons.forEach((each, place) => {
      const on = this.chosen(this.options[place].value);
      each.classList.toggle("on", on);
      each.setAttribute(this.many ? "aria-pressed" : "aria-checked", String(on));
      each.tabIndex = place === first ? 0 : -1;
    });
    this.node.classList.toggle("answered", this.options.some((each) => this.chosen(each.value)));
  }
}

const plainly = (names) => names.map((name) => ({ value: name, label: name }));

// An entry of the draft under a key: undefined takes it out.
function entry(desk, group, key) {
  return {
    get: () => desk.draft[group][key],
    set: (value) => {
      if (value === undefined || (Array.isArray(value) && !value.length)) delete desk.draft[group][key];
      else desk.draft[group][key] = value;
    },
  };
}

function scoreRow(desk, { key, name, anchors }) {
  const options = anchors.map(([score, text]) => ({ value: score, label: String(score), hint: text }));
  return new Row(desk, { name, options, css: "d-score", ...entry(desk, "ratings", key) });
}

function questionRow(desk, { key, name, kind, options, required }) {
  if (kind === "text") return textQuestion(desk, key, name, required);
  const offered = kind === "yes_no" ? [{ value: true, label: "Yes" }, { value: false, label: "No" }] : plainly(options);
  const row = new Row(desk, { name, options: offered, many: kind === "multi", ...entry(desk, "answers", key) });
  if (required) row.head.append(element("i", "d-needed", " needed"));
  return row;
}

// A question that is answered in words stands among the rows, and Enter goes into its field.
function textQuestion(desk, key, name, required) {
  const field = grower(name, desk.draft.answers[key] || "", (text) => {
    if (text.trim()) desk.draft.answers[key] = text;
    else delete desk.draft.answers[key];
    desk.touch();
  });
  const node = element("label", "d-row d-words");
  const head = element("span", "d-row-name", name);
  if (required) head.append(element("i", "d-needed", " needed"));
  node.append(head, field);
  const row = { node, name, digit: () => false, refresh() {}, enter: () => field.focus(), buttons: [field] };
  field.addEventListener("focus", () => desk.current(row));
  return row;
}

// A field that is as high as what is written in it.
function grower(name, text, typed, css = "") {
  const field = labelled(element("textarea", "d-grow " + css), { "aria-label": name, rows: "1", dir: "auto" });
  field.value = text;
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = field.scrollHeight + "px";
  };
  field.addEventListener("input", () => {
    fit();
    typed(field.value);
  });
  field.fit = fit;
  return field;
}

// All five anchors of one dimension; the panels lie on each other, so that nothing moves when another is shown.
function anchorPanel(desk, dimension, row) {
  const panel = element("div", "d-anchors");
  panel.append(element("p", "", dimension.question));
  for (const [score, text] of dimension.anchors) {
    const line = labelled(element("button", "d-anchor"), { type: "button", tabindex: "-1", "aria-hidden": "true" });
    line.append(element("b", "", String(score)), element("span", "", text));
    line.addEventListener("click", () => row.choose(score, true));
    panel.append(line);
  }
  panel.refresh = () => {
    const chosen = desk.draft.ratings[dimension.key];
    panel.querySelectorAll(".d-anchor").forEach((each, place) => {
      each.classList.toggle("on", dimension.anchors[place][0] === chosen);
    });
  };
  return panel;
}

class Form {
  constructor(desk) {
    this.desk = desk;
    const { data } = desk;
    this.node = element("div", "d-form");
    this.rows = [];
    this.panels = new Map();
    if (data.rubric.length) this.node.append(this.rubric(data.rubric));
    for (const question of data.questions) this.node.append(this.row(questionRow(desk, question)).node);
    if (data.categories.length) {
      const set = (value) => (desk.draft.categories = value);
      const options = { name: "What is wrong, if anything", options: plainly(data.categories), many: true };
      this.node.append(this.row(new Row(desk, { ...options, css: "d-wrong", get: () => desk.draft.categories, set })).node);
    }
    this.flags = element("div", "d-flags");
    this.node.append(this.flags, this.noteField());
  }

  row(row) {
    this.rows.push(row);
    return row;
  }

  rubric(dimensions) {
    const card = element("div", "d-rubric");
    const stack = element("div", "d-stack");
    for (const dimension of dimensions) {
      const row = this.row(scoreRow(this.desk, dimension));
      const panel = anchorPanel(this.desk, dimension, row);
      row.head.title = dimension.question;
      row.node.addEventListener("pointerenter", () => this.show(row));
      row.node.addEventListener("click", () => this.desk.current(row));
      this.panels.set(row, panel);
      card.append(row.node);
      stack.append(panel);
    }
    card.addEventListener("pointerleave", () => this.show(this.desk.row));
    card.append(stack);
    return card;
  }

  noteField() {
    const typed = (text) => {
      this.desk.draft.note = text;
      this.desk.touch();
    };
    this.note = labelled(grower("Note", this.desk.draft.note, typed), { placeholder: "For the lead, if needed" });
    const label = element("label", "d-row d-words");
    const head = element("span", "d-row-name", "Note ");
    head.append(labelled(element("kbd", "", "N"), { "aria-hidden": "true" }));
    label.append(head, this.note);
    return label;
  }

  // The anchors of this row; of the one before, when it has none.
  show(row) {
    if (!this.panels.has(row)) return;
    for (const [each, panel] of this.panels) panel.classList.toggle("on", each === row);
  }

  refresh() {
    this.rows.forEach((row) => row.refresh());
    this.panels.forEach((panel) => panel.refresh());
  }
}
