"""Payloads → `LogBatch`, a column at a time.

    payloads ──ptars──► nested Arrow, one row a payload ──flatten──► records, attributes, resources, scopes

Flattening a nested Arrow list costs nothing: its values are already one long column, and its offsets give the parent of
each. Only what OTLP knows survives: unknown fields are left out, and so are resources and scopes without records once
nothing refers to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from collector.batch import LogBatch
from collector.columns.sent import FIELDS, Sent
from collector.columns.tables import PAYLOADS, RECORDS, conform, nulls
from otlp_wire import anycolumns, columnar, framing, sent_messages
from otlp_wire.messages import DecodeError, ExportLogsServiceRequest

_AS_SENT = (
    "time_unix_nano",
    "observed_time_unix_nano",
    "severity_number",
    "severity_text",
    "flags",
    "event_name",
    "dropped_attributes_count",
)
_ID_SIZES = {"trace_id": 16, "span_id": 8}


class Undecodable(ValueError):
    """The payloads can't be decoded. One of them is to blame: halve the list to find it."""


def decode_payloads(bodies: Sequence[bytes]) -> LogBatch:
    """One batch of all records in `bodies`, each a serialised ExportLogsServiceRequest, in wire order.

    `payload` is the position in `bodies`; `domain`, `record_id` and the columns of `payloads` are null: the bytes
    don't tell. Trace and span ids of a wrong length become empty.

    Raises:
        Undecodable: at least one payload is not valid.
    """
    return read_payloads(bodies)[0]


def read_payloads(bodies: Sequence[bytes], *, keep: bool = False) -> tuple[LogBatch, int]:
    """`decode_payloads`, and how many trace and span ids had a wrong length. `keep`: with the records as they were sent, unless
    something in them had to be read in another way."""
    if not bodies:
        return LogBatch.empty(), 0
    batch, bad_ids, torn = _Reading(_to_arrow(bodies)).run()
    if len(torn):
        bodies = [canonical(body) if position in torn else body for position, body in enumerate(bodies)]
        batch, bad_ids, _ = _Reading(_to_arrow(bodies)).run()
    elif keep and not bad_ids and len(batch):
        sent = Sent(sent_messages.read_messages(list(bodies)), batch.records[list(FIELDS)], batch.attributes)
        batch = replace(batch, sent=sent)
    return batch, bad_ids


def canonical(body: bytes) -> bytes:
    """The same request as the official classes write it: each field once.

    Raises:
        Undecodable: not a valid request.
    """
    try:
        return bytes(ExportLogsServiceRequest.FromString(body).SerializeToString())
    except DecodeError as error:
        raise Undecodable(str(error)) from None


def _to_arrow(bodies: Sequence[bytes]) -> pa.ListArray:
    try:
        return columnar.reader().list_to_record_batch(list(bodies)).column(0)
    except (KeyboardInterrupt, SystemExit, MemoryError, OSError):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the Rust side derives from it
        raise Undecodable(type(error).__name__ + ": " + str(error)[:200]) from None


