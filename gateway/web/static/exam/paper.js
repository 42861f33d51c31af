// What the candidate sees and touches: the items, the map of them, and the bar. Knows nothing of the network.
import { same } from "./reconcile.js";

export class Paper {
  constructor(form, words, on) {
    Object.assign(this, { form, words, on });
    this.items = [...form.querySelectorAll(".exam-item")];
    this.links = [...form.querySelectorAll(".exam-map a")];
    this.answered = 0;
    this.here = 0;
    form.addEventListener("change", (event) => this.changed(event));
    form.addEventListener("click", (event) => this.clicked(event));
    form.addEventListener("keydown", (event) => this.typed(event));
    addEventListener("hashchange", () => this.show(this.wanted(), true));
    this.show(this.wanted(), location.hash !== "");
  }

  wanted() {
    const found = this.items.findIndex((one) => `#${one.id}` === location.hash);
    return found < 0 ? this.here : found;
  }

  show(place, focus) {
    this.here = place;
    this.items.forEach((one, n) => (one.hidden = n !== place));
    this.links.forEach((one, n) => (n === place ? one.setAttribute("aria-current", "true") : one.removeAttribute("aria-current")));
    if (!focus) return;
    this.items[place].focus({ preventScroll: true });
    this.form.scrollIntoView({ block: "start" });
  }

  go(place) {
    if (place < 0 || place >= this.items.length) return;
    history.replaceState(null, "", `#${this.items[place].id}`);
    this.show(place, true);
  }

  changed(event) {
    const item = event.target.closest(".exam-item");
    if (!item || !event.target.matches("[type=radio], [type=checkbox]")) return;
    this.on.choose(item.dataset.item, this.number(item), this.ticked(item));
  }

  ticked(item) {
    return [...item.querySelectorAll("input:checked")].map((one) => one.value).sort();
  }

  place(id) {
    return this.items.findIndex((one) => one.dataset.item === id);
  }

  number(item) {
    return this.items.indexOf(item) + 1;
  }

  clicked(event) {
    const link = event.target.closest(".exam-map a");
    if (link) {
      event.preventDefault();
      return this.go(Number(link.dataset.n) - 1);
    }
    const what = event.target.closest("[data-do]")?.dataset.do;
    const item = event.target.closest(".exam-item");
    if (!what || !item) return;
    const [id, n] = [item.dataset.item, this.number(item)];
    if (what === "before") this.go(this.here - 1);
    else if (what === "next") this.go(this.here + 1);
    else if (what === "flag") this.on.flag(id, n, event.target.closest("button").getAttribute("aria-pressed") !== "true");
    else if (what === "clear" && this.ticked(item).length) this.on.choose(id, n, []);
    else if (what === "mine") this.on.mine(id, n);
    else if (what === "theirs") this.on.theirs(id);
  }

  // only while the options have the focus: a single key elsewhere belongs to the browser and to screen readers
  typed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
    const options = event.target.closest(".exam-options");
    const option = options?.querySelectorAll("input")[Number(event.key) - 1];
    if (!option || option.disabled) return;
    event.preventDefault();
    option.focus();
    option.click();
  }

  draw(server, journal, stands) {
    this.answered = 0;
    this.items.forEach((one, n) => {
      const id = one.dataset.item;
      const now = stands(id);
      const flagged = journal.flagged(id);
      if (!same(this.ticked(one), now.choice)) {
        for (const input of one.querySelectorAll(".exam-options input")) input.checked = now.choice.includes(input.value);
      }
      if (now.choice.length) this.answered += 1;
      this.mark(one, this.links[n], n + 1, now, flagged);
      this.other(one, now);
    });
  }

  mark(item, link, n, now, flagged) {
    const { saidAnswered, saidOpen, saidFlagged, saidUnsent, saidTwo, saidItem, flag, flagged: taken } = this.words;
    const unsent = now.state !== "saved";
    link.className = [now.choice.length && "answered", flagged && "flagged", unsent && "unsent"].filter(Boolean).join(" ");
    const why = now.state === "other" ? saidTwo : saidUnsent;
    const said = [now.choice.length ? saidAnswered : saidOpen, flagged && saidFlagged, unsent && why];
    link.setAttribute("aria-label", [saidItem.replace("{n}", n), ...said.filter(Boolean)].join("，"));
    const button = item.querySelector("[data-do=flag]");
    button.setAttribute("aria-pressed", String(flagged));
    button.textContent = flagged ? taken : flag;
    item.querySelector("[data-do=clear]").disabled = !now.choice.length;
  }

  other(item, now) {
    const note = item.querySelector(".exam-other");
    note.hidden = now.state !== "other";
    if (note.hidden) return;
    const inputs = [...item.querySelectorAll(".exam-options input")];
    const letters = inputs.filter((one) => now.own.includes(one.value)).map((one) => one.parentElement.querySelector(".exam-letter").textContent);
    note.querySelector("strong").textContent = letters.join("、") || this.words.none;
  }

  counted() {
    const text = this.words.progress.replace("{n}", this.answered).replace("{total}", this.items.length);
    this.form.querySelector(".exam-count").textContent = text;
  }

  state(name, text) {
    const line = this.form.querySelector(".exam-state");
    line.dataset.now = name;
    if (line.textContent !== text) line.textContent = text;
  }

  lock(on) {
    for (const one of this.form.querySelectorAll("input, button")) one.disabled = on;
  }
}
