// Single keys, off while something is typed (WCAG 2.1.4: they can be switched off in the list that "?" opens).
const OFF = "logboom.keys.off";
const known = new Map();

/** A key and what it does; `what` stands in the list. */
export function key(name, what, action) {
  known.set(name, { what, action });
}

export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || localStorage.getItem(OFF)) return;
    const found = known.get(event.key);
    if (!found) return;
    event.preventDefault();
    found.action(event);
  });
  document.querySelector("[data-keys]")?.addEventListener("click", list);
  key("?", "this list", list);
  key("/", "search", () => document.querySelector("[data-search]")?.focus());
}

function typing(element) {
  return element.closest?.("input, textarea, select, [contenteditable], dialog") !== null;
}

function list() {
  const dialog = document.createElement("dialog");
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = "Keyboard";
  const rows = document.createElement("dl");
  for (const [name, { what }] of known) rows.append(row(name, what));
  const off = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  off.append(box, " Single keys do these");
  const close = document.createElement("button");
  close.className = "btn";
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, rows, off, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function row(name, what) {
  const line = document.createElement("div");
  const term = document.createElement("dt");
  const shown = document.createElement("kbd");
  shown.textContent = name;
  term.append(shown);
  const told = document.createElement("dd");
  told.textContent = what;
  line.append(term, told);
  return line;
}
