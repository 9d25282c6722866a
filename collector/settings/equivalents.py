"""Components of the OpenTelemetry Collector that logboom lacks: what does their work here."""

from __future__ import annotations

from collector.component import Kind

_IN_FRONT = "an OpenTelemetry Collector in front reads it: send its output to the receiver otlp"
_WINDOWS = (
    "the event log is read through Windows' own API, and logboom runs on Linux: an OpenTelemetry Collector on that machine reads it and sends to the "
    "receiver otlp"
)
_HERE = {
    Kind.PROCESSOR: {
        "routing": "the connector `routing`, or `select` in each exporter",
        "tail_sampling": "it samples traces, and logboom carries logs only",
        "cumulativetodelta": "it is for metrics, and logboom carries logs only",
        "spanmetrics": "it is for traces, and logboom carries logs only",
    },
    Kind.EXPORTER: {
        "splunk": "use `splunk_hec`",
        "opensearch": "use `elasticsearch`, with `setup: {enabled: true}`",
        "pulsar": "use `otlp` to an OpenTelemetry Collector that writes to Pulsar, or its Kafka protocol handler with `kafka`",
        "prometheus": "logboom's own metrics: service.telemetry.metrics.readers",
        "prometheusremotewrite": "it is for metrics, and logboom carries logs only",
    },
    Kind.RECEIVER: dict.fromkeys(("pulsar", "docker"), _IN_FRONT) | dict.fromkeys(("windowseventlog", "windows_event_log"), _WINDOWS),
    Kind.CONNECTOR: {
    },
    Kind.EXTENSION: {
        "pprof": "py-spy looks into a running process",
    },
}  # fmt: skip


def does_it_here(kind: Kind, name: str) -> str:
    """A sentence for a type that the Collector has, or nothing; `filter` and `filterprocessor` are one."""
    return _HERE.get(kind, {}).get(name.lower(), "")
