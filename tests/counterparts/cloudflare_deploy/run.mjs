// Runs the deployed Worker's bundle on workerd, with the bindings of its wrangler.jsonc; prints one JSON line when it
// answers, ends when stdin closes.   Environment: BUNDLE (folder of index.js), CONTAINERS (JSON, see main.mjs)
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "cloudflare-deploy-"));
process.env.TMPDIR = temporary; // miniflare leaves a folder of its own in there
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
const { Miniflare, Log, LogLevel } = await import("miniflare");
const { unstable_getMiniflareWorkerOptions: workerOptions, unstable_readConfig: readConfig } = await import("wrangler");

copyFileSync(join(process.env.BUNDLE, "index.js"), join(temporary, "deployed.js"));
copyFileSync(join(here, "main.mjs"), join(temporary, "main.mjs"));
const config = readConfig({ config: join(here, "wrangler.jsonc") });
const { workerOptions: deployed } = workerOptions({ ...config, containers: [] }); // those need Docker
const containers = JSON.parse(process.env.CONTAINERS ?? "{}");
const ports = Object.entries(containers).flatMap(([domain, open]) =>
  Object.entries(open).filter(([, target]) => typeof target === "number")
    .map(([port, target]) => [`${domain}:${port}`, { external: { address: `127.0.0.1:${target}`, http: {} } }]));
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false, // else it asks the network where it runs
  telemetry: { enabled: false },
  log: new Log(LogLevel.WARN),
  workers: [{
    name: "logboom",
    modules: ["main.mjs", "deployed.js"].map((name) => ({ type: "ESModule", path: join(temporary, name) })),
    modulesRoot: temporary,
    compatibilityDate: deployed.compatibilityDate,
    d1Databases: deployed.d1Databases,
    kvNamespaces: deployed.kvNamespaces,
    r2Buckets: deployed.r2Buckets,
    durableObjects: { COLLECTOR: { className: "Collector", useSQLite: true } },
    serviceBindings: Object.fromEntries(ports),
    bindings: { ...deployed.bindings, ...JSON.parse(process.env.BINDINGS ?? "{}"), CONTAINERS: containers },
  }],
});
let stopping = false;
const stop = async () => { if (!stopping) { stopping = true; await miniflare.dispose(); process.exit(0); } };
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
process.stdin.resume().on("end", stop).on("error", stop);
const url = await miniflare.ready;
console.log(JSON.stringify({ url: url.origin }));
