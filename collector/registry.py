"""Which component types there are: built-ins, listed here by string, then installed plugins; one door for both.

A plugin is an entry point in the group of its kind, named like its type; its value leads to a `Factory`:

    [project.entry-points."logboom.exporters"]
    my_store = "my_package.my_store:FACTORY"

Looking a type up imports its folder and nothing else; neither grpc nor polars.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import Any

from collector.component import Factory, Kind
from collector.delivery.config import DeliveryConfig
from collector.errors import ConfigError, Problem

_BUILT_IN: dict[Kind, dict[str, str]] = {
    Kind.RECEIVER: {
        "alertmanager": "collector.receivers.alertmanager",
        "file_log": "collector.receivers.file_log",
        "filelog": "collector.receivers.file_log",
        "fluent_forward": "collector.receivers.fluent_forward",
        "fluentforward": "collector.receivers.fluent_forward",
        "hooks": "collector.receivers.hooks",
        "journald": "collector.receivers.journald",
        "json": "collector.receivers.json",
        "k8s_events": "collector.receivers.k8s_events",
        "k8s_objects": "collector.receivers.k8s_objects",
        "k8sobjects": "collector.receivers.k8s_objects",
        "kafka": "collector.receivers.kafka",
        "loki": "collector.receivers.loki",
        "nop": "collector.receivers.nop",
        "otlp": "collector.receivers.otlp",
        "otlp_json_file": "collector.receivers.otlp_json_file",
        "otlpjsonfile": "collector.receivers.otlp_json_file",
        "splunk_hec": "collector.receivers.splunk_hec",
        "syslog": "collector.receivers.syslog",
        "tcp_log": "collector.receivers.tcp_log",
        "tcplog": "collector.receivers.tcp_log",
        "udp_log": "collector.receivers.udp_log",
        "udplog": "collector.receivers.udp_log",
        "webhook_event": "collector.receivers.webhook_event",
        "webhookevent": "collector.receivers.webhook_event",
    },
    Kind.PROCESSOR: {
        "aggregate": "processors.aggregate",
        "anomalies": "processors.anomalies",
        "attributes": "processors.attributes",
        "batch": "processors.batch",
        "categorize": "processors.categorize",
        "enrich": "processors.enrich",
        "filter": "processors.filter",
        "groupbyattrs": "processors.groupbyattrs",
        "issues": "processors.issues",
        "k8s_attributes": "processors.k8s_attributes",
        "log_dedup": "processors.log_dedup",
        "memory_limiter": "processors.memory_limiter",
        "patterns": "processors.patterns",
        "probabilistic_sampler": "processors.probabilistic_sampler",
        "redact": "processors.redact",
        "redaction": "processors.redaction",
        "resource": "processors.resource",
        "resource_detection": "processors.resource_detection",
        "transform": "processors.transform",
        "triage": "processors.triage",
    },
    Kind.EXPORTER: {
        "alertmanager": "exporters.alertmanager",
        "apprise": "exporters.apprise",
        "archive": "exporters.archive",
        "awscloudwatchlogs": "exporters.awscloudwatchlogs",
        "awss3": "exporters.awss3",
        "azure_monitor": "exporters.azure_monitor",
        "azuremonitor": "exporters.azure_monitor",
        "chronicle": "exporters.chronicle",
        "ci_trigger": "exporters.ci_trigger",
        "cloudflare_rollback": "exporters.cloudflare_rollback",
        "clickhouse": "exporters.clickhouse",
        "command": "exporters.command",
        "coralogix": "exporters.coralogix",
        "d1": "exporters.d1",
        "datadog": "exporters.datadog",
        "debug": "exporters.debug",
        "docker": "exporters.docker",
        "elasticsearch": "exporters.elasticsearch",
        "email": "exporters.email",
        "file": "exporters.file",
        "github": "exporters.github",
        "googlecloud": "exporters.googlecloud",
        "http": "exporters.webhook",
        "jira": "exporters.jira",
        "jsm": "exporters.jsm",
        "kafka": "exporters.kafka",
        "kubernetes": "exporters.kubernetes",
        "kv": "exporters.kv",
        "load_balancing": "exporters.load_balancing",
        "loadbalancing": "exporters.load_balancing",
        "logging": "exporters.debug",
        "logzio": "exporters.logzio",
        "loki": "exporters.loki",
        "nop": "exporters.nop",
        "openai": "exporters.openai",
        "otlp": "exporters.otlp_grpc",
        "otlp_grpc": "exporters.otlp_grpc",
        "otlp_http": "exporters.otlp_http",
        "otlphttp": "exporters.otlp_http",
        "pagerduty": "exporters.pagerduty",
        "sentinel": "exporters.sentinel",
        "servicenow": "exporters.servicenow",
        "slack": "exporters.slack",
        "sms": "exporters.sms",
        "splunk_hec": "exporters.splunk_hec",
        "sqlite": "exporters.sqlite",
        "syslog": "exporters.syslog",
        "systemd": "exporters.systemd",
        "teams": "exporters.teams",
        "webhook": "exporters.webhook",
    },
    Kind.CONNECTOR: {
        "alerting": "collector.connectors.alerting",
        "count": "collector.connectors.count",
        "failover": "collector.connectors.failover",
        "forward": "collector.connectors.forward",
        "routing": "collector.connectors.routing",
    },
    Kind.EXTENSION: {
        "ack": "collector.extensions.ack",
        "api_keys": "collector.extensions.api_keys",
        "basicauth": "collector.extensions.basicauth",
        "backup": "collector.extensions.backup",
        "bearertokenauth": "collector.extensions.bearertokenauth",
        "client_certificate": "collector.extensions.client_certificate",
        "console": "collector.extensions.console",
        "file_storage": "collector.extensions.file_storage",
        "headers_setter": "collector.extensions.headers_setter",
        "health_check": "collector.extensions.health_check",
        "healthcheckv2": "collector.extensions.health_check",
        "oauth2client": "collector.extensions.oauth2client",
        "oidc": "collector.extensions.oidc",
        "opamp": "collector.extensions.opamp",
        "sigv4auth": "collector.extensions.sigv4auth",
        "zpages": "collector.extensions.zpages",
    },
}
"""Type name (old and new spelling) → the folder that holds `FACTORY`."""

RENAMED: dict[tuple[Kind, str], str] = {
    (Kind.EXPORTER, "otlp"): "otlp_grpc",
    (Kind.EXPORTER, "otlphttp"): "otlp_http",
    (Kind.EXPORTER, "logging"): "debug",
    (Kind.EXPORTER, "loadbalancing"): "load_balancing",
    (Kind.EXPORTER, "prometheusremotewrite"): "prometheus_remote_write",
    (Kind.EXPORTER, "azuremonitor"): "azure_monitor",
    (Kind.PROCESSOR, "logdedup"): "log_dedup",
    (Kind.PROCESSOR, "k8sattributes"): "k8s_attributes",
    (Kind.PROCESSOR, "resourcedetection"): "resource_detection",
    (Kind.RECEIVER, "filelog"): "file_log",
    (Kind.RECEIVER, "fluentforward"): "fluent_forward",
    (Kind.RECEIVER, "otlpjsonfile"): "otlp_json_file",
    (Kind.RECEIVER, "tcplog"): "tcp_log",
    (Kind.RECEIVER, "udplog"): "udp_log",
    (Kind.RECEIVER, "webhookevent"): "webhook_event",
    (Kind.RECEIVER, "windowseventlog"): "windows_event_log",
    (Kind.RECEIVER, "k8sobjects"): "k8s_objects",
    (Kind.RECEIVER, "hostmetrics"): "host_metrics",
    (Kind.RECEIVER, "kubeletstats"): "kubelet_stats",
    (Kind.RECEIVER, "kafkametrics"): "kafka_metrics",
}
"""Names that the OpenTelemetry Collector replaced: old → new. Both load; the old one warns."""

_OTHER_SPELLING = {**RENAMED, **{(kind, new): old for (kind, old), new in RENAMED.items()}}
_ROOTS = ("collector", "exporters", "processors", "otlp_wire")


class Registry:
    """Component types by section and name.

    Args:
        extra: factories beside the table (tests, embedding).
        installed: False leaves out built-ins and plugins, so that only `extra` counts.
    """

    def __init__(self, extra: Sequence[Factory[Any]] = (), *, installed: bool = True) -> None:
        self._entries: dict[Kind, dict[str, EntryPoint]] = {kind: {} for kind in Kind}
        if installed:
            self._add_built_ins()
            self._add_plugins()
        self._loaded: dict[tuple[Kind, str], Factory[Any]] = {
            (factory.kind, name): factory for factory in extra for name in (factory.name, *factory.aliases)
        }

    def _add_built_ins(self) -> None:
        for kind, table in _BUILT_IN.items():
            for name, folder in table.items():
                self._add(kind, EntryPoint(name, f"{folder}:FACTORY", f"logboom.{kind}"))

    def _add_plugins(self) -> None:
        found = entry_points()
        for kind in Kind:
            for entry in found.select(group=f"logboom.{kind}"):
                self._add(kind, entry)

    def _add(self, kind: Kind, entry: EntryPoint) -> None:
        other = self._entries[kind].get(entry.name)
        if other is not None and other.value != entry.value:
            raise _refused(f'{kind} "{entry.name}" is declared twice: {other.value} and {entry.value}')
        self._entries[kind][entry.name] = entry

    def types(self, kind: Kind) -> list[str]:
        """All type names of a section, aliases included, without importing anything."""
        return sorted({*self._entries[kind], *(name for section, name in self._loaded if section == kind)})

    def find(self, kind: Kind, type_name: str) -> Factory[Any] | None:
        """The factory of a type by its name, an alias, or the other spelling in `RENAMED`; None when there is none.

        Raises:
            ConfigError: a plugin can't be imported, or what it names is no factory of this kind.
        """
        for name in (type_name, _OTHER_SPELLING.get((kind, type_name), "")):
            if (kind, name) not in self._loaded and name in self._entries[kind]:
                self._loaded[kind, name] = _load(kind, self._entries[kind][name])
            if (kind, name) in self._loaded:
                return self._loaded[kind, name]
        return None

    def factories(self, kind: Kind) -> list[Factory[Any]]:
        """Every factory of a section, each once, by name. Imports all their folders."""
        found = {id(factory): factory for name in self.types(kind) if (factory := self.find(kind, name))}
        return sorted(found.values(), key=lambda factory: factory.name)

    def origin(self, kind: Kind, type_name: str) -> str:
        """Where a type comes from: `logboom`, or the plugin's distribution."""
        entry = self._entries[kind].get(type_name)
        return entry.dist.name if entry is not None and entry.dist is not None else "logboom"


