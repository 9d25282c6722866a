// Starts the worker on workerd, prints one JSON line when it answers, ends when stdin closes: however the parent dies,
// nothing is left behind.   Environment: POOL databases and namespaces, STATE_DIR (unset: a temporary folder), PORT
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const temporary = mkdtempSync(join(tmpdir(), "cloudflare-"));
process.env.TMPDIR = temporary; // miniflare leaves a folder of its own in there
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
const { Miniflare, Log, LogLevel } = await import("miniflare");

const numbers = Array.from({ length: Number(process.env.POOL ?? 8) }, (_, at) => at + 1);
const hex = (number, width) => number.toString(16).padStart(width, "0");
const databases = Object.fromEntries(numbers.map((n) => [`d1000000-0000-4000-8000-${hex(n, 12)}`, `DB${n}`]));
const namespaces = Object.fromEntries(numbers.map((n) => [`cf${hex(n, 30)}`, `KV${n}`]));
const bindings = (pool) => Object.fromEntries(Object.entries(pool).map(([id, name]) => [name, id]));
const account = "acc0000000000000000000000000test", token = "token-of-the-tests";

const folder = join(dirname(fileURLToPath(import.meta.url)), "worker");
const modules = ["main.mjs", ...readdirSync(folder).filter((name) => name !== "main.mjs")].map((name) => ({
  type: "ESModule", path: join(temporary, name), contents: readFileSync(join(folder, name), "utf8"),
}));
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: Number(process.env.PORT ?? 0),
  ...(process.env.STATE_DIR && { defaultPersistRoot: process.env.STATE_DIR }),
  cf: false, // else it asks the network where it runs
  telemetry: { enabled: false },
  log: new Log(LogLevel.WARN),
  workers: [{
    name: "cloudflare-api", modules, modulesRoot: temporary, compatibilityDate: "2026-03-01",
    d1Databases: bindings(databases), kvNamespaces: bindings(namespaces),
    bindings: {
      API_TOKEN: token, ACCOUNT_ID: account,
      DATABASES: JSON.stringify(databases), NAMESPACES: JSON.stringify(namespaces),
    },
  }],
});
let stopping = false;
const stop = async () => { if (!stopping) { stopping = true; await miniflare.dispose(); process.exit(0); } };
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
process.stdin.resume().on("end", stop).on("error", stop);
const url = await miniflare.ready;
console.log(JSON.stringify({
  url: url.origin, account_id: account, token, databases: Object.keys(databases), namespaces: Object.keys(namespaces),
}));
