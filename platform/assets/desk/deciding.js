// Decisions on their way to Python, with the token of the lease that they are about and a request key.
//
// What is sent is kept until a drawing answers it, and sent again when one does not: the same request is stored once.

const PATIENCE = 4_000; // milliseconds without an answer
const NOTICEABLE = 150; // milliseconds; an answer within them comes without a flicker of the buttons

class Deciding {
  constructor(desk) {
    this.desk = desk;
    this.waiting = null;
    this.skips = false;
  }

  begin() {
    this.skips = false;
    this.seconds = 0;
    this.since = document.hidden ? null : performance.now();
  }

  decide(decision, reason = "") {
    const { desk } = this;
    if (this.waiting) return;
    if (desk.marking.form) {
      desk.mark("bad", "Add the flag first, or cancel it");
      desk.marking.form.focus();
      return;
    }
    const needed = decision !== "skip" && desk.data.questions.find((each) => each.required && this.lacks(each));
    if (needed) {
      desk.current(desk.rows.find((row) => row.name === needed.name));
      desk.mark("bad", `“${needed.name}” wants an answer first`);
      return;
    }
    this.skips = false;
    desk.saving.close();
    const { token, seen } = desk.data;
    const draft = { ...desk.draft, edit_reason: desk.editor.changed ? desk.draft.edit_reason : null };
    this.ask("decide", { token, seen, decision, reason, draft, seconds: this.spent() });
  }

  lacks({ key }) {
    return this.desk.draft.answers[key] === undefined;
  }

  skipping(on) {
    this.skips = on;
    drawBar(this.desk);
  }

  skip(number) {
    const reason = this.desk.data.skips[number - 1];
    if (reason) this.decide("skip", reason);
    return true;
  }

  undo() {
    const { desk } = this;
    if (!desk.data.undo || this.waiting) return false;
    desk.saving.flush();
    this.ask("undo", { token: desk.data.token });
    return true;
  }

  ask(what, said) {
    this.waiting = { what, said: { ...said, request: secret() }, kept: this.desk.data.kept };
    this.tell();
    this.desk.bar.setAttribute("aria-busy", "true");
    setTimeout(() => drawBar(this.desk), NOTICEABLE);
  }

  tell() {
    clearTimeout(this.impatience);
    this.impatience = setTimeout(() => {
      this.desk.mark("bad", "No answer from the server yet: kept here, and sent again");
      this.tell();
    }, PATIENCE);
    this.desk.send(this.waiting.what, this.waiting.said);
  }

  // A drawing that does not answer comes from a server that never heard us: it was started anew.
  heard(data) {
    if (!this.waiting) return;
    const { what, said, kept } = this.waiting;
    if (data.answered !== said.request) {
      this.tell();
      return;
    }
    clearTimeout(this.impatience);
    this.waiting = null;
    if (what === "decide" && data.stored) keep.drop(kept);
    else if (data.token === said.token) this.desk.saving.open();
  }

  // The time that the pair was on the screen, in seconds.
  spent() {
    if (this.since !== null) this.seconds += (performance.now() - this.since) / 1000;
    this.since = document.hidden ? null : performance.now();
    return Math.round(this.seconds * 10) / 10;
  }

  gone() {
    clearTimeout(this.impatience);
  }
}
