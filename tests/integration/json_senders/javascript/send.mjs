// node send.mjs LIBRARY PORT: a warning and an error with an exception, through the library's own transport.
import { Writable } from "node:stream";

const [library, port] = process.argv.slice(2);
const host = "127.0.0.1";
const senders = {
  // pino has no HTTP transport of its own: what it writes is NDJSON, posted as it is.
  async pino() {
    const pino = (await import("pino")).default;
    const lines = [];
    const logger = pino({ base: { pid: 7, hostname: "web" } }, new Writable({ write: (line, _, done) => (lines.push(line), done()) }));
    log(logger, new TypeError("no such user"));
    const answer = await fetch(`http://${host}:${port}/logs`, { method: "POST", body: lines.join("") });
    if (answer.status !== 202) throw new Error(await answer.text());
  },
  async winston() {
    await winston({ batch: false });
  },
  async "winston-batch"() {
    await winston({ batch: true, batchInterval: 50, batchCount: 10 });
  },
  async "pino-loki"() {
    const { pinoLoki } = await import("pino-loki");
    const pino = (await import("pino")).default;
    const stream = pinoLoki({ host: `http://${host}:${port}`, batching: false, labels: { app: "shop" } });
    log(pino(stream), new TypeError("no such user"));
    await settle();
  },
  async "winston-loki"() {
    const { createLogger } = await import("winston");
    const LokiTransport = (await import("winston-loki")).default;
    for (const json of [true, false]) {
      const transport = new LokiTransport({ host: `http://${host}:${port}`, json, batching: false, labels: { app: "shop", via: json ? "json" : "protobuf" } });
      const logger = createLogger({ transports: [transport] });
      logger.warn("slow query");
      await settle();
    }
  },
};

function log(logger, error) {
  logger.warn({ millis: 812 }, "slow query");
  logger.error(error, "request failed");
}

async function winston(options) {
  const { createLogger, transports, format } = await import("winston");
  const http = new transports.Http({ host, port: Number(port), path: "/logs", ...options });
  const logger = createLogger({ format: format.combine(format.timestamp(), format.json()), defaultMeta: { service: "shop" }, transports: [http] });
  logger.warn("slow query", { millis: 812 });
  logger.error("request failed");
  await settle();
}

const settle = () => new Promise((done) => setTimeout(done, 1000));
await senders[library]();
await settle();
process.exit(0);
