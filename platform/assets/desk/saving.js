// Drafts are saved as one types; what the server has not answered for stays in this browser.

const WAIT = 600; // milliseconds after the last key
const LARGEST = 60_000; // bytes that a browser sends for a page that is going away
const STORE = "hone-desk-";
const KEPT_DAYS = 30;

const keep = {
  read(name) {
    try {
      return JSON.parse(localStorage.getItem(STORE + name));
    } catch {
      return null;
    }
  },
  write(name, kept) {
    try {
      localStorage.setItem(STORE + name, JSON.stringify({ ...kept, at: Date.now() }));
      return true;
    } catch {
      return false; // full, or forbidden: the server is still asked
    }
  },
  drop(name) {
    try {
      localStorage.removeItem(STORE + name);
    } catch {
      // nothing was kept either
    }
  },
  tidy() {
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith(STORE))) {
      const kept = keep.read(name.slice(STORE.length));
      if (!kept || Date.now() - kept.at > KEPT_DAYS * 86_400_000) localStorage.removeItem(name);
    }
  },
};

// The same text for the same draft, however its entries are ordered.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined && each !== "");
  return `{${entries.map(([name, each]) => `${name}:${canonical(each)}`).sort()}}`;
}

function ask(project, path, method, body, leaving = false) {
  const text = JSON.stringify(body);
  return fetch(`/api/v1/projects/${encodeURIComponent(project)}/desk/${path}`, {
    method,
    body: text,
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    keepalive: leaving && text.length < LARGEST,
  });
}

// The draft of one lease, on its way to the server.
class Saving {
  constructor(data, says) {
    Object.assign(this, { project: data.project, token: data.token, kept: data.kept, says });
    this.base = canonical(data.draft); // what the server is known to have
    this.version = this.acknowledged = 0;
    this.sending = false;
    this.closed = false;
    this.pause = 0;
  }

  // What this browser holds and the server never answered for; null when the server has something newer.
  found() {
    const kept = keep.read(this.kept);
    if (!kept) return null;
    if (kept.token === this.token || [kept.base, kept.tried, canonical(null)].includes(this.base)) return kept.draft;
    keep.drop(this.kept);
    return null;
  }

  changed(draft) {
    this.draft = structuredClone(draft);
    this.version += 1;
    this.local = keep.write(this.kept, { draft: this.draft, token: this.token, base: this.base, tried: this.tried });
    this.says("busy", "Saving…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), WAIT);
  }

  get dirty() {
    return this.version > this.acknowledged && !this.closed;
  }

  async flush(leaving = false) {
    clearTimeout(this.timer);
    if (!this.dirty || (this.sending && !leaving)) return;
    this.sending = true;
    const [sent, body] = [this.version, this.draft];
    this.tried = canonical(body);
    try {
      const answer = await ask(this.project, "draft", "PUT", { token: this.token, ...body }, leaving);
      if (this.closed) return;
      if (answer.ok) this.arrived(sent, body);
      else await this.refused(answer);
    } catch {
      this.retry(`Not saved: no connection${this.local ? ", kept in this browser" : ""}`);
    } finally {
      this.sending = false;
    }
    if (this.acknowledged === sent && this.dirty) this.flush();
  }

  arrived(sent, body) {
    this.acknowledged = Math.max(this.acknowledged, sent);
    this.base = canonical(body);
    this.pause = 0;
    if (this.dirty) return;
    keep.drop(this.kept);
    this.says("good", "Saved");
  }

  async refused(answer) {
    if (answer.status >= 500) {
      this.retry("Not saved: the server has trouble. Kept in this browser");
      return;
    }
    const told = await answer.json().catch(() => ({}));
    const why = answer.status === 401 ? "you are signed out" : told.detail || `error ${answer.status}`;
    this.says("bad", `Not saved: ${typeof why === "string" ? why : "not allowed"}`);
  }

  retry(words) {
    if (this.closed) return;
    this.says("bad", words);
    this.pause = Math.min(15_000, this.pause * 2 || 2_000);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), this.pause);
  }

  // The decision carries all of it: nothing is left to save. The copy goes when the decision is stored.
  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  open() {
    this.closed = false;
    this.flush();
  }
}

// A pair that is left is free for others after some seconds; a reload, or another tab, takes it up again.
const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("hone-desk");

function leave(project, token) {
  ask(project, "leave", "POST", { token, soon: true }, true).catch(() => {});
  tabs?.postMessage({ left: token });
}

function stay(project, token) {
  ask(project, "keep", "POST", { token }).catch(() => {});
}