class _Reading:
    """One list of payloads on its way into tables; collects which payloads were torn."""

    def __init__(self, resource_logs: pa.ListArray) -> None:
        self.payloads = len(resource_logs)
        self.resource_logs = resource_logs.values
        self.resource_payload = _owners(resource_logs)
        scope_logs = self.resource_logs.field("scope_logs")
        self.scope_logs = scope_logs.values
        self.scope_resource = _owners(scope_logs)
        log_records = self.scope_logs.field("log_records")
        self.log_records = log_records.values
        self.record_scope = _owners(log_records)
        self.torn: set[int] = set()
        self.bad_ids = 0

    def run(self) -> tuple[LogBatch, int, set[int]]:
        scope_payload = self.resource_payload[self.scope_resource]
        record_payload = scope_payload[self.record_scope]
        resource, scope = self.resource_logs.field("resource"), self.scope_logs.field("scope")
        batch = LogBatch(
            records=self._records(record_payload),
            attributes=self._attributes(self.log_records, record_payload),
            resources=_resources(self.resource_logs, resource),
            resource_attributes=self._attributes(resource, self.resource_payload),
            scopes=_scopes(self.scope_logs, scope),
            scope_attributes=self._attributes(scope, scope_payload),
            payloads=pl.DataFrame([nulls(name, dtype, self.payloads) for name, dtype in PAYLOADS.items()]),
        )
        return batch, self.bad_ids, self.torn

    def _records(self, payload: npt.NDArray[np.uint32]) -> pl.DataFrame:
        columns = {name: _series(self.log_records.field(name)) for name in _AS_SENT}
        columns |= {name: self._ids(name, size) for name, size in _ID_SIZES.items()}
        bodies, torn = anycolumns.read(self.log_records.field("body"))
        self._blame(torn, payload)
        text = bodies.members.get("string_value")
        columns["body"] = text.values if text else nulls("", pl.String(), len(bodies))
        others = anycolumns.serialised(bodies, leave_out="string_value")
        columns["body_any"] = others.set(others.bin.size() == 0, None)  # a body without a value is absent
        columns["scope"] = pl.Series(self.record_scope)
        columns["resource"] = pl.Series(self.scope_resource[self.record_scope])
        columns["payload"] = pl.Series(payload)
        return conform(pl.DataFrame(columns), RECORDS)

    def _ids(self, name: str, size: int) -> pl.Series:
        ids = self.log_records.field(name)
        sizes = pc.binary_length(ids).to_numpy()
        bad = (sizes != 0) & (sizes != size)
        if not bad.any():
            return _series(ids)
        self.bad_ids += int(np.count_nonzero(bad))
        return _series(ids).set(pl.Series(bad), b"")

    def _attributes(self, owners: pa.StructArray, payload: npt.NDArray[np.uint32]) -> pl.DataFrame:
        lists = owners.field("attributes")
        owner = _owners(lists)
        values, torn = anycolumns.read(lists.values.field("value"))
        if torn.any():
            self._blame(torn, payload[owner])
        columns = {"owner": pl.Series(owner), "key": _series(lists.values.field("key"))}
        table = pl.DataFrame(columns | anycolumns.attribute_columns(values))
        return _with_key_strindex(table, lists.values)

    def _blame(self, torn: npt.NDArray[np.bool_], payload: npt.NDArray[np.uint32]) -> None:
        self.torn.update(np.unique(payload[torn]).tolist())


def _owners(lists: pa.ListArray) -> npt.NDArray[np.uint32]:
    """For each item of a list column the row it belongs to."""
    return np.repeat(np.arange(len(lists), dtype=np.uint32), np.diff(lists.offsets.to_numpy()))


def _series(column: pa.Array) -> pl.Series:
    return pl.Series(pl.from_arrow(column))


def _with_key_strindex(table: pl.DataFrame, items: pa.StructArray) -> pl.DataFrame:
    if "key_strindex" not in [field.name for field in items.type]:
        return table
    indices = items.field("key_strindex")
    if not indices.to_numpy().any():
        return table
    return table.hstack([_series(indices).alias("key_strindex")])


def _resources(resource_logs: pa.StructArray, resource: pa.StructArray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "schema_url": _series(resource_logs.field("schema_url")),
            "dropped_attributes_count": _dropped(resource),
            "entity_refs": _entity_refs(resource),
        }
    )


def _entity_refs(resource: pa.StructArray) -> pl.Series:
    if "entity_refs" not in [field.name for field in resource.type]:
        return nulls("", pl.Binary(), len(resource))
    refs = resource.field("entity_refs")
    if not len(refs.values):
        return nulls("", pl.Binary(), len(resource))
    fields = framing.framed(framing.ENTITY_REF, _series(refs.values)).to_arrow().cast(pa.binary())
    joined = _series(pc.binary_join(pa.ListArray.from_arrays(refs.offsets, fields), b""))
    return joined.set(joined.bin.size() == 0, None)


def _scopes(scope_logs: pa.StructArray, scope: pa.StructArray) -> pl.DataFrame:
    absent = scope.null_count == len(scope)
    return pl.DataFrame(
        {
            "name": _blank(len(scope)) if absent else _series(scope.field("name")),
            "version": _blank(len(scope)) if absent else _series(scope.field("version")),
            "schema_url": _series(scope_logs.field("schema_url")),
            "dropped_attributes_count": _dropped(scope),
        }
    )


def _blank(height: int) -> pl.Series:
    return pl.Series([""]).new_from_index(0, height)


def _dropped(message: Any) -> pl.Series:
    counts = _series(message.field("dropped_attributes_count"))
    if not message.null_count:
        return counts
    return counts.set(pl.Series(message.is_null().to_numpy(zero_copy_only=False)), None)
