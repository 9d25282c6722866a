// What every page does beyond links and forms: copying, the keyboard, menus that close. Without it all pages work.
import { keys } from "./keys.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const said = button.querySelector(".said") ?? button;
  const before = said.textContent;
  await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copyText ?? "");
  said.textContent = "Copied";
  setTimeout(() => (said.textContent = before), 1500);
}

keys();
document.documentElement.dataset.ready = "";
