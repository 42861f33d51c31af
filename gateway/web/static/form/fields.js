// The fields of the page: what each holds, what it held when it was last saved, and what is wrong with it.
export class Fields {
  constructor(form) {
    this.form = form;
    this.base = JSON.parse(form.elements.base?.value || "{}");
  }

  get version() {
    return document.body.dataset.draftVersion;
  }

  set version(value) {
    document.body.dataset.draftVersion = value;
  }

  at(path) {
    return this.form.querySelector(`[data-path="${CSS.escape(path)}"]`);
  }

  pathOf(element) {
    if (!element.name || element.name.startsWith("choose.")) return null;
    return element.closest("[data-path]")?.dataset.path ?? null;
  }

  // what a browser would send of this field: [name, value] pairs
  entries(path) {
    const found = [];
    for (const one of this.at(path).querySelectorAll("input, select, textarea")) {
      if (!one.name || one.name === "asked" || one.name.startsWith("choose.")) continue;
      if ((one.type === "radio" || one.type === "checkbox") && !one.checked) continue;
      found.push([one.name, one.value]);
    }
    return found;
  }

  fill(path, entries) {
    const element = this.at(path);
    const rows = entries.filter(([name]) => name.endsWith(".name")).length;
    for (let n = element.querySelectorAll("[data-row]").length; n < rows; n += 1) this.addRow(element);
    for (const one of element.querySelectorAll("input, select, textarea")) {
      const given = entries.filter(([name]) => name === one.name).map(([, value]) => value);
      if (one.type === "radio" || one.type === "checkbox") one.checked = given.includes(one.value);
      else if (given.length && one.type !== "hidden") one.value = given[0];
    }
  }

  // a value as the service keeps it, into the control; false for kinds that take more than one input
  set(path, value) {
    const element = this.at(path);
    if (element.dataset.kind === "organisers") return false;
    const text = value === null || value === undefined ? "" : String(value);
    for (const one of element.querySelectorAll("input, select, textarea")) {
      if (one.name !== path) continue;
      if (one.type === "radio") one.checked = one.value === text;
      else if (one.type === "checkbox") one.checked = value === true;
      else if (one.type !== "hidden" && one !== document.activeElement) one.value = text;
    }
    return true;
  }

  wrong(path, message) {
    const element = this.at(path);
    const line = element?.querySelector(".wrong");
    if (!line) return;
    line.textContent = message;
    line.hidden = !message;
    element.classList.toggle("has-error", Boolean(message));
    for (const one of element.querySelectorAll(".form-control, .form-select, fieldset.options")) {
      one.toggleAttribute("aria-invalid", Boolean(message));
      if (message) one.setAttribute("aria-invalid", "true");
    }
    this.showSummary(false);
  }

  // the list on top, each line leading to its field
  showSummary(focus = true) {
    const box = document.querySelector("[data-summary]");
    if (!box) return;
    const lines = [...this.form.querySelectorAll(".has-error")].map((element) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const control = element.querySelector("[id]:not(.wrong, .help, .flagged)");
      link.href = `#${control.id}`;
      link.textContent = `${element.querySelector(".label")?.firstChild?.textContent?.trim() ?? ""}：${element.querySelector(".wrong").textContent}`;
      link.addEventListener("click", () => control.focus());
      item.append(link);
      return item;
    });
    box.querySelector("ul").replaceChildren(...lines);
    if (!lines.length) box.hidden = true;
    if (!focus || !lines.length) return;
    box.hidden = false;
    box.focus();
  }

  // for the form's own way to the server: what is saved already is no change
  carry() {
    this.form.elements.version.value = this.version;
    this.form.elements.base.value = JSON.stringify(this.base);
  }

  addRow(element) {
    const rows = element.querySelectorAll("[data-row]");
    const last = rows[rows.length - 1];
    if (!last || rows.length >= 10) return null;
    const next = last.cloneNode(true);
    const from = rows.length - 1;
    for (const one of next.querySelectorAll("[id], [name], [for]")) {
      for (const name of ["id", "name", "for"]) {
        const was = one.getAttribute(name);
        if (was) one.setAttribute(name, was.replace(`.${from}.`, `.${rows.length}.`).replace(`-${from}-`, `-${rows.length}-`));
      }
      if (one.matches("input[type=checkbox]")) one.checked = false;
      else if (one.matches("input, select")) one.value = "";
      if (one.matches("label")) one.firstChild.textContent = one.firstChild.textContent.replace(String(rows.length), String(rows.length + 1));
    }
    last.after(next);
    return next;
  }

  moreRows() {
    for (const button of this.form.querySelectorAll("[data-more]")) {
      button.hidden = false;
      // the empty line is for those without scripts
      const rows = [...button.closest("[data-path]").querySelectorAll("[data-row]")];
      if (rows.length > 1 && !rows[rows.length - 1].querySelector("input").value) rows[rows.length - 1].remove();
      button.addEventListener("click", () => this.addRow(button.closest("[data-path]"))?.querySelector("input").focus());
    }
  }
}
