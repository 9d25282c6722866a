"""The Collector's schema for logs: what is made where it is not there, and which columns an insert names.

Later versions of the Collector differ in the order and the indexes of tables that they make, not in the columns that are inserted;
`EventName` is the one that older tables lack.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporters.clickhouse.config import ClickHouseConfig

_LOW, _TEXT, _MAP = "LowCardinality(String)", "String", "Map(LowCardinality(String), String)"
_COMPRESSED = " CODEC(ZSTD(1))"
_COLUMNS = {
    "Timestamp": "DateTime64(9) CODEC(Delta(8), ZSTD(1))",
    "TraceId": _TEXT + _COMPRESSED,
    "SpanId": _TEXT + _COMPRESSED,
    "TraceFlags": "UInt8",
    "SeverityText": _LOW + _COMPRESSED,
    "SeverityNumber": "UInt8",
    "ServiceName": _LOW + _COMPRESSED,
    "Body": _TEXT + _COMPRESSED,
    "ResourceSchemaUrl": _LOW + _COMPRESSED,
    "ResourceAttributes": _MAP + _COMPRESSED,
    "ScopeSchemaUrl": _LOW + _COMPRESSED,
    "ScopeName": _TEXT + _COMPRESSED,
    "ScopeVersion": _LOW + _COMPRESSED,
    "ScopeAttributes": _MAP + _COMPRESSED,
    "LogAttributes": _MAP + _COMPRESSED,
    "EventName": _TEXT + _COMPRESSED,
}
OPTIONAL = "EventName"
_MATERIALIZED = (
    *(f"k8s.{name}" for name in ("cluster.name", "container.name", "deployment.name", "namespace.name", "node.name")),
    *("k8s.pod.name", "k8s.pod.uid", "deployment.environment.name"),
)
"""Attributes of the resource with a column of their own, which the server fills."""
_BLOOMED = {"res": "ResourceAttributes", "scope": "ScopeAttributes", "log": "LogAttributes"}
_UNITS = {"Day": 86400, "Hour": 3600, "Minute": 60, "Second": 1}


def quoted(name: str) -> str:
    """An identifier, whatever is in it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def table(config: ClickHouseConfig) -> str:
    """`"otel"."otel_logs"`."""
    return f"{quoted(config.into)}.{quoted(config.logs_table_name)}"


def insert(config: ClickHouseConfig, *, with_optional: bool) -> str:
    """The statement in front of an Arrow stream. Columns are named, so that a table which lacks one is an error and no row without a body."""
    names = ", ".join(name for name in _COLUMNS if with_optional or name != OPTIONAL)
    return f"INSERT INTO {table(config)} ({names}) FORMAT ArrowStream"


def statements(config: ClickHouseConfig) -> Iterator[str]:
    """What makes database and table, where they are not there."""
    cluster = _on_cluster(config.cluster_name)
    if config.into != "default":
        yield f"CREATE DATABASE IF NOT EXISTS {quoted(config.into)}{cluster}"
    members = ",\n    ".join([*_columns(), *_indexes()])
    engine = f"{config.table_engine.name}({config.table_engine.params})" if config.table_engine.name else "MergeTree()"
    yield (
        f"CREATE TABLE IF NOT EXISTS {table(config)}{cluster} (\n    {members}\n) ENGINE = {engine}\n"
        "PARTITION BY toDate(Timestamp)\nORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)\n"
        f"{_ttl(config.ttl)}SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1"
    )


def _columns() -> Iterator[str]:
    yield from (f"{name} {kind}" for name, kind in _COLUMNS.items())
    for key in _MATERIALIZED:
        yield f"{quoted(f'__otel_materialized_{key}')} {_LOW} MATERIALIZED ResourceAttributes['{key}']{_COMPRESSED}"


def _indexes() -> Iterator[str]:
    yield "INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1"
    for short, column in _BLOOMED.items():
        for part in ("key", "value"):
            yield f"INDEX idx_{short}_attr_{part} map{part.title()}s({column}) TYPE bloom_filter(0.01) GRANULARITY 1"
    yield "INDEX idx_lower_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8"


def _on_cluster(name: str) -> str:
    """A macro (`{cluster}`) is known in a text only."""
    if not name:
        return ""
    bare = name.strip("'")
    return f" ON CLUSTER {quoted(bare)}" if "{" not in bare else f" ON CLUSTER '{bare}'"


def _ttl(secs: float) -> str:
    whole = int(secs)
    if not whole:
        return ""
    unit, size = next((unit, size) for unit, size in _UNITS.items() if whole % size == 0)
    return f"TTL toDateTime(Timestamp) + toInterval{unit}({whole // size})\n"
