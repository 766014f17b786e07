// How the desk is laid out: what is asked and the response on the left, the form on the right, the decision below.

function layOut(desk) {
  const { data, host } = desk;
  const main = element("div", "d-main");
  desk.guideNode = guideOf(data);
  desk.questions = ["instruction", "context"].filter((name) => data.texts[name]).map((name) => {
    const box = element("section", "h-field");
    const body = textBody(name, name === "context" ? "h-quote h-quiet" : "");
    body.source = data.texts[name];
    box.append(element("div", "h-eyebrow", name === "context" ? "Context" : "Instruction"), body);
    return { box, body, name };
  });
  desk.editor = new Editor(desk);
  desk.form = new Form(desk);
  main.append(desk.guideNode, findingChips(desk), ...desk.questions.map((each) => each.box), desk.editor.node);
  desk.side = labelled(element("aside", "d-side"), { "aria-label": "What you think of it" });
  desk.side.append(desk.form.node);
  desk.marking = new Marking(desk);
  const columns = element("div", "d-columns");
  columns.append(main, desk.side);
  desk.bar = labelled(element("div", "d-bar"), { role: "group", "aria-label": "Decision" });
  desk.saved = element("span", "d-saved");
  host.replaceChildren(columns, desk.bar, desk.marking.float);
  desk.questions.forEach(clip);
  desk.editor.field?.fit();
  desk.form.note.fit();
}

// A long text scrolls in a window of its own, so that the response stays in sight; a button opens it whole.
function clip({ box, body, name }) {
  body.textContent = body.source;
  body.classList.add("d-clip");
  if (body.scrollHeight <= body.clientHeight + 24) {
    body.classList.remove("d-clip");
    return;
  }
  labelled(body, { tabindex: "0", role: "region", "aria-label": name === "context" ? "Context" : "Instruction" });
  const more = button("Show all", "quiet d-more", () => {
    const whole = body.classList.toggle("d-clip");
    more.firstChild.textContent = whole ? "Show all" : "Show less";
  });
  box.append(more);
}

function drawQuestion(desk) {
  for (const { body, name } of desk.questions) {
    const marks = desk.marking.in(name);
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
    const group = element("span", "d-found");
    group.append(chip);
    row.append(group);
    if (found.fix === null || found.field !== "response" || !found.quote || !desk.editor.field) continue;
    const mend = button("Mend", "quiet", () => {
      const here = followed(found, desk.text);
      if (!here) return;
      const letters = [...points(desk.text)];
      letters.splice(here.start, here.end - here.start, found.fix);
      desk.editor.write(letters.join(""));
      desk.touch();
      mend.remove();
    });
    mend.title = found.fix ? `Write “${found.fix}” in its place` : "Take it out";
    mend.setAttribute("aria-label", `Mend: ${found.name}`);
    group.append(mend);
  }
  return shown(row, desk.data.findings.length > 0);
}

function drawBar(desk) {
  if (!desk.open) return;
  const { bar, data, deciding } = desk;
  const looks = [data.undo, desk.marking.picker, deciding.skips, deciding.waiting, desk.editor.changed].map(Boolean).join();
  bar.setAttribute("aria-busy", String(Boolean(deciding.waiting)));
  if (bar.looks === looks) return;
  const focused = bar.contains(document.activeElement);
  bar.looks = looks;
  const space = element("span", "d-space");
  const undo = shown(button("Undo last", "quiet", () => deciding.undo(), "U"), data.undo);
  const parts = [undo, desk.saved, space];
  if (desk.marking.picker) parts.push(element("span", "d-hint", PICKING));
  else if (deciding.skips) parts.push(element("span", "d-hint", "Why skip it?"), ...skipButtons(desk));
  else parts.push(...decisions(desk));
  bar.replaceChildren(...parts);
  bar.querySelectorAll("button").forEach((each) => (each.disabled = Boolean(deciding.waiting)));
  if (focused) (bar.querySelector(".d-hint + button:enabled") ?? desk.host).focus();
}

function decisions({ host, deciding, editor }) {
  const help = button("Keys", "quiet", () => showKeys(host), "?");
  const good = editor.changed ? "Approve with changes" : "Approve";
  return [
    help,
    button("Skip", "", () => deciding.skipping(true), "S"),
    button("Reject", "bad", () => deciding.decide("reject"), "R"),
    button(good, "good", () => deciding.decide("approve"), "A"),
  ];
}

function skipButtons({ data, deciding }) {
  const reasons = data.skips.map((reason, place) =>
    button(reason, "", () => deciding.skip(place + 1), String(place + 1)),
  );
  return [...reasons, button("Cancel", "quiet", () => deciding.skipping(false), "Esc")];
}
