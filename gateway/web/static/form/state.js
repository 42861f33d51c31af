// The line that says how saving stands; its words come with the page, in the reader's language.
export class State {
  constructor(element) {
    this.element = element;
    this.words = element?.dataset ?? {};
  }

  say(name, more = "") {
    if (!this.element) return;
    this.element.hidden = false;
    this.element.dataset.now = name;
    this.element.textContent = this.words[name] + more;
  }

  saved() {
    const now = new Date();
    this.say("saved", ` ${now.getHours()}:${String(now.getMinutes()).padStart(2, "0")}`);
  }

  expired() {
    this.say("expired", " ");
    const link = document.createElement("a");
    link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = this.words.login;
    this.element?.append(link);
  }

  elsewhere(banner, page) {
    if (!banner) return;
    const link = document.createElement("a");
    link.href = page;
    link.textContent = this.words.look ?? page;
    banner.hidden = false;
    banner.replaceChildren(`${this.words.elsewhere ?? ""} `, link);
  }
}
