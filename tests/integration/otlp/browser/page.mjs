// A page that sends two records through the web SDK's exporter, a third by sendBeacon, and tells the test that it is done.
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";

const asked = new URLSearchParams(location.search);
const [url, key] = [asked.get("url"), asked.get("key")];
const exporter = new OTLPLogExporter({ url, headers: { authorization: `Bearer ${key}` }, timeoutMillis: 30000 });
const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
const logger = provider.getLogger("page");
for (const name of ["first", "second"]) logger.emit({ severityNumber: 17, body: `${name} of the SDK` });
await provider.forceFlush();
const record = { severityNumber: 17, timeUnixNano: `${Date.now()}000000`, body: { stringValue: "of the beacon" } };
const beacon = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
const queued = navigator.sendBeacon(`${url}?key=${key}`, beacon);
await fetch("/done", { method: "POST", body: String(queued) });
