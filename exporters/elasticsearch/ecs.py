"""Documents of the mapping mode `ecs`: attributes under the names of the Elastic Common Schema, nested.

Source of the names: the README of the OpenTelemetry Collector's elasticsearch exporter, "ECS mapping mode".
"""

from __future__ import annotations

from functools import partial

import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from exporters.elasticsearch import layout, shapes
from exporters.elasticsearch.fields import fields
from exporters.elasticsearch.flat import given, id_texts, stream_texts, timestamp_texts
from exporters.elasticsearch.routing import Routes

_RESOURCE = {
    "service.instance.id": "service.node.name",
    "deployment.environment": "service.environment",
    "deployment.environment.name": "service.environment",
    "cloud.platform": "cloud.service.name",
    "container.image.tags": "container.image.tag",
    "host.arch": "host.architecture",
    "process.parent_pid": "process.parent.pid",
    "process.executable.name": "process.title",
    "process.executable.path": "process.executable",
    "process.command_line": "process.args",
    "process.runtime.name": "service.runtime.name",
    "process.runtime.version": "service.runtime.version",
    "os.name": "host.os.name",
    "os.type": "host.os.platform",
    "os.description": "host.os.full",
    "os.version": "host.os.version",
    "client.address": "client.ip",
    "source.address": "source.ip",
    "k8s.deployment.name": "kubernetes.deployment.name",
    "k8s.namespace.name": "kubernetes.namespace",
    "k8s.node.name": "kubernetes.node.name",
    "k8s.pod.name": "kubernetes.pod.name",
    "k8s.pod.uid": "kubernetes.pod.uid",
    "k8s.job.name": "kubernetes.job.name",
    "k8s.cronjob.name": "kubernetes.cronjob.name",
    "k8s.statefulset.name": "kubernetes.statefulset.name",
    "k8s.replicaset.name": "kubernetes.replicaset.name",
    "k8s.daemonset.name": "kubernetes.daemonset.name",
    "k8s.container.name": "kubernetes.container.name",
    "k8s.cluster.name": "orchestrator.cluster.name",
    "faas.instance": "faas.id",
    "faas.trigger": "faas.trigger.type",
}
_LEFT_OUT = [
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
]
_RECORD = {
    "event.name": "event.action",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stacktrace",
    "exception.type": "error.type",
    "exception.escaped": "event.error.exception.handled",
    "http.response.body.size": "http.response.encoded_body_size",
}
_PROTECTED = frozenset({*_RESOURCE.values(), *_RECORD.values(), "host.hostname"})
"""Names of the schema: an attribute below one of them gives way."""

_OS_TYPES = {
    "windows": "windows",
    "linux": "linux",
    "darwin": "macos",
    **dict.fromkeys(("aix", "hpux", "solaris"), "unix"),
}
_OS_NAMES = {"Android": "android", "iOS": "ios"}


def documents(batch: LogBatch, routes: Routes) -> list[pl.Expr]:
    """One JSON object a record."""
    number = batch.column("severity_number")
    after = {
        **stream_texts(routes),
        "host.os.type": _os_types(batch),
        "@timestamp": timestamp_texts(batch),
        "trace.id": id_texts(batch.column("trace_id")),
        "span.id": id_texts(batch.column("span_id")),
        "event.severity": number.set(number == 0, None).cast(pl.String),
        "log.level": quoted(given(batch.column("severity_text"))),
        "message": quoted(batch.column("body")),
    }
    own = fields(_renamed(batch.all_attributes(), _RECORD))
    scopes = shapes.small(fields(batch.scope_attributes), batch.scopes.height)
    sources = shapes.Sources({}, _resources(batch), scopes, own, after)
    return [pl.lit(shapes.documents(batch, sources, partial(layout.nested, protected=_PROTECTED)))]


def _resources(batch: LogBatch) -> list[list[tuple[str, str]]]:
    """`host.name` stays, and is the hostname as well unless there is one."""
    table = batch.resource_attributes.filter(~pl.col("key").is_in(_LEFT_OUT))
    having = table.filter(pl.col("key") == "host.hostname").get_column("owner")
    named = table.filter(pl.col("key") == "host.name", ~pl.col("owner").is_in(having.implode()))
    every = pl.concat([_renamed(table, _RESOURCE), named.with_columns(key=pl.lit("host.hostname"))])
    return shapes.small(fields(every), batch.resources.height)


def _renamed(table: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Before flattening: maps go by the new name as well."""
    return table.with_columns(pl.col("key").replace(names))


def _os_types(batch: LogBatch) -> pl.Series:
    by_type = batch.resource_attribute("os.type").replace_strict(_OS_TYPES, default=None, return_dtype=pl.String)
    by_name = batch.resource_attribute("os.name").replace_strict(_OS_NAMES, default=None, return_dtype=pl.String)
    return quoted(by_name.zip_with(by_name.is_not_null(), by_type))
