import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporterBuilder;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporterBuilder;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Sender grpc|http HOST:PORT COUNT [AUTHORIZATION]: sends COUNT numbered records through the SDK's exporter and waits for them. */
public final class Sender {
  private static LogRecordExporter exporter(String protocol, String target, String authorization) {
    Duration timeout = Duration.ofSeconds(20);
    if (protocol.equals("grpc")) {
      OtlpGrpcLogRecordExporterBuilder made = OtlpGrpcLogRecordExporter.builder().setEndpoint("http://" + target).setTimeout(timeout);
      return (authorization == null ? made : made.addHeader("authorization", authorization)).build();
    }
    OtlpHttpLogRecordExporterBuilder made =
        OtlpHttpLogRecordExporter.builder().setEndpoint("http://" + target + "/v1/logs").setTimeout(timeout);
    return (authorization == null ? made : made.addHeader("authorization", authorization)).build();
  }

  public static void main(String[] arguments) {
    LogRecordExporter exporter = exporter(arguments[0], arguments[1], arguments.length > 3 ? arguments[3] : null);
    SdkLoggerProvider provider =
        SdkLoggerProvider.builder().addLogRecordProcessor(BatchLogRecordProcessor.builder(exporter).build()).build();
    Logger logger = provider.get("sender");
    for (int number = 0; number < Integer.parseInt(arguments[2]); number++) {
      logger.logRecordBuilder().setSeverity(Severity.INFO).setBody("record " + number).emit();
    }
    provider.forceFlush().join(30, TimeUnit.SECONDS);
    provider.shutdown().join(30, TimeUnit.SECONDS);
    System.exit(0);
  }
}
