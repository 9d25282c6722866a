"""A batch as text for people, a column at a time.

The layout of `detailed` follows otelcol's (`internal/otlptext`), so that eyes and scripts that know it feel at home.
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.documents import body_text
from collector.documents.facts import said
from otlp_wire import any_json

_LEVELS = ("Unspecified", "Trace", "Debug", "Info", "Warn", "Error", "Fatal")
_TYPE_NAMES = {
    ValueKind.EMPTY: "Empty",
    ValueKind.STRING: "Str",
    ValueKind.BOOL: "Bool",
    ValueKind.INT: "Int",
    ValueKind.DOUBLE: "Double",
    ValueKind.BYTES: "Bytes",
    ValueKind.ANY: "Any",
}


def summary(batch: LogBatch) -> str:
    """`Logs  resource logs: 1, log records: 20`."""
    return f"Logs\tresource logs: {batch.column('resource').n_unique()}, log records: {len(batch)}\n"


def lines(batch: LogBatch) -> str:
    """One line a record: time, severity, domain, body, attributes as `key=value`."""
    shown = _fields(batch).select(
        pl.concat_str(
            "time",
            "severity",
            "domain",
            pl.col("body").str.replace_all("\n", "\\n", literal=True),
            _attributes(batch, pl.format("{}={}", "key", "value"), " "),
            separator=" ",
        ).str.strip_chars_end()
    )
    return "\n".join(shown.to_series().to_list()) + "\n"


def blocks(batch: LogBatch) -> str:
    """All fields of each record, a block each."""
    kind = pl.col("kind").replace_strict({int(k): v for k, v in _TYPE_NAMES.items()}, return_dtype=pl.String)
    attributes = _attributes(batch, pl.format("\n     -> {}: {}({})", "key", kind, "value"), "")
    shown = _fields(batch).select(
        pl.format(
            "LogRecord #{}\nObservedTimestamp: {}\nTimestamp: {}\nSeverityText: {}\nSeverityNumber: {}({})\n"
            "EventName: {}\nDomain: {}\nRecordId: {}\nResource: {}\nScope: {}\nBody: {}\nAttributes:{}\n"
            "Trace ID: {}\nSpan ID: {}\nFlags: {}\n",
            pl.int_range(pl.len()),
            "observed",
            "time",
            "severity_text",
            "severity",
            "severity_number",
            "event_name",
            "domain",
            "record_id",
            "resource",
            "scope",
            "body",
            attributes,
            "trace_id",
            "span_id",
            "flags",
        )
    )
    return "".join(shown.to_series().to_list())


def _fields(batch: LogBatch) -> pl.DataFrame:
    """The columns that are shown, none of them null."""
    batch = said(batch)
    level = ((pl.col("severity_number") + 3) // 4).clip(0, len(_LEVELS) - 1)
    names = dict(enumerate(_LEVELS))
    return batch.records.with_columns(
        time=_time("time_unix_nano"),
        observed=_time("observed_time_unix_nano"),
        severity=level.replace_strict(names, return_dtype=pl.String),
        body=body_text(batch).fill_null(""),
        trace_id=pl.col("trace_id").bin.encode("hex"),
        span_id=pl.col("span_id").bin.encode("hex"),
        resource=_shared(batch.resource_attributes, batch.column("resource"), batch.resources.height),
        scope=batch.scope_field("name"),
    ).with_columns(
        pl.col("severity_text", "event_name", "domain", "record_id", "trace_id", "span_id", "scope").fill_null("")
    )


def _time(name: str) -> pl.Expr:
    return (
        pl.when(pl.col(name) > 0)
        .then(pl.col(name).cast(pl.Int64).cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ"))
        .otherwise(pl.lit("-"))
    )


def _attributes(batch: LogBatch, shown: pl.Expr, separator: str) -> pl.Series:
    """The attributes of each record as text; derived ones after those that came with it."""
    table = _named(batch.attributes)
    derived = [
        pl.DataFrame({"owner": pl.Series(range(len(batch)), dtype=pl.UInt32), "value": column.cast(pl.String)})
        .filter(pl.col("value").is_not_null())
        .with_columns(key=pl.lit(column.name), kind=pl.lit(int(_kind(column)), pl.UInt8))
        .select("owner", "key", "kind", "value")
        for column in batch.derived.get_columns()
    ]
    table = pl.concat([table, *derived])
    return _by_owner(table, shown, separator, len(batch))


def _shared(table: pl.DataFrame, positions: pl.Series, resources: int) -> pl.Series:
    """The attributes of each record's resource as `key=value`."""
    texts = _by_owner(_named(table), pl.format("{}={}", "key", "value"), " ", resources)
    return texts.gather(positions)


def _by_owner(table: pl.DataFrame, shown: pl.Expr, separator: str, height: int) -> pl.Series:
    joined = table.group_by("owner", maintain_order=True).agg(shown.str.join(separator).alias("text"))
    owners = pl.DataFrame({"owner": pl.Series(range(height), dtype=pl.UInt32)})
    return owners.join(joined, on="owner", how="left", maintain_order="left").get_column("text").fill_null("")


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """An attribute table with one column `value` of text."""
    value = pl.coalesce(
        "string",
        pl.col("bool").cast(pl.String),
        pl.col("int").cast(pl.String),
        pl.col("double").cast(pl.String),
        pl.col("bytes").bin.encode("base64"),
        any_json(table.get_column("any")),
        pl.lit(""),
    )
    return table.select("owner", "key", "kind", value=value)


def _kind(column: pl.Series) -> ValueKind:
    if column.dtype.is_integer():
        return ValueKind.INT
    if column.dtype.is_float():
        return ValueKind.DOUBLE
    return ValueKind.BOOL if column.dtype == pl.Boolean else ValueKind.STRING
