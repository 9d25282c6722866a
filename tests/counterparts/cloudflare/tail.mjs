// node tail.mjs URL: a Worker that logs and fails on workerd, and a Tail Worker that posts what it gets to URL, as Cloudflare documents it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const url = process.argv[2];
const temporary = mkdtempSync(join(tmpdir(), "tail-"));
process.env.TMPDIR = temporary; // miniflare leaves a folder of its own in there
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
const { Miniflare, Log, LogLevel } = await import("miniflare");

const shop = `export default { async fetch(request) {
  console.log("order", 42, { paid: true });
  console.warn({ stock: 3 });
  if (new URL(request.url).pathname === "/fail") throw new TypeError("no such order");
  return new Response("ok");
} }`;
const tail = `export default { async tail(events) {
  await fetch(${JSON.stringify(url)}, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(events) });
} }`;
const worker = (name, script, more = {}) => ({ name, modules: true, script, compatibilityDate: "2026-03-01", ...more });
const miniflare = new Miniflare({
  cf: false, // else it asks the network where it runs
  telemetry: { enabled: false },
  log: new Log(LogLevel.NONE),
  handleRuntimeStdio: (out, err) => { out.resume(); err.resume(); },
  workers: [worker("shop", shop, { tails: ["tail"] }), worker("tail", tail)],
});
await miniflare.ready;
await (await miniflare.dispatchFetch("http://shop.example/orders")).text();
await miniflare.dispatchFetch("http://shop.example/fail").then((answer) => answer.text(), () => {});
await new Promise((done) => setTimeout(done, 2000));
await miniflare.dispose();
process.exit(0);
