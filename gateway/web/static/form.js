// Autosave: each field as soon as it was typed, on the draft's version; nothing typed is lost without a network, after
// the session has ended, or when another tab has saved the same field.
import { Fields } from "./form/fields.js";
import { Queue } from "./form/queue.js";
import { State } from "./form/state.js";
import * as store from "./form/store.js";

const form = document.querySelector("form[data-autosave]");
const state = new State(document.querySelector("[data-state]"));
const side = document.getElementById("explanation");

async function explain() {
  if (!side?.dataset.explanation) return;
  const open = side.querySelector("details")?.open;
  const answer = await fetch(side.dataset.explanation, { headers: { "x-part": "1" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const counts = parsed.getElementById("counts");
  if (counts) document.getElementById("counts")?.replaceWith(counts);
  side.replaceChildren(...parsed.body.childNodes);
  const details = side.querySelector("details");
  if (details) details.open = open ?? details.open;
}

let soon;
function explainSoon() {
  clearTimeout(soon);
  soon = setTimeout(explain, 400);
}

if (form) {
  const fields = new Fields(form);
  const queue = new Queue(fields, state, explainSoon);
  const timers = new Map();
  const save = (path) => {
    clearTimeout(timers.get(path));
    timers.delete(path);
    queue.add(path);
  };
  form.addEventListener("input", (event) => {
    const path = fields.pathOf(event.target);
    if (!path) return;
    queue.keep(path);
    clearTimeout(timers.get(path));
    timers.set(path, setTimeout(save, 900, path));
  });
  for (const kind of ["change", "focusout"]) {
    form.addEventListener(kind, (event) => {
      const path = fields.pathOf(event.target);
      if (path && (timers.has(path) || kind === "change")) save(path);
    });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    for (const path of [...timers.keys()]) save(path);
    if (!(await queue.settled())) return fields.showSummary();
    fields.carry();
    const next = event.submitter?.name ? event.submitter : null;
    if (next) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: next.name, value: next.value }));
    form.submit();
  });
  addEventListener("online", () => queue.resume());
  addEventListener("pagehide", () => {
    for (const path of [...timers.keys()]) queue.keep(path);
  });
  fields.moreRows();
  queue.restore();
}

// files say by themselves that they came or went
for (const name of ["fudao:uploaded", "fudao:removed"]) document.addEventListener(name, explainSoon);

const elsewhere = store.pages().filter((page) => !form || page !== location.pathname);
if (elsewhere.length) state.elsewhere(document.querySelector("[data-unsent]"), elsewhere[0]);
