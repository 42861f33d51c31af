// One request at a time; what was typed meanwhile waits and goes together. What fails stays on this device.
import { choose } from "./choose.js";
import * as store from "./store.js";

const AGAIN = 5000;

export class Queue {
  constructor(fields, state, onSaved) {
    Object.assign(this, { fields, state, onSaved, waiting: new Set(), stuck: new Set(), stopped: false });
    this.running = null;
  }

  keep(path) {
    store.keep(path, this.fields.entries(path), this.fields.base[path] ?? null);
  }

  add(path) {
    this.keep(path);
    this.stuck.delete(path);
    this.waiting.add(path);
    this.resume();
  }

  resume() {
    if (this.stopped || this.running || !this.waiting.size) return;
    this.running = this.send().finally(() => {
      this.running = null;
      if (this.waiting.size && !this.pause) this.resume();
    });
  }

  // true when everything typed is saved
  async settled() {
    this.pause = null;
    this.resume();
    while (this.running) await this.running;
    return !this.waiting.size && !this.stuck.size && !this.stopped;
  }

  async send() {
    const paths = [...this.waiting];
    this.waiting.clear();
    this.state.say("saving");
    const sent = new Map(paths.map((path) => [path, JSON.stringify(this.fields.entries(path))]));
    const body = new URLSearchParams({ version: this.fields.version, base: JSON.stringify(this.baseOf(paths)) });
    for (const path of paths) for (const [name, value] of this.fields.entries(path)) body.append(name, value);
    let answer = null;
    try {
      answer = await fetch(this.fields.form.action, { method: "POST", body, headers: { accept: "application/json" } });
    } catch {
      // no network
    }
    if (!answer || answer.status >= 500) return this.later(paths);
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401) return this.stop(paths, () => this.state.expired());
    if (!answer.ok) return this.stop(paths, () => this.state.say("failed", `：${said.detail ?? ""}`));
    this.take(paths, sent, said);
  }

  baseOf(paths) {
    return Object.fromEntries(paths.map((path) => [path, this.fields.base[path] ?? null]));
  }

  take(paths, sent, said) {
    this.fields.version = said.version;
    for (const path of paths) {
      if (path in said.errors) this.hold(path, said.errors[path]);
      else if (!said.conflicts.some((one) => one.path === path)) this.done(path, sent.get(path), said.values);
    }
    for (const one of said.conflicts) {
      this.stuck.add(one.path);
      choose(this, one);
    }
    if (said.conflicts.length) this.state.say("both");
    else if (this.stuck.size) this.state.say("wrong");
    else this.state.saved();
    this.onSaved();
  }

  hold(path, message) {
    this.stuck.add(path);
    this.fields.wrong(path, message);
  }

  done(path, sent, values) {
    this.stuck.delete(path);
    this.fields.wrong(path, "");
    if (!(path in values)) return store.forget(path); // nothing had changed
    this.fields.base[path] = values[path];
    if (JSON.stringify(this.fields.entries(path)) !== sent) return; // typed on meanwhile: that is saved next
    store.forget(path);
    if (["date", "interval", "number"].includes(this.fields.at(path).dataset.kind)) this.fields.set(path, values[path]);
  }

  // the value from elsewhere was taken: there is nothing left to save here
  drop(path) {
    this.stuck.delete(path);
    this.waiting.delete(path);
    store.forget(path);
  }

  later(paths) {
    for (const path of paths) this.waiting.add(path);
    this.state.say("offline");
    this.pause = setTimeout(() => {
      this.pause = null;
      this.resume();
    }, AGAIN);
  }

  stop(paths, say) {
    this.stopped = true;
    for (const path of paths) this.waiting.add(path);
    say();
  }

  // what this device kept from last time goes back into its place, and to the server
  restore() {
    let found = 0;
    for (const [path, one] of store.kept()) {
      if (!this.fields.at(path)) continue;
      if (JSON.stringify(one.entries) === JSON.stringify(this.fields.entries(path))) {
        store.forget(path);
        continue;
      }
      this.fields.fill(path, one.entries);
      this.fields.base[path] = one.base;
      this.waiting.add(path);
      found += 1;
    }
    if (!found) return;
    const banner = document.querySelector("[data-unsent]");
    banner.hidden = false;
    banner.textContent = this.state.words.found;
    this.fields.version = 0; // older than any: the server compares field by field
    this.resume();
  }
}
