// Flags: which words, of what kind, how grave, about whom, and what would mend it.

const GRAVITY = [[1, "slight"], [2, "clear"], [3, "grave"]];

function radios(name, options, chosen, changed) {
  const group = labelled(element("div", "d-radios"), { role: "radiogroup", "aria-label": name });
  for (const [value, label, hint] of options) {
    const input = labelled(element("input"), { type: "radio", name: "d-" + name, value: String(value) });
    input.checked = value === chosen;
    input.addEventListener("change", () => changed(value));
    const box = element("label", "d-radio");
    if (hint) box.title = hint;
    box.append(input, element("span", "", label));
    group.append(box);
  }
  return group;
}

function field(label, value, hint, list) {
  const box = element("label", "d-field");
  const input = labelled(element("input"), { type: "text", placeholder: hint, maxlength: "5000" });
  if (list) input.setAttribute("list", list);
  input.value = value || "";
  box.append(element("span", "", label), input);
  box.input = input;
  return box;
}

class FlagForm {
  constructor(desk, span, flag = null) {
    const kinds = desk.data.taxonomy;
    Object.assign(this, { desk, span, replaces: flag });
    this.category = kinds.find((each) => each.key === (flag?.category ?? desk.lastKind)) || kinds[0];
    this.severity = flag?.severity ?? 2;
    this.node = labelled(element("form", "d-flagging"), { "aria-label": "Flag these words" });
    const quote = element("blockquote", "", span.quote.length > 160 ? span.quote.slice(0, 159) + "…" : span.quote);
    const names = kinds.map((each) => [each.key, each.name, each.definition]);
    const kind = radios("Kind", names, this.category.key, (key) => this.chose(key));
    this.about = element("p", "d-about");
    const gravity = radios("How grave", GRAVITY.map(([n, word]) => [n, `${n} ${word}`]), this.severity, (n) => {
      this.severity = n;
    });
    gravity.classList.add("d-gravity");
    this.groups = element("datalist");
    this.groups.id = "d-groups";
    this.groups.append(...desk.data.groups.map((each) => labelled(element("option"), { value: each })));
    this.group = field("Group it is about", flag?.protected_group, "women, migrants, older people …", "d-groups");
    this.mitigation = field("What would mend it", flag?.mitigation, "if you know");
    this.comment = field("Comment", flag?.comment, "if needed");
    this.swap = button("Swap the group", "quiet d-swap", () => swapped(desk, this));
    const add = button(flag ? "Change flag" : "Add flag", "primary", () => {}, "↵");
    add.type = "submit";
    const foot = element("div", "d-foot");
    foot.append(element("span", "d-space"), button("Cancel", "quiet", () => desk.marking.done(), "Esc"), add);
    this.node.append(element("div", "h-eyebrow", "Flag these words"), quote, kind, this.about, gravity, this.groups);
    this.node.append(this.group, this.swap, this.mitigation, this.comment, foot);
    this.node.addEventListener("submit", (event) => this.add(event));
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.chose(this.category.key);
  }

  chose(key) {
    this.category = this.desk.data.taxonomy.find((each) => each.key === key);
    this.about.replaceChildren(this.category.definition);
    for (const example of this.category.examples.slice(0, 2)) this.about.append(element("em", "", example));
    shown(this.group, this.category.protected);
    this.group.input.required = this.category.protected;
    shown(this.swap, this.category.protected);
  }

