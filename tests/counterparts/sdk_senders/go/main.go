// sender grpc|http HOST:PORT COUNT: sends COUNT numbered records through the SDK's exporter and waits for them. Headers come from
// OTEL_EXPORTER_OTLP_HEADERS.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
)

func exporter(ctx context.Context, protocol string, target string) (sdk.Exporter, error) {
	if protocol == "grpc" {
		return otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(target), otlploggrpc.WithInsecure(), otlploggrpc.WithTimeout(20*time.Second))
	}
	return otlploghttp.New(ctx, otlploghttp.WithEndpoint(target), otlploghttp.WithInsecure(), otlploghttp.WithTimeout(20*time.Second))
}

func main() {
	ctx := context.Background()
	count, _ := strconv.Atoi(os.Args[3])
	made, err := exporter(ctx, os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewBatchProcessor(made)))
	logger := provider.Logger("sender")
	for number := 0; number < count; number++ {
		var record log.Record
		record.SetTimestamp(time.Now())
		record.SetSeverity(log.SeverityInfo)
		record.SetBody(attribute.StringValue(fmt.Sprintf("record %d", number)))
		logger.Emit(ctx, record)
	}
	if err := provider.Shutdown(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
