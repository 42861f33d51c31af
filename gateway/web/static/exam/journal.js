// What was answered on this device, entry by entry; entries are only added. localStorage writes at once, so that an
// answer is on the device before its request leaves. Item and option numbers only: no text, no name.
import { newest } from "./reconcile.js";

const PREFIX = "fudao/exam/";
const MONTH = 30 * 24 * 3600 * 1000;
let last = 0;

function store() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

export class Journal {
  constructor(account, application, box = store()) {
    this.prefix = `${PREFIX}${account}/${application}/`;
    this.box = box;
    this.durable = box !== null;
    this.entries = [];
    this.read();
  }

  // again, since another tab of this device may have written; what could not be written stays in memory
  read() {
    if (!this.box) return;
    const found = new Map(this.entries.map((one) => [one.id, one]));
    for (const key of keysOf(this.box, this.prefix)) {
      const one = parsed(this.box.getItem(key));
      if (one) found.set(one.id, one);
    }
    this.entries = [...found.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  add(entry) {
    last = Math.max(last + 1, Date.now());
    const id = `${String(last).padStart(15, "0")}-${Math.random().toString(36).slice(2, 8)}`;
    const whole = { ...entry, id, at: last };
    this.entries.push(whole);
    try {
      this.box?.setItem(this.prefix + id, JSON.stringify(whole));
    } catch {
      this.durable = false; // full, or forbidden: it stays in memory, and the page says so
    }
    return whole;
  }

  of(item) {
    return this.entries.filter((one) => one.item === item);
  }

  flagged(item) {
    return this.of(item).filter((one) => one.kind === "flag").pop()?.on ?? false;
  }

  // numbers of the items whose last choice here was neither confirmed nor given up
  undelivered() {
    const items = new Set(this.entries.map((one) => one.item));
    const numbers = [];
    for (const item of items) {
      const mine = this.of(item);
      const choice = newest(mine);
      if (!choice) continue;
      const settled = mine.some((one) => (one.kind === "ack" || one.kind === "yield") && one.rev >= choice.rev);
      if (!settled) numbers.push(choice.n);
    }
    return numbers.sort((a, b) => a - b);
  }

  choices() {
    return this.entries.filter((one) => one.kind === "choice").length;
  }

  forget() {
    if (this.box) for (const key of keysOf(this.box, this.prefix)) this.box.removeItem(key);
    this.entries = [];
  }
}

function keysOf(box, prefix) {
  return Array.from({ length: box.length }, (_, n) => box.key(n)).filter((key) => key?.startsWith(prefix));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not ours, or cut off: the other entries are whole
  }
}

// On logging out: the next person at this machine must not find what was answered. What has not reached the server
// stays; nothing else can tell of it.
export function forgetDelivered(box = store()) {
  if (!box) return;
  try {
    const owners = new Set(keysOf(box, PREFIX).map((key) => key.split("/").slice(2, 4).join("/")));
    for (const owner of owners) {
      const journal = new Journal(...owner.split("/"), box);
      const old = journal.entries.every((one) => Date.now() - one.at > MONTH);
      if (old || !journal.undelivered().length) journal.forget();
    }
  } catch {
    // a browser that keeps nothing
  }
}
