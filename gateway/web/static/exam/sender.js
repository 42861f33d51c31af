// Sends what is not saved yet. After anything went wrong it first asks the server what it holds, and only then sends.
import { newest, same, standing } from "./reconcile.js";

const PATIENCE = 8000; // milliseconds until a silent connection counts as cut
const WAITS = [500, 1000, 2000, 4000, 8000];
const AT_ONCE = 4;
const GONE = new Set(["sitting_closed", "already_finished", "not_started", "no_exam"]);

export class Sender {
  // `server`: Map of item → {rev, choice}. `told`: {changed, ended, expired, refused, longer}
  constructor(api, journal, server, clock, told) {
    Object.assign(this, { api, journal, server, clock, told });
    this.unsure = true; // until the server has been asked once
    this.stopped = false;
    this.refused = new Map();
    this.tries = 0;
    this.running = null;
    this.savedAt = null;
  }

  stands(item) {
    return standing(this.journal.of(item), this.server.get(item) ?? { rev: 0, choice: [] });
  }

  unsent() {
    return [...this.server.keys()].filter((item) => this.stands(item).state === "unsent" && !this.blocked(item));
  }

  // two devices said different things, and nobody has decided yet
  disputed() {
    return [...this.server.keys()].filter((item) => this.stands(item).state === "other");
  }

  // refused for good under this revision: sending the same again would not help
  blocked(item) {
    return this.refused.get(item) === this.stands(item).rev;
  }

  get offline() {
    return this.tries > 0;
  }

  kick() {
    if (this.stopped) return Promise.resolve();
    this.wake?.();
    this.running ??= this.run().finally(() => (this.running = null));
    return this.running;
  }

  // asks the server at once, whatever is known
  check() {
    this.unsure = true;
    return this.kick();
  }

  async run() {
    while (!this.stopped && (this.unsure || this.unsent().length)) {
      const good = this.unsure ? await this.ask() : await this.send();
      if (this.stopped) break;
      if (good) {
        this.tries = 0;
      } else {
        this.unsure = true;
        this.tries += 1;
      }
      this.told.changed();
      if (!good) await this.pause();
    }
    this.told.changed();
  }

  pause() {
    const wait = WAITS[Math.min(this.tries, WAITS.length) - 1] * (0.75 + Math.random() / 2);
    return new Promise((done) => {
      const timer = setTimeout(done, wait);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    }).finally(() => (this.wake = null));
  }

  async ask() {
    const answer = await this.fetch(this.api, { method: "GET" });
    if (!answer) return false;
    if (!answer.ok) return this.wrong(answer, null);
    const { said } = answer;
    this.correct(said, answer);
    if (said.status !== "started") return this.end();
    const held = new Map(said.answers.map((one) => [one.item_id, one]));
    for (const item of this.server.keys()) {
      const one = held.get(item);
      this.server.set(item, one ? { rev: one.rev, choice: one.choice } : { rev: 0, choice: [] });
      this.confirm(item);
    }
    this.unsure = false;
    return true;
  }

  async send() {
    const results = await Promise.all(this.unsent().slice(0, AT_ONCE).map((item) => this.put(item)));
    return results.every(Boolean);
  }

  async put(item) {
    const { rev, choice } = this.stands(item);
    const body = JSON.stringify({ rev, choice });
    const answer = await this.fetch(`${this.api}/answers/${encodeURIComponent(item)}`, { method: "PUT", body });
    if (!answer) return false;
    if (!answer.ok) return this.wrong(answer, item, rev);
    const { said } = answer;
    this.correct(said, answer);
    this.server.set(item, { rev: said.rev, choice: said.choice });
    this.confirm(item);
    return true;
  }

  // notes in the journal that the server holds this device's answer
  confirm(item) {
    const { rev, choice } = this.server.get(item);
    const mine = this.journal.of(item);
    const last = newest(mine);
    const held =
      (last && last.rev <= rev && same(last.choice, choice)) ||
      mine.some((one) => one.kind === "choice" && one.rev === rev && same(one.choice, choice));
    const noted = mine.some((one) => one.kind === "ack" && one.rev >= rev);
    if (!held || noted) return;
    this.journal.add({ kind: "ack", item, rev });
    this.savedAt = this.clock.now();
  }

  async fetch(url, options) {
    const sent = performance.now();
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      const answer = await fetch(url, {
        ...options,
        headers: { accept: "application/json", "content-type": "application/json" },
        signal: patience.signal,
        cache: "no-store",
        credentials: "same-origin",
      });
      if (answer.status >= 500 || answer.status === 429) return null;
      const said = await answer.json();
      return { ok: answer.ok, status: answer.status, said, sent, received: performance.now() };
    } catch {
      return null; // no network, no answer in time, or half of one
    } finally {
      clearTimeout(timer);
    }
  }

  correct(said, { sent, received }) {
    if (this.clock.correct(said.now, said.closes_at, sent, received)) this.told.longer();
  }

  wrong({ status, said }, item, rev) {
    if (status === 401) {
      this.stopped = true;
      this.told.expired();
    } else if (GONE.has(said.code)) {
      this.end();
    } else if (item === null) {
      return false;
    } else {
      this.refused.set(item, rev);
      this.told.refused(item, said.detail ?? "");
    }
    return true;
  }

  end() {
    this.stopped = true;
    this.told.ended();
    return true;
  }
}
