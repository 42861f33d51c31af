// A score sheet: running sum, autosave that says what happened, the keyboard, bigger pictures.
(() => {
  "use strict";
  const form = document.getElementById("sheet");
  const state = document.getElementById("save-state");
  const zh = document.documentElement.lang.startsWith("zh");
  const say = (cn, en) => { if (state) state.textContent = zh ? cn : en; };
  const viewer = document.getElementById("viewer");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at.matches("input, textarea, select")) {
      if (event.key === "Escape") at.blur();
      else if (event.key === "Enter" && form?.contains(at) && at.matches("input")) { event.preventDefault(); after(at); }
      return;
    }
    if (event.key === "z" && viewer) { viewer.classList.toggle("zoomed"); event.preventDefault(); return; }
    if (event.key === "n" && form) { event.preventDefault(); empty(); return; }
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button && !button.disabled && !(event.key === "Enter" && at.matches("a, button"))) {
      event.preventDefault();
      button.click();
    }
  });
  viewer?.addEventListener("click", (event) => {
    if (event.target.matches("img")) viewer.classList.toggle("zoomed");
  });
  if (!form) return;
  document.documentElement.classList.add("scripted");
  const inputs = [...form.querySelectorAll("input[type=number]")];
  const sum = document.getElementById("sum");

  function after(input) {
    const next = inputs[inputs.indexOf(input) + 1];
    (next || form.querySelector("button[value=hand_in]")).focus();
    next?.select();
  }

  function empty() {
    const next = inputs.find((one) => one.value === "") || inputs[0];
    next.focus();
    next.scrollIntoView({ block: "center" });
  }

  function wrong(marks) {
    for (const box of form.querySelectorAll(".mark-line")) {
      const text = marks[box.dataset.line] || "";
      box.classList.toggle("wrong", text !== "");
      box.querySelector(".mark-wrong").textContent = text;
      const input = box.querySelector("input");
      if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
  }

  function add() {  // in hundredths: no mark has more than two decimals; what is no mark does not count
    const total = inputs.reduce((all, one) => {
      const mark = Number(one.value || 0);
      return mark >= 0 && mark <= Number(one.max) ? all + Math.round(mark * 100) : all;
    }, 0);
    sum.textContent = String(total / 100);
  }

  let timer = 0, running = false, dirty = false, sent = false;
  async function save() {
    clearTimeout(timer);
    if (running) { dirty = true; return; }
    running = true;
    dirty = false;
    say("正在保存…", "Saving…");
    try {
      const answer = await fetch(form.action, {
        method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)),
        keepalive: true,
      });
      const body = await answer.json();
      if (answer.ok) {
        form.elements.version.value = body.version;
        wrong(body.wrong);
        if (Object.keys(body.wrong).length) say("有分数没有保存，请看提示。", "Some marks were not saved.");
        else say("已保存", "Saved");
      } else say(body.message || body.detail, body.message || body.detail);
    } catch { say("没有保存成功，请检查网络；分数还在页面上。", "Not saved; check the network. The marks are still on the page."); dirty = true; }
    running = false;
    if (dirty && navigator.onLine) timer = setTimeout(save, 3000);
  }
  form.addEventListener("input", () => { add(); clearTimeout(timer); dirty = true; say("未保存", "Not saved yet"); timer = setTimeout(save, 800); });
  form.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(save, 200); });
  // two writes at once would be taken for two windows: what is on its way comes first
  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    if (!running || sent) return;
    event.preventDefault();
    const button = event.submitter;
    while (running) await new Promise((done) => setTimeout(done, 50));
    clearTimeout(timer);
    sent = true;
    form.requestSubmit(button);
  });
  window.addEventListener("online", () => { if (dirty) save(); });
  window.addEventListener("beforeunload", (event) => { if (dirty && !sent && !running) event.preventDefault(); });
  form.addEventListener("submit", () => { dirty = false; });
  add();
  if (location.hash.startsWith("#m-")) document.getElementById(location.hash.slice(1))?.focus();
})();
