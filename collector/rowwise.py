"""The slow way: a processor that sees one record at a time as a dict.

About 25 µs a record with six attributes, a hundred times what columns cost: every record is made into Python objects
and back. It is for what no column operation can say, and for trying things out:

    def redact(record):
        if record["attributes"].get("http.route") == "/health":
            return None                                   # leave it out
        record["attributes"].pop("user.email", None)
        return record

    processor = RowProcessor(redact)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

import otlp_wire
from collector.batch import LogBatch
from collector.columns.tables import ATTRIBUTES, FROM_BODY, RECORDS, VALUE_COLUMNS, ValueKind

if TYPE_CHECKING:
    from collector.component import Work

Record = dict[str, Any]
"""`time_unix_nano`, `observed_time_unix_nano`, `severity_number`, `severity_text`, `flags`, `event_name`, `domain`;
`trace_id` and `span_id` in hexadecimal; `body` and the values in `attributes`, `resource` and `scope_attributes` as
Python values (str, bool, int, float, bytes, list, dict, None); `scope_name`. Changes to `domain`, the resource and the
scope are ignored: other records share them."""

_FIELDS = ("time_unix_nano", "observed_time_unix_nano", "severity_number", "severity_text", "flags", "event_name")
_ID_BYTES = {"trace_id": 16, "span_id": 8}


class RowProcessor:
    """Runs `function(record) -> record | None` over every record. None leaves the record out (`filtered`).

    A record is kept as it came, and counted in `row_errors`, when the function raises or returns what no record can
    hold. A changed record keeps one attribute a key.
    """

    def __init__(self, function: Callable[[Record], Record | None]) -> None:
        self._function = function
        self.row_errors = 0

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - the contract of processors
        """See `collector.component.Processor`."""
        changed: dict[int, _Edit] = {}
        kept: list[int] = []
        for position, record in enumerate(rows(batch)):
            edit = self._run(record)
            if edit is not None:
                kept.append(position)
                if edit is not _UNCHANGED:
                    changed[position] = edit
        edited = _with_edits(batch, changed)
        return edited if len(kept) == len(batch) else edited.gather(pl.Series(kept, dtype=pl.Int64))

    def _run(self, record: Record) -> _Edit | None:
        try:
            result = self._function(deepcopy(record))
            if result is None:
                return None
            return _UNCHANGED if result == record else _edit(result)
        except Exception:  # noqa: BLE001 - a user's function may raise or return anything; that must not stop a batch
            self.row_errors += 1
            return _UNCHANGED


@dataclass(frozen=True, slots=True)
class _Edit:
    """What a changed record becomes: its fields, and (key, kind, value) of its attributes."""

    fields: dict[str, Any]
    attributes: list[tuple[str, ValueKind, Any]]


_UNCHANGED = _Edit({}, [])


def rows(batch: LogBatch) -> list[Record]:
    """The batch as one dict a record."""
    attributes = _objects(batch.all_attributes(), len(batch))
    resources = _objects(batch.resource_attributes, batch.resources.height)
    scopes = _objects(batch.scope_attributes, batch.scopes.height)
    names = batch.scope_field("name").to_list()
    return [
        {
            **{name: row[name] for name in (*_FIELDS, "domain")},
            **{name: row[name].hex() for name in _ID_BYTES},
            "body": row["body"] if row["body_any"] is None else otlp_wire.any_to_python(row["body_any"]),
            "attributes": attributes[position],
            "resource": resources[row["resource"]] if resources else {},
            "scope_name": names[position],
            "scope_attributes": scopes[row["scope"]] if scopes else {},
        }
        for position, row in enumerate(batch.records.iter_rows(named=True))
    ]


def _objects(table: pl.DataFrame, owners: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{} for _ in range(owners)]
    for row in table.iter_rows(named=True):
        kind = ValueKind(row["kind"])
        value = row[VALUE_COLUMNS[kind]]
        if kind in (ValueKind.ANY, ValueKind.EMPTY):
            value = otlp_wire.any_to_python(value or b"")
        found[row["owner"]].setdefault(row["key"], value)
    return found


def _edit(record: Record) -> _Edit:
    """Raises when a field holds what its column can't."""
    body = record["body"]
    fields = {name: record[name] for name in _FIELDS}
    fields |= {name: _id(record[name], size) for name, size in _ID_BYTES.items()}
    fields["body"] = _text(body) if isinstance(body, str) else None
    fields["body_any"] = None if body is None or isinstance(body, str) else otlp_wire.any_from_python(body)
    for name, value in fields.items():
        pl.Series([value], dtype=RECORDS[name])
    return _Edit(fields, [(_text(key), *_stored(value)) for key, value in record["attributes"].items()])


def _id(digits: str, size: int) -> bytes:
    data = bytes.fromhex(digits)
    if len(data) not in (0, size):
        raise ValueError(f"an id of {size} bytes")
    return data


def _stored(value: Any) -> tuple[ValueKind, Any]:
    """The kind of an attribute's value, and the value as its column holds it."""
    match value:
        case bool():
            return ValueKind.BOOL, value
        case int() if -(1 << 63) <= value < 1 << 63:
            return ValueKind.INT, value
        case float():
            return ValueKind.DOUBLE, value
        case bytes():
            return ValueKind.BYTES, value
        case None:
            return ValueKind.EMPTY, b""
        case Mapping() | list() | tuple() | set() | frozenset():
            return ValueKind.ANY, otlp_wire.any_from_python(value)
        case _:
            return ValueKind.STRING, _text(value)


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")  # a column can't hold lone surrogates


def _with_edits(batch: LogBatch, edits: Mapping[int, _Edit]) -> LogBatch:
    if not edits:
        return batch
    # Derived columns become rows first: a changed record may hold another kind of value under such a key.
    others = batch.all_attributes()
    others = others.filter(~others.get_column("owner").is_in(list(edits)))
    edited = _still_marked(_attribute_rows(edits), batch.attributes)
    table = pl.concat([others, edited], how="diagonal").sort("owner", maintain_order=True)
    return replace(batch, attributes=table, derived=pl.DataFrame()).with_fields(_fields(batch, edits))


def _still_marked(edited: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """What was taken out of a body, and was not changed, stays marked as that."""
    if FROM_BODY not in before.columns:
        return edited
    same = ["owner", "key", "kind", *{"string", "bool", "int", "double"}]
    marks = before.filter(FROM_BODY).select(*same, FROM_BODY).unique(same)
    return edited.join(marks, on=same, how="left", nulls_equal=True, maintain_order="left")


def _attribute_rows(edits: Mapping[int, _Edit]) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {name: [] for name in ATTRIBUTES}
    for owner, edit in edits.items():
        for key, kind, value in edit.attributes:
            row = {"owner": owner, "key": key, "kind": int(kind), VALUE_COLUMNS[kind]: value}
            for name, column in columns.items():
                column.append(row.get(name))
    return pl.DataFrame(columns, schema=ATTRIBUTES)


def _fields(batch: LogBatch, edits: Mapping[int, _Edit]) -> dict[str, pl.Series]:
    columns = {name: batch.column(name).to_list() for name in (*_FIELDS, *_ID_BYTES, "body", "body_any")}
    for position, edit in edits.items():
        for name, column in columns.items():
            column[position] = edit.fields[name]
    return {name: pl.Series(name, values, dtype=RECORDS[name]) for name, values in columns.items()}
