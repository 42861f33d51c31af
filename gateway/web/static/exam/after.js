// After the exam: what this device recorded, to keep for a complaint; and whether all of it has arrived.
import { Journal } from "./journal.js";

const { account, application } = document.body.dataset;
const box = document.getElementById("exam-record");
if (box) {
  const journal = new Journal(account, application);
  const lost = journal.undelivered();
  const line = box.querySelector("p");
  box.hidden = !journal.entries.length;
  box.classList.toggle("lost", lost.length > 0);
  line.textContent = lost.length
    ? box.dataset.lost.replace("{n}", lost.length).replace("{items}", lost.join("、"))
    : box.dataset.whole.replace("{n}", journal.choices());
  box.querySelector("button").addEventListener("click", () => {
    const file = new Blob([JSON.stringify({ application, entries: journal.entries }, null, 1)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `exam-${application.slice(0, 8)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
