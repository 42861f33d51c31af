// The same field was saved elsewhere: both values, and the person chooses.
export function choose(queue, one) {
  const element = queue.fields.at(one.path);
  element.querySelector(".both")?.remove();
  const words = queue.state.words;
  const box = document.createElement("div");
  box.className = "both";
  box.setAttribute("role", "alert");
  box.append(words.ask);
  const offer = (text, value, take) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = `${text}：${value || words.empty}`;
    button.addEventListener("click", () => {
      box.remove();
      queue.fields.base[one.path] = one.current;
      take();
    });
    box.append(button);
  };
  offer(words.yours, one.yours_text, () => queue.add(one.path));
  offer(words.current, one.current_text, () => {
    if (!queue.fields.set(one.path, one.current)) {
      queue.drop(one.path);
      location.reload(); // a list of its own: the page shows it anew
      return;
    }
    queue.drop(one.path);
    queue.state.saved();
  });
  element.append(box);
}
