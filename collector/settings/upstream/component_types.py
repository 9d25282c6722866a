"""Component types of the OpenTelemetry Collector, and the signals that they are for.

Read in its component tables (core and contrib 0.157), with what was removed before. Names are compared without underscores: many types
were renamed to have some.
"""

from __future__ import annotations

from collector.component import Kind
from collector.settings.upstream.extensions import without_effect

_METRICS_RECEIVERS = """
    active_directory_ds aerospike apache apachespark awscontainerinsight awscontainerinsightreceiver awsecscontainermetrics
    azuremonitor bigip carbon chrony ciscoos collectd couchdb docker_stats elasticsearch expvar filestats flinkmetrics
    googlecloudmonitoring googlecloudspanner haproxy httpcheck huaweicloudcesreceiver icmpcheck iis influxdb kafka_metrics
    kubelet_stats memcached nginx nsxt ntp podman_stats prometheus prometheus_remote_write prometheus_simple purefa purefb
    rabbitmq redfish redis riak saphana snmp snowflake splunkenterprise sshcheck statsd stef systemd tcpcheck tlscheck vcenter
    wavefront windows_performance_counters windowsperfcounters windowsservice yanggrpc zookeeper
"""
_METRICS_PROCESSORS = """
    cardinalityguardian cumulative_to_delta delta_to_cumulative delta_to_rate experimental_metricsgeneration interval
    metrics_generation metric_start_time metrics_transform
"""
_TRACES_PROCESSORS = """
    coralogix dynamic_sampling gen_ai_normalizer group_by_trace servicegraph service_graph span span_metrics span_pruning
    tail_sampling
"""
_LOGS: dict[Kind, str] = {
    Kind.RECEIVER: """
        activedirectoryinv awscloudwatch awsfirehose awslambda awss3 azureblob azureeventhub azurefunctions cloudflare cloudfoundry
        datadog envoyals faro file_log fluent_forward googlecloudpubsub googlecloudpubsubpush host_metrics journald k8s_cluster k8s_events
        k8s_objects kafka libhoney loki macosunifiedlogging mongodb mongodbatlas mysql namedpipe netflow nop oracledb osquery otelarrow
        otlp otlp_json_file postgresql pulsar receiver_creator signalfx splunk_hec sqlquery sqlserver syslog tcp_log udp_log
        webhook_event windows_event_log
    """,
    Kind.PROCESSOR: """
        attributes awsecsattributes batch drain filter geoip groupbyattrs isolationforest k8s_attributes log_dedup logs_transform lookup
        memory_limiter probabilistic_sampler redaction remotetap resource resource_detection routing schema sumologic transform unroll
    """,
    Kind.EXPORTER: """
        alertmanager alibabacloud_logservice awscloudwatchlogs awskinesis awss3 azureblob azuredataexplorer azure_monitor cassandra
        clickhouse coralogix datadog dataset debug doris elasticsearch faro file googlecloud googlecloudpubsub googlecloudstorage
        googlesecops honeycombmarker influxdb kafka load_balancing logging logicmonitor logzio loki mezmo nop opensearch otelarrow otlp
        otlp_grpc otlphttp otlp_http pulsar rabbitmq sematext sentry signalfx splunk_hec sumologic syslog tencentcloud_logservice
        tinybird
    """,
    Kind.CONNECTOR: "count failover forward otlpjson roundrobin routing",
    Kind.EXTENSION: """
        ack asapclient avro_log_encoding aws_logs_encoding azure_auth azure_encoding basicauth bearertokenauth file_storage googleclientauth
        google_cloud_logentry_encoding headers_setter health_check healthcheckv2 json_log_encoding oauth2client oidc otlp_encoding sigv4auth
        sumologic text_encoding
    """,
}
"""Types that carry logs, or help those that do."""
_OTHER_SIGNALS: dict[Kind, dict[str, str]] = {
    Kind.RECEIVER: {
        "metrics": _METRICS_RECEIVERS,
        "traces": "awsxray jaeger sapm solace zipkin gitlab",
        "traces and metrics": "github opencensus skywalking",
        "profiles": "pprof",
    },
    Kind.PROCESSOR: {"metrics": _METRICS_PROCESSORS, "traces": _TRACES_PROCESSORS},
    Kind.EXPORTER: {
        "metrics": "awsemf bmchelix carbon googlemanagedprometheus prometheus prometheus_remote_write stef",
        "traces": "awsxray jaeger jaeger_thrift zipkin",
        "traces and metrics": "instana opencensus sapm",
    },
    Kind.CONNECTOR: {},
    Kind.EXTENSION: {},
}
_CONNECTORS = {
    "exceptions": "it makes logs of the exceptions in spans; an SDK's logger that records them, or a Collector in front, sends "
    "the same as logs, and `issues` groups them",
    "slowsql": "it makes logs of slow database spans",
    "metricsaslogs": "it makes logs of metrics",
    "spanmetrics": "it makes metrics of spans",
    "servicegraph": "it makes metrics of spans",
    "grafanacloud": "it makes metrics of spans",
    "datadog": "it makes metrics of spans",
    "signaltometrics": "it makes metrics; the connector `count` counts logs and tells the counts as records, and monitors of `alerting` watch the stream",
    "sum": "it makes metrics; monitors of `alerting` add up numbers of records",
}  # fmt: skip
"""Connectors that read or make another signal, and what they do."""


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


_NO_LOGS = {
    "hostmetrics": "it reads the host's metrics, and to a pipeline of logs it gives nothing but events that say that the host exists",
}
"""Receivers that may stand in a logs pipeline, and no record of a service comes from them."""

_SIGNALS = {
    (kind, _plain(name)): signals
    for kind, table in _OTHER_SIGNALS.items()
    for signals, names in table.items()
    for name in names.split()
}


def for_other_signals(kind: Kind, name: str) -> str:
    """Why a type can't stand in a logs pipeline, as a sentence; nothing when it can, or is not known."""
    if kind is Kind.CONNECTOR:
        does = _CONNECTORS.get(_plain(name), "")
        return f"logboom carries logs only, and {does}" if does else ""
    signals = _SIGNALS.get((kind, _plain(name)), "")
    return f"it is for {signals}, and logboom carries logs only" if signals else ""


def brings_no_logs(name: str) -> str:
    """Why a receiver that the Collector allows in a logs pipeline is left out of it; nothing for all others."""
    return _NO_LOGS.get(_plain(name), "")


_KNOWN = {(kind, _plain(name)) for kind, names in _LOGS.items() for name in names.split()} | _SIGNALS.keys()


def known(kind: Kind, name: str) -> bool:
    """Whether the Collector has, or had, a component of this type. Distributions have others."""
    if kind is Kind.EXTENSION and without_effect(name):
        return True
    return (kind, _plain(name)) in _KNOWN or (kind is Kind.CONNECTOR and _plain(name) in _CONNECTORS)
