// How the desk is laid out: what is asked and the response on the left, the form on the right, the decision below.

function layOut(desk) {
  const { data, host } = desk;
  const main = element("div", "d-main");
  desk.guideNode = guideOf(data);
  desk.questions = ["instruction", "context"].filter((name) => data.texts[name]).map((name) => {
    const box = element("section", "h-field");
    const body = textBody(name, name === "context" ? "h-quote h-quiet" : "");
    box.append(element("div", "h-eyebrow", name === "context" ? "Context" : "Instruction"), body);
    return { box, body, name };
  });
  desk.editor = new Editor(desk);
  desk.form = new Form(desk);
  main.append(desk.guideNode, findingChips(desk), ...desk.questions.map((each) => each.box), desk.editor.node);
  desk.side = element("aside", "d-side");
  desk.side.append(desk.form.node);
  desk.float = shown(button("Flag", "d-float", () => desk.flag(), "F"), false);
  desk.float.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
  const columns = element("div", "d-columns");
  columns.append(main, desk.side);
  desk.bar = labelled(element("div", "d-bar"), { role: "group", "aria-label": "Decision" });
  desk.saved = element("span", "d-saved");
  host.replaceChildren(columns, desk.bar, desk.float);
  desk.editor.field?.fit();
  desk.form.note.fit();
}

function drawQuestion(desk) {
  for (const { body, name } of desk.questions) {
    const marks = desk.marks(name);
    const looks = JSON.stringify(marks);
    if (body.looks === looks) continue;
    body.looks = looks;
    drawText(body, [["same", desk.data.texts[name]]], marks);
  }
}

// Guidelines as [kind, text] blocks, folded away.
function guideOf(data) {
  const box = element("details", "d-guide");
  const head = element("summary", "", "Guidelines ");
  head.append(labelled(element("kbd", "", "G"), { "aria-hidden": "true" }));
  const body = element("div", "h-prose");
  for (const [kind, text] of data.guide) body.append(element(kind === "h" ? "h3" : kind === "li" ? "li" : "p", kind, text));
  box.append(head, body);
  return shown(box, data.guide.length > 0);
}

// What the checks found, each with its place in the text and, where it is safe, a way to mend it.
function findingChips(desk) {
  const row = element("div", "h-chips d-findings");
  for (const found of desk.data.findings) {
    const chip = labelled(element("button", `h-chip ${found.tone}`, found.name), { type: "button", title: found.says });
    chip.addEventListener("click", () => {
      const marks = [...desk.host.querySelectorAll("mark.finding")];
      marks.find((each) => each.dataset.says.includes(found.says))?.focus();
    });
    row.append(chip);
    if (found.fix === null || found.field !== "response" || !found.quote || !desk.editor.field) continue;
    const mend = button("Mend", "quiet", () => {
      const here = followed(found, desk.text);
      if (!here) return;
      const letters = points(desk.text);
      letters.splice(here.start, here.end - here.start, found.fix);
      desk.editor.write(letters.join(""));
      desk.touch();
      mend.remove();
    });
    mend.title = found.fix ? `Write “${found.fix}” in its place` : "Take it out";
    mend.setAttribute("aria-label", `Mend: ${found.name}`);
    row.append(mend);
  }
  return shown(row, desk.data.findings.length > 0);
}

function drawBar(desk) {
  const { bar, data, waiting } = desk;
  const space = element("span", "d-space");
  const undo = shown(button("Undo last", "quiet", () => desk.undo(), "U"), data.undo);
  const parts = [undo, desk.saved, space];
  if (desk.picker) parts.push(element("span", "d-hint", PICKING));
  else if (desk.skips) parts.push(element("span", "d-hint", "Why skip it?"), ...skipButtons(desk));
  else parts.push(...decisions(desk));
  bar.replaceChildren(...parts);
  bar.querySelectorAll("button").forEach((each) => (each.disabled = Boolean(waiting)));
  bar.setAttribute("aria-busy", String(Boolean(waiting)));
}

function decisions(desk) {
  const help = button("Keys", "quiet", () => showKeys(desk.host), "?");
  const good = desk.editor.edited ? "Approve with changes" : "Approve";
  return [
    help,
    button("Skip", "", () => desk.skipping(true), "S"),
    button("Reject", "bad", () => desk.decide("reject"), "R"),
    button(good, "good", () => desk.decide("approve"), "A"),
  ];
}

function skipButtons(desk) {
  const reasons = desk.data.skips.map((reason, place) =>
    button(reason, "", () => desk.decide("skip", reason), String(place + 1)),
  );
  return [...reasons, button("Cancel", "quiet", () => desk.skipping(false), "Esc")];
}

function skipFor(desk, number) {
  const reason = desk.data.skips[number - 1];
  if (reason) desk.decide("skip", reason);
  return true;
}
