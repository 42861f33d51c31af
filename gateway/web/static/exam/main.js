// The paper: one item at a time, every answer saved at once, whatever happens to the network.
import { Clock, Countdown, timeOfDay } from "./clock.js";
import { Journal } from "./journal.js";
import { Paper } from "./paper.js";
import { above, newest } from "./reconcile.js";
import { Sender } from "./sender.js";

const POLL = 30_000;
const form = document.getElementById("paper");
const words = form.dataset;
const says = document.getElementById("exam-says");
const trouble = document.getElementById("exam-alert");
const { account, application } = document.body.dataset;

const journal = new Journal(account, application);
const clock = new Clock(words.now, words.closes);
const server = new Map();
for (const one of form.querySelectorAll(".exam-item")) {
  const { item, rev, choice } = one.dataset;
  server.set(item, { rev: Number(rev), choice: choice ? choice.split(",") : [] });
}

const say = (text) => {
  says.textContent = "";
  setTimeout(() => (says.textContent = text), 50); // a changed text is read, a repeated one is not
};
const warn = (text, link = null, passing = false) => {
  trouble.replaceChildren(...[text, link].filter(Boolean));
  trouble.hidden = !text;
  trouble.dataset.passing = passing; // goes away once everything is saved
};

const sender = new Sender(words.api, journal, server, clock, {
  changed: draw,
  longer: () => countdown.longer(),
  ended: () => location.reload(),
  refused: (item, detail) => warn(words.refused + detail, linkTo(location.pathname, words.reload)),
  expired: () =>
    warn(words.expired, linkTo(`/login?next=${encodeURIComponent(location.pathname)}`, words.login)),
});
const paper = new Paper(form, words, { choose, flag, mine, theirs });
const countdown = new Countdown(clock, form.querySelector("[role=timer]"), {
  words,
  say,
  over: timeIsUp,
  jumped: () => sender.check(),
});
let wasOffline = false;

function linkTo(href, text) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = text;
  return link;
}

function choose(item, n, choice) {
  const held = server.get(item);
  journal.add({ kind: "choice", item, n, rev: above(journal.of(item), held), base: held.rev, choice });
  draw();
  sender.kick();
}

function flag(item, n, on) {
  journal.add({ kind: "flag", item, n, on });
  draw();
}

function mine(item, n) {
  choose(item, n, newest(journal.of(item)).choice);
}

function theirs(item) {
  journal.add({ kind: "yield", item, rev: newest(journal.of(item)).rev });
  draw();
}

function draw() {
  paper.draw(server, journal, (item) => sender.stands(item));
  paper.counted();
  const waiting = sender.unsent().length;
  const offline = sender.offline && !sender.stopped;
  if ((offline || sender.stopped) && waiting) paper.state("unsent", words.unsent.replace("{n}", waiting));
  else if (waiting) paper.state("saving", words.saving);
  else if (sender.savedAt) paper.state("saved", words.saved.replace("{time}", timeOfDay(sender.savedAt)));
  else paper.state("saved", words.nothing);
  if (offline && !wasOffline && waiting) say(words.unsent.replace("{n}", waiting));
  if (wasOffline && !sender.offline && !waiting) say(words.again);
  wasOffline = sender.offline;
  if (!waiting && !sender.offline && trouble.dataset.passing === "true") warn("");
  if (!journal.durable && trouble.hidden) warn(words.private);
}

async function timeIsUp() {
  paper.lock(true);
  for (let n = 0; clock.left() === 0 && !sender.stopped; n += 1) {
    await Promise.race([sender.check(), pause(3000)]);
    if (clock.left() > 0) break; // it was extended
    if (sender.offline) warn(words.late);
    await pause(1000);
  }
  if (!sender.stopped) {
    warn("");
    paper.lock(false);
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// everything that was answered is with the server, or it is said why not
async function settled() {
  await Promise.race([sender.check(), pause(4000)]);
  const left = sender.unsent().length;
  if (left || sender.offline) {
    warn(words.waiting.replace("{n}", left), null, true);
    return false;
  }
  const disputed = sender.disputed();
  if (disputed.length) warn(words.two.replace("{items}", disputed.map((item) => paper.place(item) + 1).join("、")));
  if (disputed.length) paper.go(paper.place(disputed[0]));
  return !disputed.length;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.value !== "hand_in") return;
  warn("");
  if (await settled()) location.assign(`${location.pathname}/hand-in`);
});
document.querySelector("form[data-logout]")?.addEventListener(
  "submit",
  (event) => {
    const left = journal.undelivered().length;
    if (!left) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    warn(words.leaving.replace("{n}", left), null, true);
  },
  true,
);
addEventListener("online", () => sender.check());
addEventListener("pageshow", () => sender.check());
document.addEventListener("visibilitychange", () => document.hidden || sender.check());
addEventListener("storage", () => {
  journal.read(); // another tab of this device
  sender.check();
});
addEventListener("beforeunload", (event) => {
  if (!journal.durable && sender.unsent().length) event.preventDefault();
});
setInterval(() => sender.check(), POLL); // an extension, or another device, is noticed by who reads and thinks, too
document.body.classList.add("scripted");
draw();
sender.kick();
