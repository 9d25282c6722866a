"""Batches written down record by record, for tests that compare columns with what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from collector.batch import ATTRIBUTES, RECORDS, RESOURCES, SCOPES, LogBatch, ValueKind

Attributes = Sequence[tuple[str, Any]]
"""Keys and values: None, str, bool, int, float, bytes, or `Nested`."""


@dataclass(frozen=True, slots=True)
class Nested:
    """An attribute that holds an array or a map: the serialised AnyValue."""

    any_value: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its own resource and scope, its attributes, and any column of `RECORDS` in `fields`."""

    record_id: str
    attributes: Attributes = ()
    resource: Attributes = ()
    scope: tuple[str, str, Attributes] = ("", "", ())
    fields: dict[str, Any] = field(default_factory=dict)


_DEFAULTS: dict[str, Any] = {
    "time_unix_nano": 1_700_000_000_000_000_001,
    "observed_time_unix_nano": 0,
    "severity_number": 9,
    "severity_text": "",
    "body": "text",
    "body_any": None,
    "trace_id": b"",
    "span_id": b"",
    "flags": 0,
    "event_name": "",
    "dropped_attributes_count": 0,
    "payload": 0,
    "domain": "tamyla.com",
}
_COLUMNS = {str: "string", bool: "bool", int: "int", float: "double", bytes: "bytes"}
_KINDS = {
    type(None): ValueKind.EMPTY,
    str: ValueKind.STRING,
    bool: ValueKind.BOOL,
    int: ValueKind.INT,
    float: ValueKind.DOUBLE,
    bytes: ValueKind.BYTES,
    Nested: ValueKind.ANY,
}


def batch_of(rows: Sequence[Row]) -> LogBatch:
    """The rows as a batch; row i has resource i and scope i."""
    records = [
        {**_DEFAULTS, **row.fields, "record_id": row.record_id, "resource": at, "scope": at}
        for at, row in enumerate(rows)
    ]
    scopes = [
        {"name": name, "version": version, "schema_url": "", "dropped_attributes_count": 0}
        for name, version, _ in (row.scope for row in rows)
    ]
    resource = {"schema_url": "", "dropped_attributes_count": 0, "entity_refs": None}
    return LogBatch(
        pl.DataFrame(records, schema=RECORDS),
        attribute_table([row.attributes for row in rows]),
        resources=pl.DataFrame([resource] * len(rows), schema=RESOURCES),
        resource_attributes=attribute_table([row.resource for row in rows]),
        scopes=pl.DataFrame(scopes, schema=SCOPES),
        scope_attributes=attribute_table([row.scope[2] for row in rows]),
    )


def attribute_table(owners: Sequence[Attributes]) -> pl.DataFrame:
    """An attribute table; item i is what owner i has."""
    return pl.DataFrame(
        [_attribute(owner, key, value) for owner, own in enumerate(owners) for key, value in own],
        schema=ATTRIBUTES,
        orient="row",
    )


def _attribute(owner: int, key: str, value: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(ATTRIBUTES)
    row.update(owner=owner, key=key, kind=int(_KINDS[type(value)]))
    if isinstance(value, Nested):
        row["any"] = value.any_value
    elif value is not None:
        row[_COLUMNS[type(value)]] = value
    return row
