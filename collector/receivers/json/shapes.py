"""The shapes of records: a declaration each. The tables of README.md are made of them.

Sources: documentation of Loki ("Ingest logs"), Datadog ("Logs API"), GELF ("Payload specification"), of pino, winston, Serilog (CLEF),
Elastic (ECS) and Fluent Bit. Cloudflare's are in `cloudflare_shapes`.
"""

from __future__ import annotations

from collector.receivers.json.cloudflare_shapes import LOGPUSH, TAIL
from collector.receivers.json.shape import Shape, Slot

_TRACES = {
    Slot.TRACE_ID: ("trace_id", "traceId", "trace.id", "dd.trace_id", "@tr"),
    Slot.SPAN_ID: ("span_id", "spanId", "span.id", "dd.span_id", "@sp"),
    Slot.FLAGS: ("trace_flags", "traceFlags", "trace.flags"),
    Slot.TRACEPARENT: ("traceparent",),
}
_RESOURCE = {
    "service.name": ("service.name", "service", "service_name", "app", "application", "dd.service"),
    "service.namespace": ("service.namespace", "namespace", "service_namespace"),
    "service.version": ("service.version", "version", "app_version", "dd.version"),
    "host.name": ("host.name", "host.hostname", "host", "hostname", "source_host"),
    "deployment.environment.name": (
        "deployment.environment.name", "deployment.environment", "environment", "env", "service.environment", "dd.env",
    ),
}  # fmt: skip
_ATTRIBUTES = {
    "process.pid": ("process.pid", "pid"),
    "exception.type": (
        "exception.type", "error.type", "err.type", "exc.type", "error.kind", "error.name", "err.name", "exception.name", "exceptionClass",
    ),
    "exception.message": (
        "exception.message", "error.message", "err.message", "exc.message", "error", "err", "exception_message",
    ),
    "exception.stacktrace": (
        "exception.stacktrace", "error.stack_trace", "error.stack", "err.stack", "exception.stack", "exception.stack_trace",
        "stack_trace", "stacktrace", "stack", "@x", "exc_info", "exception", "error.stacktrace",
    ),
}  # fmt: skip

LOGS = Shape(
    name="logs",
    summary="Records of any logger: pino, winston, Serilog, zap, structlog, ECS, Vector, Fluent Bit",
    paths=("/logs", "/"),
    slots={
        Slot.TIME: (
            "@timestamp", "timestamp", "time", "ts", "@t", "date", "eventTime", "datetime", "asctime", "timeMillis", "epochMillis",
        ),
        Slot.BODY: ("message", "msg", "log", "body", "event", "short_message", "@m", "@mt", "text"),
        Slot.SEVERITY: (
            "severity", "level", "lvl", "log.level", "@l", "status", "loglevel", "log_level", "levelname", "severity_text",
            "severityText", "severity_number", "severityNumber", "detected_level",
        ),
        **_TRACES,
        Slot.EVENT: ("event.name", "event_name", "eventName"),
    },
    resource=_RESOURCE,
    attributes=_ATTRIBUTES,
)  # fmt: skip

LOKI = Shape(
    name="loki",
    summary="Loki's push: Promtail, Grafana Alloy, Loki client libraries (JSON, or protobuf with snappy)",
    paths=("/loki/api/v1/push", "/api/prom/push"),
    slots={
        Slot.SEVERITY: ("level", "severity", "detected_level", "lvl"),
        **{slot: keys[:3] for slot, keys in _TRACES.items()},
    },
    resource={
        "service.name": ("service_name", "service", "app", "job"),
        "service.namespace": ("service_namespace",),
        "host.name": ("host", "hostname", "nodename", "instance"),
        "deployment.environment.name": ("deployment_environment_name", "deployment_environment", "environment", "env"),
        "k8s.namespace.name": ("k8s_namespace_name", "namespace"),
        "k8s.pod.name": ("k8s_pod_name", "pod"),
        "k8s.container.name": ("k8s_container_name", "container"),
        "k8s.cluster.name": ("k8s_cluster_name", "cluster"),
        "log.file.path": ("filename",),
    },
    status=204,
)

DATADOG = Shape(
    name="datadog",
    summary="Datadog's logs intake: Agent, API clients, browser SDK",
    paths=("/api/v2/logs", "/v1/input"),
    slots={
        Slot.TIME: ("timestamp", "@timestamp", "date", "_timestamp", "eventTime"),
        Slot.BODY: ("message", "msg", "log"),
        Slot.SEVERITY: ("status", "severity", "level", "syslog.severity"),
        **_TRACES,
    },
    resource={
        "service.name": ("service", "dd.service", "syslog.appname"),
        "service.version": ("version", "dd.version"),
        "host.name": ("hostname", "host", "syslog.hostname"),
        "deployment.environment.name": ("env", "dd.env"),
    },
    attributes={
        "exception.type": ("error.kind",),
        "exception.message": ("error.message",),
        "exception.stacktrace": ("error.stack",),
        "http.request.method": ("http.method",),
        "http.response.status_code": ("http.status_code",),
        "url.full": ("http.url",),
        "user_agent.original": ("http.useragent",),
        "client.address": ("network.client.ip",),
        "user.id": ("usr.id",),
    },
    max_bytes=5 << 20,
)

GELF = Shape(
    name="gelf",
    summary="Graylog's GELF over HTTP",
    paths=("/gelf",),
    slots={
        Slot.TIME: ("timestamp",),
        Slot.BODY: ("short_message", "full_message"),
        Slot.SEVERITY: ("level",),
        Slot.TRACE_ID: ("_trace_id", "_traceId"),
        Slot.SPAN_ID: ("_span_id", "_spanId"),
    },
    resource={
        "host.name": ("host",),
        "service.name": ("_service", "_service.name", "_app", "_application_name", "facility"),
        "service.version": ("_version", "_service.version"),
        "deployment.environment.name": ("_environment", "_env"),
    },
    attributes={
        "code.file.path": ("file", "_file"),
        "code.line.number": ("line", "_line"),
        "code.function.name": ("_function",),
        "process.pid": ("_pid",),
        "thread.name": ("_thread", "_thread_name"),
        "exception.stacktrace": ("_stack_trace", "_stacktrace", "_traceback"),
        "exception.type": ("_exception_type",),
        "exception.message": ("_exception_message",),
    },
    left_out=frozenset({"version"}),
    prefix="_",
)

OTLP = Shape(
    name="otlp",
    summary="OTLP/HTTP, as Cloudflare's Workers Logs sends it (JSON; its preflight is an empty request)",
    paths=("/v1/logs",),
    status=200,
)

SHAPES = {shape.name: shape for shape in (LOGS, LOKI, DATADOG, GELF, LOGPUSH, TAIL, OTLP)}