  // Outside of its text fields 1 to 3 say how grave it is; arrows choose the kind, Enter adds, Escape leaves.
  key(event) {
    if (event.key === "Escape") this.desk.marking.done();
    else if (event.key === "Enter" && event.target.type === "radio") this.node.requestSubmit();
    else if (!typing(event.target) && ["1", "2", "3"].includes(event.key)) {
      this.node.querySelectorAll(".d-gravity input")[Number(event.key) - 1].click();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  focus() {
    this.node.querySelector("input:checked").focus({ preventScroll: true });
  }

  add(event) {
    event.preventDefault();
    const { desk, span } = this;
    desk.lastKind = this.category.key;
    const flag = {
      category: this.category.key,
      severity: this.severity,
      ...span,
      protected_group: this.category.protected ? this.group.input.value.trim() : null,
      comment: this.comment.input.value.trim(),
      mitigation: this.mitigation.input.value.trim(),
    };
    const { flags } = desk.draft;
    desk.draft.flags = this.replaces ? flags.map((each) => (each === this.replaces ? flag : each)) : [...flags, flag];
    desk.marking.done();
    desk.touch();
  }
}

// The flags so far: each can be opened again, or removed.
function drawFlags(desk, node) {
  const head = element("div", "d-flags-head");
  const can = desk.data.taxonomy.length > 0;
  head.append(element("span", "d-row-name", "Flags"), shown(button("Flag words", "quiet", () => desk.marking.begin(), "F"), can));
  const names = new Map(desk.data.taxonomy.map((each) => [each.key, each.name]));
  const lines = desk.draft.flags.map((flag) => {
    const line = element("div", "d-flag");
    const open = labelled(element("button", "d-flag-open"), { type: "button", title: "Change this flag" });
    const name = names.get(flag.category) || flag.category;
    open.append(element("span", "h-chip unsure", `${name} · ${flag.severity}`), element("span", "d-quote", flag.quote));
    open.addEventListener("click", () => desk.marking.describe(flag, flag));
    const away = button("Remove", "quiet", () => {
      desk.draft.flags = desk.draft.flags.filter((each) => each !== flag);
      desk.touch();
    });
    away.setAttribute("aria-label", `Remove the flag ${name}`);
    line.append(open, away);
    return line;
  });
  node.replaceChildren(head, ...lines);
  shown(node, can || lines.length > 0);
}

// The pair beside itself with the words for one group exchanged for another's: should the answer have changed?
async function swapped(desk, form) {
  const texts = { instruction: desk.data.texts.instruction, context: desk.data.texts.context, response: desk.text };
  const body = element("div", "d-swaps");
  const window = sheet(desk.host, "With the group swapped", body);
  body.append(element("p", "d-quiet", "One moment …"));
  let found = [];
  try {
    const answer = await ask(desk.data.project, "swaps", "POST", texts);
    found = answer.ok ? await answer.json() : [];
  } catch {
    body.replaceChildren(element("p", "", "There is no connection. Try again in a moment."));
    return;
  }
  if (!found.length) {
    body.replaceChildren(element("p", "", "No words for a group of people were found that could be swapped."));
    return;
  }
  const show = (swap) => body.replaceChildren(...swapView(found, swap, texts, show, (says) => answered(says, swap)));
  const answered = (says, swap) => {
    const now = form.comment.input.value.trim();
    const said = `With “${swap.other}” for “${swap.term}” the answer ${says}.`;
    form.comment.input.value = now ? `${now} ${said}` : said;
    window.close();
    form.comment.input.focus();
  };
  show(found[0]);
}

function swapView(found, swap, texts, show, answered) {
  const choice = element("div", "d-swap-choice");
  for (const each of found) {
    const made = button(`${each.term} → ${each.other}`, each === swap ? "on" : "", () => show(each));
    made.setAttribute("aria-pressed", String(each === swap));
    choice.append(made);
  }
  const sides = element("div", "h-sides");
  for (const [title, other] of [["As it stands", false], ["Swapped", true]]) {
    const side = element("div", "h-side");
    side.append(element("div", "h-eyebrow", title));
    Object.keys(texts).forEach((name, place) => {
      if (!texts[name]) return;
      const body = element("div", "h-text h-wide " + (name === "response" ? "" : "h-quiet h-clip"));
      const marks = other ? swap.spans[place].map(([start, end]) => ({ start, end, kind: "swap" })) : [];
      drawText(body, [["same", (other ? swap : texts)[name]]], marks);
      side.append(body);
    });
    sides.append(side);
  }
  const foot = element("div", "d-foot");
  foot.append(element("span", "d-space", "Should the answer have changed?"));
  foot.append(button("Yes", "", () => answered("should have changed")));
  foot.append(button("No", "", () => answered("should be the same")));
  return [choice, sides, foot];
}
