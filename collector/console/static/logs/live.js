// The list goes on by itself: new records on top, in the order in which they are stored. What is being read does not move: to scroll, to
// open a record or to select text pauses. The server's place in the stream is kept, so that a cut costs nothing and tells nothing twice.
import { key } from "../keys.js";
import { Stream } from "./stream.js";

const MOST = 1000;
const FLUSH_MS = 250;
const SAY_MS = 5000;

const chip = document.querySelector("[data-live]");
const list = document.querySelector(".loglist");

let state = "off"; // "live", "paused"
let held = []; // rows that wait for their place in the list, oldest first: while it is paused, or till the next flush
let fresh = 0; // so many came while it is paused
let unsaid = 0; // so many came since it was last said
let left = 0; // so many were left out
const known = new Set(); // ids that are in the list, or were lately

const stream = chip && new Stream(chip.dataset.live, { rows: take, skipped, reset, changed: show });

function start() {
  for (const row of list.querySelectorAll("tr.line")) remember(row.dataset.ids.split(" "));
  stream.open(list.querySelector("[data-after]")?.dataset.after ?? "");
  list.setAttribute("role", "log");
  list.setAttribute("aria-live", "off");
  live();
}

function live() {
  state = "live";
  scrollTo({ top: 0 });
  flush();
}

function pause() {
  if (state !== "live") return;
  flush();
  state = "paused";
  show();
}

function toggle() {
  if (state === "off") start();
  else if (state === "live") pause();
  else live();
}

function take(rows) {
  for (const row of rows) {
    if (known.has(row.id)) continue;
    remember([row.id]);
    held.push(row);
    fresh += 1;
    unsaid += 1;
  }
  if (state === "live" && held.length >= MOST / 2) flush();
  if (held.length > MOST) held.splice(0, held.length - MOST);
  if (state === "paused") show();
}

function skipped({ count }) {
  left += count;
  show();
}

function reset() {
  known.clear();
  held = [];
  list.querySelector("[data-lines]")?.replaceChildren();
}

function flush() {
  if (state !== "live") return;
  fresh = 0;
  if (held.length) {
    const lines = body();
    for (const row of held) put(lines, row);
    held = [];
    trim(lines);
  }
  show();
}

function body() {
  const there = list.querySelector("[data-lines]");
  if (there) return there;
  const table = document.querySelector("[data-live-table]").content.cloneNode(true);
  list.querySelector(".page")?.remove();
  list.prepend(table);
  return list.querySelector("[data-lines]");
}

function put(lines, { day, html }) {
  const made = document.createElement("template");
  made.innerHTML = html; // the server's template, which escapes: as what htmx swaps in
  let first = lines.firstElementChild;
  if (!first?.classList.contains("day") || first.textContent !== day) {
    first = document.createElement("tr");
    first.className = "day";
    const cell = document.createElement("td");
    cell.colSpan = 4;
    cell.textContent = day;
    first.append(cell);
    lines.prepend(first);
  }
  first.after(made.content);
}

function trim(lines) {
  const rows = lines.querySelectorAll("tr.line");
  if (rows.length <= MOST) return;
  while (rows[MOST].nextSibling) rows[MOST].nextSibling.remove();
  rows[MOST].remove();
}

function remember(ids) {
  for (const id of ids) known.add(id);
  for (const id of known) {
    if (known.size <= 5 * MOST) break;
    known.delete(id);
  }
}

const WORDS = {
  off: ["Go live", ""],
  live: ["LIVE", ", pause"],
  paused: ["PAUSED", ", resume"],
  lost: ["RECONNECTING", ""],
};

function show() {
  const now = state === "live" && !stream.connected ? "lost" : state;
  const [word, does] = WORDS[now];
  chip.classList.remove("live", "paused", "lost");
  if (now !== "off") chip.classList.add(now);
  const more = [];
  if (state === "paused") more.push(`${fresh.toLocaleString("en")} new`);
  if (left) more.push(`${left.toLocaleString("en")} left out`);
  write("[data-state]", word);
  write("[data-more]", more.join(", "));
  write("[data-does]", does);
}

function write(part, text) {
  const element = chip.querySelector(part);
  if (element.textContent !== text) element.textContent = text;
}

function say() {
  if (!unsaid) return;
  document.querySelector("[data-live-said]").textContent = `${unsaid.toLocaleString("en")} new`;
  unsaid = 0;
}

if (chip) {
  chip.hidden = false;
  chip.addEventListener("click", toggle);
  key("l", "live: start, pause, resume", toggle);
  setInterval(flush, FLUSH_MS);
  setInterval(say, SAY_MS);
  addEventListener("scroll", () => scrollY > 8 && pause(), { passive: true });
  document.addEventListener("selectionchange", () => {
    const selected = getSelection();
    if (!selected.isCollapsed && list.contains(selected.anchorNode)) pause();
  });
  list.addEventListener("focusin", pause);
}
