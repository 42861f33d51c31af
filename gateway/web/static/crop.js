// The photo's crop: drag, wheel or pinch, arrow keys, plus and minus, buttons. Without scripts the proposed crop can be taken.
(() => {
  "use strict";
  const form = document.querySelector("form[data-crop]");
  for (const box of document.querySelectorAll("[data-photo-pick]"))
    box.addEventListener("fudao:uploaded", () => window.location.reload());  // the server proposes a crop for the new one
  if (!form) return;
  const whole = { width: Number(form.dataset.width), height: Number(form.dataset.height) }, aspect = Number(form.dataset.aspect);
  const stage = form.querySelector("[data-crop-stage]"), frame = form.querySelector("[data-crop-frame]");
  const shade = form.querySelector("[data-crop-shade]"), said = form.querySelector("[data-crop-said]");
  const inputs = Object.fromEntries(["x", "y", "width", "height"].map((name) => [name, form.elements[name]]));
  const read = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, Number(input.value)]));
  const first = read();
  let crop = { ...first };

  // Whole pixels as the server counts them: the width is what the aspect makes of the height, rounded.
  function pixels() {
    const height = Math.floor(crop.height), width = Math.min(whole.width, Math.round(height * aspect));
    return { x: Math.max(0, Math.min(Math.floor(crop.x), whole.width - width)), y: Math.max(0, Math.min(Math.floor(crop.y), whole.height - height)), width, height };
  }
  function show() {
    crop.height = Math.max(40, Math.min(crop.height, whole.height, whole.width / aspect));
    crop.width = crop.height * aspect;
    crop.x = Math.max(0, Math.min(crop.x, whole.width - crop.width));
    crop.y = Math.max(0, Math.min(crop.y, whole.height - crop.height));
    draw(pixels());
  }
  function draw(whole_) {
    for (const [name, value] of Object.entries(whole_)) {
      inputs[name].value = String(value);
      frame.setAttribute(name, String(value));
    }
    const { x, y, width, height } = whole_;
    shade.setAttribute("d", `M0 0H${whole.width}V${whole.height}H0Z M${x} ${y}h${width}v${height}h-${width}Z`);
    said.textContent = `${width}×${height}${width < Number(form.dataset.minWidth) || height < Number(form.dataset.minHeight) ? ` · ${said.dataset.low}` : ""}`;
  }
  function move(dx, dy) { crop.x += dx; crop.y += dy; show(); }
  function zoom(factor) {
    const height = crop.height * factor, middle = { x: crop.x + crop.width / 2, y: crop.y + crop.height / 2 };
    crop.height = Math.max(40, Math.min(height, whole.height, whole.width / aspect));
    crop.width = crop.height * aspect;
    crop.x = middle.x - crop.width / 2; crop.y = middle.y - crop.height / 2;
    show();
  }
  const step = (event) => whole.height * (event?.shiftKey ? 0.05 : 0.01);
  const scale = () => whole.width / Math.max(1, form.querySelector("svg").getBoundingClientRect().width);

  form.querySelector("[data-crop-tools]").hidden = false;
  stage.classList.add("live");
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", form.querySelector("[data-crop-tools]").getAttribute("aria-label"));

  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stage.addEventListener("keydown", (event) => {
    const by = KEYS[event.key];
    if (by) move(by[0] * step(event), by[1] * step(event));
    else if (event.key === "+" || event.key === "=") zoom(0.95);
    else if (event.key === "-" || event.key === "_") zoom(1 / 0.95);
    else if (event.key === "Enter") { form.requestSubmit(); }
    else return;
    event.preventDefault();
  });
  for (const button of form.querySelectorAll("[data-crop-by]")) {
    const [dx, dy, larger] = button.dataset.cropBy.split(",").map(Number);
    button.addEventListener("click", () => larger ? zoom(larger > 0 ? 1 / 0.95 : 0.95) : move(dx * step() * 2, dy * step() * 2));
  }
  form.querySelector("[data-crop-reset]").addEventListener("click", () => { crop = { ...first }; draw(first); });

  const held = new Map();
  const apart = () => { const [a, b] = [...held.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    if (held.size === 1) {
      move((event.clientX - before.x) * scale(), (event.clientY - before.y) * scale());
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    } else if (held.size === 2) {
      const was = apart();
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (was > 0) zoom(apart() / was);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => held.delete(event.pointerId));
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1 / 0.95 : 0.95); }, { passive: false });
  draw(first);  // as it was proposed: valid to the pixel
})();