@cache
def default_registry() -> Registry:
    """The built-ins and the plugins installed beside logboom."""
    return Registry()


def check_import_roots() -> None:
    """No other distribution owns one of our import names; they are generic, and pip would not tell.

    Reads the file lists directly: `packages_distributions()` parses every name and takes ten times as long.

    Raises:
        ConfigError: naming the owner and the isolated install.
    """
    for distribution in distributions():
        files = "\n" + (distribution.read_text("RECORD") or "")
        taken = [root for root in _ROOTS if f"\n{root}/__init__.py," in files]
        if taken and distribution.name != "logboom":
            raise _refused(
                f"the import package {taken[0]} also belongs to {distribution.name}, installed in the same environment",
                "install logboom by itself: pipx install logboom, or uv tool install logboom",
            )


def _load(kind: Kind, entry: EntryPoint) -> Factory[Any]:
    try:
        factory = entry.load()
    except Exception as error:
        raise _refused(f'{kind} "{entry.name}" ({entry.value}) cannot be loaded: {error}') from error
    if not isinstance(factory, Factory) or factory.kind != kind:
        raise _refused(f'{kind} "{entry.name}": {entry.value} is not a Factory of {kind}')
    misfit = _misfit(factory)
    if misfit:
        raise _refused(f'{kind} "{entry.name}" ({entry.value}): {misfit}')
    return factory


def _misfit(factory: Factory[Any]) -> str:
    """What would fail later, as far as it can be seen without loading the behaviour."""
    if factory.kind is Kind.EXPORTER and not issubclass(factory.config, DeliveryConfig):
        return f"{factory.config.__name__} must derive from collector.delivery.config.DeliveryConfig"
    if not factory.has_behaviour and factory.kind not in (Kind.PROCESSOR, Kind.EXTENSION):
        return "it names no behaviour"
    return ""


def _refused(message: str, hint: str = "") -> ConfigError:
    return ConfigError([Problem(message, code="config/plugin", hint=hint)])
