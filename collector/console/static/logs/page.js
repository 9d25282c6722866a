// The list of records: open one below its row, move by keys, choose a time in the chart. Without it rows and fields are links and forms.
import { key } from "../keys.js";
import { brush } from "./brush.js";
import "./live.js";

const rows = () => [...document.querySelectorAll("[data-lines] a[data-open]")];
const focused = () => document.activeElement?.closest?.("tr.line");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (getSelection().isCollapsed) toggle(link);
});

function toggle(link) {
  const row = link.closest("tr");
  if (link.getAttribute("aria-expanded") === "true") return close(row);
  link.setAttribute("aria-expanded", "true");
  row.classList.add("open");
  htmx.ajax("GET", link.href, { target: row, swap: "afterend" });
}

function close(row) {
  if (!row) return;
  row.classList.remove("open");
  row.querySelector("a[data-open]").setAttribute("aria-expanded", "false");
  if (row.nextElementSibling?.classList.contains("record")) row.nextElementSibling.remove();
}

function move(step) {
  const all = rows();
  const at = all.indexOf(focused()?.querySelector("a[data-open]"));
  all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  const row = document.activeElement?.closest?.("tr.record")?.previousElementSibling ?? focused();
  if (event.key !== "Escape" || !row?.classList.contains("open")) return;
  close(row);
  row.querySelector("a[data-open]").focus();
});

key("j", "next record", () => move(1));
key("k", "record before", () => move(-1));
key("o", "open or close the record", () => {
  const link = focused()?.querySelector("a[data-open]");
  if (link) toggle(link);
});
key("c", "records around it", () => {
  const row = document.activeElement?.closest?.("tr.record") ?? focused()?.nextElementSibling;
  row?.querySelector("[data-context]")?.click();
});
key("e", "explain the record's level", () => {
  const row = document.activeElement?.closest?.("tr.record") ?? focused()?.nextElementSibling;
  row?.querySelector("[data-explain]")?.click();
});

for (const chart of document.querySelectorAll("[data-brush]")) brush(chart);
document.addEventListener("htmx:after:swap", () => {
  for (const chart of document.querySelectorAll("[data-brush]:not([data-brushed])")) brush(chart);
});
