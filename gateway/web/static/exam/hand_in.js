// The page before handing in: the time goes on, and nothing is handed in that has not arrived.
import { Clock, Countdown } from "./clock.js";
import { Journal } from "./journal.js";

const form = document.getElementById("hand-in");
const words = form.dataset;
const { account, application } = document.body.dataset;
const journal = new Journal(account, application);
const says = document.getElementById("exam-says");

new Countdown(new Clock(words.now, words.closes), form.querySelector("[role=timer]"), {
  words,
  say: (text) => (says.textContent = text),
  over: () => setTimeout(() => location.assign(location.pathname.replace(/\/hand-in$/, "")), 1000),
});

const flagged = [...new Map(journal.entries.filter((one) => one.kind === "flag").map((one) => [one.item, one])).values()];
const shown = flagged.filter((one) => one.on).sort((a, b) => a.n - b.n);
const box = document.getElementById("exam-flagged");
const list = box.querySelector("ul");
for (const one of shown) {
  const link = document.createElement("a");
  link.href = `${list.dataset.address}#item-${one.n}`;
  link.textContent = list.dataset.said.replace("{n}", one.n);
  const line = document.createElement("li");
  line.append(link);
  list.append(line);
}
box.hidden = !shown.length;

const left = journal.undelivered().length;
if (left) {
  const alert = document.getElementById("exam-alert");
  alert.textContent = words.unsent.replace("{n}", left);
  alert.hidden = false;
  const button = form.querySelector("[type=submit]");
  button.setAttribute("aria-disabled", "true");
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      alert.scrollIntoView({ block: "center" });
    },
    true,
  );
}
