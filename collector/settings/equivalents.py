"""Components of the OpenTelemetry Collector that logboom lacks: what does their work here."""

from __future__ import annotations

from collector.component import Kind

_EXPORTERS_CHOOSE = "what an exporter gets is chosen there: `select` (levels, domains, OTTL conditions)"
_EXPORTERS_HIDE = "each exporter has `attributes` (allow, deny) and `redact`"
_IN_FRONT = "an OpenTelemetry Collector in front reads it: send its output to the receiver otlp"
_HERE = {
    Kind.PROCESSOR: {
        "filter": f"{_EXPORTERS_CHOOSE}; collector/delivery/README.md",
        "attributes": f"{_EXPORTERS_HIDE}; collector/delivery/README.md",
        "resource": f"{_EXPORTERS_HIDE} for resource attributes, too; collector/delivery/README.md",
        "redaction": f"{_EXPORTERS_HIDE}; collector/delivery/README.md",
        "transform": "`categorize` names component, endpoint, environment and error type, rules of `triage` (OTTL) the level;"
        f" {_EXPORTERS_HIDE}; other changes: the SDK, or an OpenTelemetry Collector in front",
        "k8sattributes": "an OpenTelemetry Collector on the node knows the pods: put it in front",
        "routing": "the connector `routing`, or `select` in each exporter",
        "logdedup": "`triage` counts instead of storing: `store: {debug: aggregate}`",
        "probabilistic_sampler": "`select` in each exporter, or `triage` with `store: {debug: aggregate}`, which keeps counts",
        "tail_sampling": "it samples traces, and logboom carries logs only",
        "cumulativetodelta": "it is for metrics, and logboom carries logs only",
        "spanmetrics": "it is for traces, and logboom carries logs only",
    },
    Kind.EXPORTER: {
        "splunk": "use `splunk_hec`",
        "opensearch": "use `elasticsearch`, with `setup: {enabled: true}`",
        "googlecloud": "use `otlp_http`, or `chronicle` for Google Security Operations",
        "azuremonitor": "use `sentinel`",
        "loki": "Loki takes OTLP: use `otlp_http` with its /otlp address",
        "kafka": "use `otlp` to an OpenTelemetry Collector that writes to Kafka",
        "awscloudwatchlogs": "CloudWatch takes OTLP: use `otlp_http`",
        "awss3": "use `file`, or `otlp` to an OpenTelemetry Collector that writes to S3",
        "prometheus": "logboom's own metrics: service.telemetry.metrics.readers",
        "prometheusremotewrite": "it is for metrics, and logboom carries logs only",
        "webhook": "use `http`",
    },
    Kind.RECEIVER: dict.fromkeys(
        ("filelog", "syslog", "journald", "tcplog", "udplog", "windowseventlog", "kafka", "fluentforward", "k8s_events",
         "docker", "file_log", "splunk_hec", "loki"), _IN_FRONT,
    ),
    Kind.CONNECTOR: {
    },
    Kind.EXTENSION: {
        "zpages": "state is on the health port (`/`) and at /metrics",
        "pprof": "py-spy looks into a running process",
        "basicauth": "senders prove themselves by tokens (`bearertokenauth`) or client certificates (tls.client_ca_file)",
        "oidc": "senders prove themselves by tokens (`bearertokenauth`) or client certificates (tls.client_ca_file)",
    },
}  # fmt: skip


def does_it_here(kind: Kind, name: str) -> str:
    """A sentence for a type that the Collector has, or nothing; `filter` and `filterprocessor` are one."""
    return _HERE.get(kind, {}).get(name.lower(), "")
