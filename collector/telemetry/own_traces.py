"""Own traces by the OpenTelemetry SDK, as `service.telemetry.traces` asks: spans of operations that were slow, and of samples. They are made when the
operation is over; a queue of the SDK's, bounded, waits for who takes them, on threads of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, set_span_in_context

from collector.release import release
from collector.settings.telemetry import OtlpPush, PushExporter, SpanProcessor
from collector.telemetry.otlp_exporters import over_grpc, over_http
from collector.timeline import Operation

HTTP_PATH = "/v1/traces"
_LAST_PUSH_SECS = 2.0


class OwnTraces:
    """Makes spans of operations.

    Args:
        processors: ways out.
        process: the name of this process.
        attributes: resource attributes on top of `service.name` and `service.version`.
    """

    def __init__(
        self, processors: Sequence[SpanProcessor], process: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        named = {"service.name": "logboom", "service.version": release(), "service.instance.id": process}
        resource = Resource.create({**named, **(attributes or {})})
        self._provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        for each in processors:
            self._provider.add_span_processor(_processor(each))
        self._tracer = self._provider.get_tracer("logboom", release())

    def tell(self, operation: Operation) -> None:
        """One span, with a child for each lap. From any thread; it waits for nobody."""
        root = self._tracer.start_span(
            operation.name, start_time=operation.began, attributes=dict(operation.attributes)
        )
        within = set_span_in_context(root)
        for what, began, ended in operation.laps:
            kind = SpanKind.CLIENT if what == "send" else SpanKind.INTERNAL
            self._tracer.start_span(what, within, kind, start_time=began).end(ended)
        root.end(operation.ended)

    def shutdown(self) -> None:
        """Send what waits. A destination that does not answer delays the end by two seconds at most; what it was to get is lost."""
        last = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        last.start()
        last.join(_LAST_PUSH_SECS)


def _processor(options: SpanProcessor) -> BatchSpanProcessor:
    """One by one is a batch of one: who makes a span must not wait for who takes it."""
    if options.simple is not None:
        return BatchSpanProcessor(
            _exporter(options.simple.exporter), max_export_batch_size=1, schedule_delay_millis=100
        )
    assert options.batch is not None, "one of the two"
    batch = options.batch
    return BatchSpanProcessor(
        _exporter(batch.exporter),
        max_queue_size=batch.max_queue_size,
        schedule_delay_millis=batch.schedule_delay * 1000,
        max_export_batch_size=min(batch.max_export_batch_size, batch.max_queue_size),
        export_timeout_millis=batch.export_timeout * 1000,
    )


def _exporter(options: PushExporter) -> SpanExporter:
    return ConsoleSpanExporter() if options.otlp is None else _otlp(options.otlp)


def _otlp(options: OtlpPush) -> SpanExporter:
    if options.protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

        return over_http(options, HTTP_PATH, HttpExporter)
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

    return over_grpc(options, GrpcExporter)
