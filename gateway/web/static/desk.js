// The review desk by keyboard: accept, flag, next, zoom, undo; autosave; a longer lease while somebody works.
(() => {
  "use strict";
  const form = document.getElementById("desk");
  const answers = document.getElementById("answers");
  const state = document.getElementById("save-state");
  const zh = document.documentElement.lang.startsWith("zh");
  const say = (cn, en) => { if (state) state.textContent = zh ? cn : en; };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (form && keys(event)) { event.preventDefault(); return; }
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button && !button.disabled && !(event.key === "Enter" && event.target.matches("a, button"))) {
      event.preventDefault();
      button.click();
    }
  });

  autosave(answers);
  if (!form) return;
  document.documentElement.classList.add("scripted");
  const checks = [...form.querySelectorAll(".check")];
  const history = [];
  let here = -1;

  function go(place) {
    here = Math.max(0, Math.min(checks.length - 1, place));
    checks.forEach((one, n) => one.classList.toggle("here", n === here));
    checks[here].focus({ preventScroll: true });
    checks[here].scrollIntoView({ block: "nearest" });
  }

  function choose(box, value) {
    const option = box.querySelector(`input[type=radio][value="${value}"]`);
    if (!option) return false;
    const before = box.querySelector("input[type=radio]:checked");
    history.push([option.name, before ? before.value : null]);
    option.checked = true;
    option.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  function undo() {
    const last = history.pop();
    if (!last) return;
    const [name, value] = last;
    form.querySelectorAll(`input[name="${CSS.escape(name)}"]`).forEach((one) => { one.checked = one.value === value; });
    const box = form.querySelector(`input[name="${CSS.escape(name)}"]`).closest(".check");
    go(checks.indexOf(box));
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function keys(event) {
    const box = checks[here];
    switch (event.key) {
      case "n": case "j": case "ArrowDown": go(here + 1); return true;
      case "k": case "ArrowUp": go(here - 1); return true;
      case "a": if (box && (choose(box, "accept") || choose(box, "met"))) go(here + 1); return true;
      case "f": if (box && (choose(box, "flag") || choose(box, "unmet"))) box.querySelector(".flags textarea")?.focus(); return true;
      case "u": undo(); return true;
      case "z": document.getElementById("viewer")?.classList.toggle("zoomed"); return true;
      case "1": case "2": case "3": {
        const value = { 1: "passed", 2: "correction", 3: "not_qualified" }[event.key];
        const last = document.getElementById("outcome");
        choose(last, value);
        go(checks.indexOf(last));
        return true;
      }
      default: return false;
    }
  }

  function mark() {
    const left = { form: 0, content: 0 };
    for (const box of checks) {
      const value = box.querySelector("input[type=radio]:checked")?.value;
      box.classList.toggle("done", ["accept", "met", "accepted"].includes(value));
      box.classList.toggle("flagged", ["flag", "unmet", "accepted"].includes(value));
      if (!value && box.dataset.step) left[box.dataset.step] += 1;
    }
    form.querySelectorAll(".count").forEach((one) => {
      const n = left[one.dataset.step];
      one.textContent = n ? (zh ? `还有 ${n} 项` : `${n} left`) : (zh ? "已全部确认" : "all confirmed");
    });
  }

  form.addEventListener("change", mark);
  document.getElementById("viewer")?.addEventListener("click", (event) => {
    if (event.target.matches("img")) event.currentTarget.classList.toggle("zoomed");
  });
  mark();
  go(Math.max(0, checks.findIndex((one) => !one.querySelector("input:checked"))));
  autosave(form, (saved) => {
    const list = document.getElementById("obstacles");
    list.replaceChildren(...(saved.obstacles || []).slice(0, 8).map((one) => {
      const line = document.createElement("li");
      line.textContent = one.message;
      return line;
    }));
  });
  let active = true;
  ["keydown", "pointerdown"].forEach((name) => document.addEventListener(name, () => { active = true; }));
  setInterval(() => {
    if (!active) return;
    active = false;
    fetch(form.dataset.renew, { method: "POST" }).then((answer) => {
      if (!answer.ok) say("这项任务已不在您手上，请回到任务列表。", "This task is no longer yours.");
    }).catch(() => {});
  }, 300000);

  function autosave(target, done) {
    if (!target) return;
    let timer = 0, running = null, dirty = false;
    const save = async () => {
      if (running) { dirty = true; return; }
      dirty = false;
      say("正在保存…", "Saving…");
      running = fetch(target.action, {
        method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(target)),
      });
      try {
        const answer = await running;
        const body = await answer.json();
        if (answer.ok) { say("已保存", "Saved"); done?.(body); } else say(body.message, body.message);
      } catch { say("没有保存成功，请检查网络。", "Not saved; check the network."); }
      running = null;
      if (dirty) save();
    };
    target.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 800); });
    target.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(save, 200); });
  }
})();
