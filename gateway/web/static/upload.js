// Uploads with progress: straight to the object store, three at a time, tried again, resumed; the plain form works without.
(() => {
  "use strict";
  const PARALLEL = 3, PAUSES = [1000, 2000, 4000, 8000], POLL = 4000;
  const KINDS = { pdf: "application/pdf", jpg: "image/jpeg", jpeg: "image/jpeg", jfif: "image/jpeg", png: "image/png", heic: "image/heic", heif: "image/heic" };
  const queue = [], active = new Set();
  let running = 0, saving = Promise.resolve();

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const size = (n) => n >= 1048576 ? `${(n / 1048576).toFixed(1).replace(/\.0$/, "")} MB` : n >= 1024 ? `${(n / 1024).toFixed(1).replace(/\.0$/, "")} KB` : `${n} B`;
  const suffix = (name) => name.includes(".") ? name.split(".").pop().toLowerCase() : "";

  class Stop extends Error {            // nothing that waiting would mend; `message` is for people
    constructor(message, problem) { super(message); this.problem = problem || {}; }
  }
  class Later extends Error {}          // the network, or a server that is starting

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  };

  async function api(words, method, path, body) {
    let answer;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method, credentials: "same-origin", headers: body === undefined ? {} : { "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) { throw new Later(words.again); }
    if (answer.status === 401) throw new Stop(words.login, { code: "unauthenticated" });
    if (answer.status >= 500) throw new Later(words.again);
    const said = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Stop((said && said.detail) || words.failed, said || {});
    return said;
  }

  // the store's answer: "sent", "again" (a form that expired or a broken line), or a Stop
  function send(job, place) {
    return new Promise((done, fail) => {
      const data = new FormData(), request = new XMLHttpRequest();
      for (const [name, value] of Object.entries(place.fields)) data.append(name, value);
      data.append("file", job.file);
      job.request = request;
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) job.progress(event.loaded / event.total);
      });
      request.addEventListener("load", () => request.status < 300 ? done() : fail(new Later(job.words.again)));
      request.addEventListener("error", () => fail(new Later(job.words.again)));
      request.addEventListener("timeout", () => fail(new Later(job.words.again)));
      request.addEventListener("abort", () => fail(new Stop("", { code: "cancelled" })));
      request.open("POST", place.url);
      request.send(data);
    });
  }

  class Job {
    constructor(form, file) {
      this.form = form; this.file = file; this.fileId = null; this.cancelled = false;
      this.words = JSON.parse(form.dataset.words);
      this.box = form.closest("[data-upload-box]");
      this.path = `/applications/${this.box.dataset.application}/files`;
      this.row = make("li", "file-item");
      this.picture = make("span", "file-thumb");
      const text = make("span", "file-text");
      this.note = make("span", "file-note", `${size(file.size)} · ${this.words.waiting}`);
      this.bar = make("progress");
      this.bar.max = 1; this.bar.value = 0;
      this.bar.setAttribute("aria-label", file.name);
      text.append(make("span", "file-name", file.name), this.note, this.bar);
      this.button = make("button", "btn btn-sm", this.words.cancel);
      this.button.type = "button";
      this.button.append(make("span", "visually-hidden", ` ${file.name}`));
      this.button.addEventListener("click", () => this.press());
      this.row.append(this.picture, text, this.button);
      this.box.querySelector("[data-upload-list]").append(this.row);
      if (file.type.startsWith("image/") && !KINDS[suffix(file.name)]?.includes("heic")) this.small(file);
    }
    small(file) {
      const reader = new FileReader();   // data: and not blob:, which the content policy does not know
      if (file.size > 6e6) return;
      reader.onload = () => this.thumb(reader.result);
      reader.readAsDataURL(file);
    }
    thumb(url) {
      const image = make("img", "file-thumb");
      image.alt = ""; image.src = url;
      this.picture.replaceWith(image); this.picture = image;
    }
    say(text, kind) {
      this.note.textContent = `${size(this.file.size)} · ${text}`;
      this.note.className = `file-note ${kind || ""}`;
      this.form.querySelector("[data-upload-said]").textContent = `${this.file.name}: ${text}`;
    }
    progress(part) {
      this.bar.value = part;
      this.note.textContent = `${size(this.file.size)} · ${this.words.sending} ${Math.round(part * 100)}%`;
    }
    label(text) { this.button.firstChild.textContent = text; }
    press() {
      if (this.view) return remove(this.box, this.row, this.view.id, this.words);
      if (this.failed) { this.failed = false; this.label(this.words.cancel); this.bar.hidden = false; return add(this); }
      return this.cancel();
    }
    cancel() {
      this.cancelled = true;
      if (this.request) this.request.abort();
      this.drop();
      const at = queue.indexOf(this);
      if (at >= 0) queue.splice(at, 1);
      active.delete(this);
      this.row.remove();
      focusPick(this.form);
    }
    drop() {
      if (this.fileId) api(this.words, "DELETE", `${this.path}/${this.fileId}`).catch(() => {});
    }
    unfit() {
      const kind = KINDS[suffix(this.file.name)];
      if (this.file.size === 0) return this.words.empty;
      if (kind && this.file.size > Number(this.form.dataset.max)) return `${this.words.tooLarge} ${size(Number(this.form.dataset.max))}`;
      return "";
    }
    async run() {
      const no = this.unfit();
      if (no) return this.fail(no, true);
      for (let turn = 0; !this.cancelled; turn++) {
        try {
          await this.once();
          return;
        } catch (error) {
          if (this.cancelled || error.problem?.code === "cancelled") return;
          if (!(error instanceof Later)) return this.fail(error.message || this.words.failed, error.problem?.code !== "unauthenticated" && error instanceof Stop);
          if (turn >= PAUSES.length) return this.fail(this.words.failed, false);
          this.say(error.message, "file-warn");
          await sleep(PAUSES[turn]);
        }
      }
    }
    async once() {
      if (!this.sent) {
        this.say(this.words.sending);
        const place = await this.place();
        if (this.cancelled) return this.drop();   // pressed while the place was asked for
        await send(this, place);
        this.sent = true;
      }
      this.say(this.words.checking);
      let view;
      try {
        view = await api(this.words, "POST", `${this.path}/${this.fileId}/complete`);
      } catch (error) {
        if (error.problem?.code === "not_uploaded") { this.sent = false; throw new Later(this.words.again); }
        throw error;
      }
      while (view.state === "pending" && !this.cancelled) {
        this.say(view.reason || this.words.scan, "file-warn");
        await sleep(POLL);
        view = await api(this.words, "GET", `${this.path}/${this.fileId}`);
      }
      if (this.cancelled) return;
      if (view.state === "refused") throw new Stop(view.reason || this.words.failed);
      await this.finish(view);
    }
    async place() {
      if (this.fileId) return api(this.words, "POST", `${this.path}/${this.fileId}/upload`);
      const place = await api(this.words, "POST", this.path, {
        purpose: this.box.dataset.purpose, name: this.file.name.slice(-1000), media_type: this.file.type, bytes: this.file.size,
      });
      this.fileId = place.file_id;
      return place;
    }
    async finish(view) {
      if (this.box.dataset.attach) await attach(this.box, this.words, (ids) => [...ids.filter((id) => id !== view.id), view.id]);
      this.view = view;
      this.bar.remove();
      this.row.dataset.fileId = view.id;
      if (view.thumb) this.thumb(view.thumb);
      const notes = [this.box.dataset.attach ? this.words.attached : this.words.done, ...view.notes];
      if (view.duplicate_of) notes.push(view.duplicate_name && view.duplicate_name !== view.name ? `${this.words.same}（${view.duplicate_name}）` : this.words.same);
      this.say(notes.join(" · "), view.duplicate_of ? "file-warn" : "file-good");
      active.delete(this);            // whoever listens may leave the page at once
      this.label(this.words.remove);
      this.row.dispatchEvent(new CustomEvent("fudao:uploaded", { bubbles: true, detail: view }));
    }
    fail(text, forGood) {
      this.failed = !forGood;
      this.bar.hidden = true;
      this.row.setAttribute("data-upload-failed", "");
      this.say(text, "file-bad");
      if (forGood) { this.button.replaceWith(this.away()); } else { this.label(this.words.retry); }
    }
    away() {
      const button = make("button", "btn btn-sm", "×");
      button.type = "button";
      button.setAttribute("aria-label", `${this.words.cancel} ${this.file.name}`);
      button.addEventListener("click", () => { this.row.remove(); focusPick(this.form); });
      return button;
    }
  }

  function focusPick(form) { form?.querySelector("input[type=file]")?.focus(); }

  // What the draft says of this place, changed and saved; one save at a time, for versions follow each other.
  function attach(box, words, change) {
    const next = saving.then(() => save(box, words, change));
    saving = next.catch(() => {});
    return next;
  }
  async function save(box, words, change) {
    const path = `/applications/${box.dataset.application}/form`, place = box.dataset.attach, body = document.body;
    let ids = listed(box), version = body.dataset.draftVersion, mine = Boolean(version);
    if (!version) version = (await api(words, "GET", path)).version;
    for (let turn = 0; turn < 6; turn++) {
      const kept = change(ids);
      const value = !place.startsWith("fields.") ? kept : box.dataset.most ? (kept.length ? kept : null) : (kept.pop() ?? null);
      try {
        const saved = await api(words, "PATCH", path, { version: Number(version), changes: { [place]: value } });
        if (mine) body.dataset.draftVersion = String(saved.version);
        return;
      } catch (error) {
        if (error.problem?.code !== "stale_version") throw error;
        await sleep(200);
        const conflict = error.problem.details?.conflicts?.[0];
        if (Array.isArray(conflict?.current)) ids = conflict.current;
        else if (box.dataset.most && typeof conflict?.current === "string") ids = conflict.current.split(",").filter(Boolean);
        if (body.dataset.draftVersion && body.dataset.draftVersion !== String(version)) { version = body.dataset.draftVersion; mine = true; }
        else { version = error.problem.details.version; mine = false; }  // changed elsewhere: the form itself is to notice
      }
    }
    throw new Stop(words.stale);
  }
  function listed(box) {
    return [...box.querySelectorAll("[data-upload-list] [data-file-id]")].map((row) => row.dataset.fileId);
  }

  async function remove(box, row, id, words) {
    if (!window.confirm(words.sure)) return;
    const form = box.querySelector("form[data-upload]");
    try {
      if (box.dataset.attach) await attach(box, words, (ids) => ids.filter((one) => one !== id));
      await api(words, "DELETE", `/applications/${box.dataset.application}/files/${id}`).catch((error) => {
        if (!(box.dataset.attach && error.problem?.code === "file_attached")) throw error;
      });
    } catch (error) {
      form.querySelector("[data-upload-said]").textContent = error.message;
      const note = row.querySelector(".file-note");
      note.textContent = error.message; note.className = "file-note file-bad";
      return;
    }
    box.dispatchEvent(new CustomEvent("fudao:removed", { bubbles: true, detail: { id } }));
    row.remove();
    form.querySelector("[data-upload-said]").textContent = words.gone;
    focusPick(form);
  }

  function add(job) { queue.push(job); active.add(job); pump(); }
  function pump() {
    while (running < PARALLEL && queue.length) {
      running++;
      const job = queue.shift();
      job.run().finally(() => { running--; active.delete(job); pump(); });
    }
  }
  function take(form, files) { for (const file of files) add(new Job(form, file)); }

  function enhance(root) {
    for (const form of root.querySelectorAll("form[data-upload]:not([data-live])")) {
      form.dataset.live = "";
      const input = form.querySelector("input[type=file]"), pick = form.querySelector(".file-pick");
      const box = form.closest("[data-upload-box]");
      if (box.dataset.purpose !== "photo") input.multiple = true;
      input.required = false;
      form.querySelector("[data-upload-plain]").hidden = true;
      input.addEventListener("change", () => { take(form, [...input.files]); input.value = ""; });
      form.addEventListener("submit", (event) => event.preventDefault());
      for (const name of ["dragenter", "dragover"]) pick.addEventListener(name, (event) => { event.preventDefault(); pick.classList.add("over"); });
      for (const name of ["dragleave", "drop"]) pick.addEventListener(name, (event) => { event.preventDefault(); pick.classList.remove("over"); });
      pick.addEventListener("drop", (event) => take(form, [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)));
    }
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-upload-remove]");
    if (!link) return;
    const box = link.closest("[data-upload-box]"), form = box.querySelector("form[data-upload]"), row = link.closest("[data-file-id]");
    if (!form || !row) return;
    event.preventDefault();
    remove(box, row, row.dataset.fileId, JSON.parse(form.dataset.words));
  });
  // leaving while something is on its way would lose it
  window.addEventListener("beforeunload", (event) => { if (active.size) event.preventDefault(); });
  document.addEventListener("htmx:load", (event) => enhance(event.target.parentNode || document));
  enhance(document);
})();
