// What every page does with scripts: moves the focus to what went wrong, sends a form once, forgets on logging out.
import { forgetDelivered } from "./exam/journal.js";
import { forgetAll } from "./form/store.js";

const wrong = document.querySelector("[data-focus]");
if (wrong) wrong.focus();

// a link to a field is a wish to type there
const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (target && target.matches("input, select, textarea, fieldset, [tabindex]")) target.focus();

for (const link of document.querySelectorAll(".summary a[href^='#']")) {
  link.addEventListener("click", () => document.getElementById(link.hash.slice(1))?.focus());
}

// the server takes a second click as the same command; here it is not even sent
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    form.querySelector("[type=submit]").setAttribute("aria-disabled", "true");
  });
}
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// what was typed belongs to this person: the next one at this machine must not find it
document.querySelector("form[data-logout]")?.addEventListener("submit", () => {
  forgetAll();
  forgetDelivered();
});

// open beside the form where there is room, a line that opens where there is none
const wide = matchMedia("(min-width: 1000px)");
const unfold = () => {
  for (const one of document.querySelectorAll("details.explained")) one.open = wide.matches;
};
unfold();
wide.addEventListener("change", unfold);
if (target) target.querySelectorAll("details.explained").forEach((one) => (one.open = true));

// the number of a clause says on the spot what the clause says; without scripts it leads to the page's foot
document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("a.clause");
  if (!chip) return;
  event.preventDefault();
  const shown = chip.nextElementSibling;
  if (shown?.matches(".clause-said")) return shown.remove();
  const said = document.createElement("span");
  said.className = "clause-said";
  said.setAttribute("role", "status");
  said.textContent = chip.title;
  chip.after(said);
});
