// node send.mjs grpc|http|proto URL COUNT: sends COUNT numbered records through the SDK's exporter and waits for them.
import { LoggerProvider, BatchLogRecordProcessor } from "@opentelemetry/sdk-logs";

const [protocol, url, count] = process.argv.slice(2);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${protocol}`);
const exporter = new OTLPLogExporter({ url, compression: protocol === "proto" ? "gzip" : "none", timeoutMillis: 20000 });
const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter, maxExportBatchSize: 10 })] });
const logger = provider.getLogger("sender");
for (let number = 0; number < Number(count); number++) {
  logger.emit({ severityNumber: 9, body: `record ${number}`, attributes: { "http.route": "/api/users/{id}", number } });
}
await provider.shutdown();
