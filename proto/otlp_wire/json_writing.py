"""`LogBatch` → OTLP JSON, a column at a time: ids in lower-case hexadecimal, 64-bit integers as strings, defaults left out.

Each level is text made from columns and joined by owner: attributes into records, records into scopes, scopes into
resources. Python touches nested values only, once per distinct one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import ValueKind, optional_positions, rows_at
from otlp_wire.anyvalue import json_double, per_distinct
from otlp_wire.grouping import Groups, Positions, grouped
from otlp_wire.json_schema import camel_case
from otlp_wire.messages import AnyValue, DecodeError, Resource


def encode_json(batch: LogBatch) -> bytes:
    """All records of the batch as one ExportLogsServiceRequest in OTLP JSON, without line breaks; `{}` for none."""
    if not len(batch):
        return b"{}"
    batch, groups = grouped(batch)
    scopes = _joined(_owners(groups.scope_starts), _records(batch), len(groups.scopes))
    scope_logs = _scope_logs(batch, groups, scopes)
    resources = _joined(_owners(groups.resource_starts), scope_logs, len(groups.resources))
    resource_logs = _resource_logs(batch, groups, resources)
    return ('{"resourceLogs":[' + ",".join(resource_logs) + "]}").encode()


def _owners(starts: Positions) -> Positions:
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def _joined(owner: Positions, texts: pl.Series, owners: int) -> pl.Series:
    """The texts of each owner with commas between; null for an owner without any. `owner` ascends."""
    frame = pl.DataFrame({"owner": owner, "text": texts})
    joined = frame.group_by("owner", maintain_order=True).agg(pl.col("text").str.join(","))
    rows = np.full(owners, -1, dtype=np.int64)
    rows[joined.get_column("owner").to_numpy()] = np.arange(joined.height)
    return joined.get_column("text").gather(optional_positions(rows))


def _objects(frame: pl.DataFrame, members: Iterable[pl.Expr]) -> pl.Series:
    """One JSON object a row from its members (`"key":value`), leaving out the null ones."""
    inside = pl.concat_str(*members, separator=",", ignore_nulls=True)
    return frame.select(("{" + inside + "}").alias("object")).to_series()


def _string_member(column: str) -> pl.Expr:
    """`"key":"text"`, escaped; null for "" and null."""
    member = pl.struct(pl.col(column).alias(camel_case(column))).struct.json_encode().str.slice(1)
    return pl.when(pl.col(column) != "").then(member.str.head(-1))


def _number_member(column: str, *, quoted: bool = False) -> pl.Expr:
    """`"key":1`; null for 0 and null."""
    text = pl.col(column).cast(pl.String)
    return pl.when(pl.col(column) != 0).then(f'"{camel_case(column)}":' + ('"' + text + '"' if quoted else text))


def _id_member(column: str) -> pl.Expr:
    digits = pl.col(column).bin.encode("hex")
    return pl.when(digits != "").then(f'"{camel_case(column)}":"' + digits + '"')


def _list_member(column: str) -> pl.Expr:
    return f'"{camel_case(column)}":[' + pl.col(column) + "]"


def _records(batch: LogBatch) -> pl.Series:
    attributes = batch.all_attributes()
    frame = batch.records.with_columns(
        attributes=_joined(attributes.get_column("owner").to_numpy(), _attributes(attributes), len(batch)),
        body_any=per_distinct(batch.column("body_any"), _any_text),
    )
    text = pl.struct(pl.col("body").alias("stringValue")).struct.json_encode()
    others = pl.when(pl.col("body_any") != "{}").then(pl.col("body_any"))
    members = [
        _number_member("time_unix_nano", quoted=True),
        _number_member("observed_time_unix_nano", quoted=True),
        _number_member("severity_number"),
        _string_member("severity_text"),
        '"body":' + pl.when(pl.col("body").is_not_null()).then(text).otherwise(others),
        _list_member("attributes"),
        _number_member("dropped_attributes_count"),
        _number_member("flags"),
        _id_member("trace_id"),
        _id_member("span_id"),
        _string_member("event_name"),
    ]
    return _objects(frame, members)


def _attributes(table: pl.DataFrame) -> pl.Series:
    """One `{"key":…,"value":…}` a row."""
    frame = table.with_columns(any=per_distinct(table.get_column("any"), _any_text))
    members = [pl.struct("key").struct.json_encode().str.slice(1).str.head(-1), '"value":' + _value()]
    if "key_strindex" in table.columns:
        members.append(_number_member("key_strindex"))
    return _objects(frame, members)


def _value() -> pl.Expr:
    kind, number = pl.col("kind"), pl.col("double")
    quoted = {"NaN": number.is_nan(), "Infinity": number == float("inf"), "-Infinity": number == float("-inf")}
    double = number.cast(pl.String)
    for text, found in quoted.items():
        double = pl.when(found).then(pl.lit(f'"{text}"')).otherwise(double)
    return (
        pl.when(kind == int(ValueKind.STRING))
        .then(pl.struct(pl.col("string").alias("stringValue")).struct.json_encode())
        .when(kind == int(ValueKind.INT))
        .then('{"intValue":"' + pl.col("int").cast(pl.String) + '"}')
        .when(kind == int(ValueKind.BOOL))
        .then('{"boolValue":' + pl.col("bool").cast(pl.String) + "}")
        .when(kind == int(ValueKind.DOUBLE))
        .then('{"doubleValue":' + double + "}")
        .when(kind == int(ValueKind.BYTES))
        .then('{"bytesValue":"' + pl.col("bytes").bin.encode("base64") + '"}')
        .otherwise(pl.col("any"))
    )


def _scope_logs(batch: LogBatch, groups: Groups, records: pl.Series) -> pl.Series:
    attributes = _attributes(batch.scope_attributes)
    owned = _joined(*_by_owner(batch.scope_attributes, attributes), batch.scopes.height)
    scopes = rows_at(batch.scopes.with_columns(attributes=owned), groups.scopes)
    scope = _objects(
        scopes,
        [
            _string_member("name"),
            _string_member("version"),
            _list_member("attributes"),
            _number_member("dropped_attributes_count"),
        ],
    )
    return _groups(scopes, "scope", scope, "log_records", records)


def _resource_logs(batch: LogBatch, groups: Groups, scope_logs: pl.Series) -> pl.Series:
    attributes = _attributes(batch.resource_attributes)
    table = batch.resources.with_columns(
        attributes=_joined(*_by_owner(batch.resource_attributes, attributes), batch.resources.height),
        entity_refs=per_distinct(batch.resources.get_column("entity_refs"), _entity_refs),
    )
    resources = rows_at(table, groups.resources)
    members = [_list_member("attributes"), _number_member("dropped_attributes_count"), _list_member("entity_refs")]
    return _groups(resources, "resource", _objects(resources, members), "scope_logs", scope_logs)


def _by_owner(table: pl.DataFrame, texts: pl.Series) -> tuple[Positions, pl.Series]:
    owners = table.get_column("owner").to_numpy()
    order = np.argsort(owners, kind="stable")
    return owners[order], texts.gather(pl.Series(order))


def _groups(table: pl.DataFrame, one: str, heads: pl.Series, many: str, items: pl.Series) -> pl.Series:
    """`{"resource":{…},"scopeLogs":[…],"schemaUrl":…}`, or the same of a scope; without its head if that was not sent."""
    sent = table.get_column("dropped_attributes_count").is_not_null() | (heads != "{}")
    frame = table.select("schema_url").with_columns(heads.alias(one), items.alias(many), sent=sent)
    head = pl.when(pl.col("sent")).then(f'"{one}":' + pl.col(one))
    return _objects(frame, [head, _list_member(many), _string_member("schema_url")])


def _any_text(data: bytes) -> str:
    try:
        return orjson.dumps(_any(AnyValue.FromString(data))).decode()
    except DecodeError:
        return orjson.dumps({"bytesValue": b64encode(data).decode()}).decode()


def _any(value: Any) -> dict[str, Any]:
    member = value.WhichOneof("value")
    if member is None:
        return {}
    content = getattr(value, member)
    if member == "array_value":
        content = {"values": [_any(item) for item in content.values]}
    elif member == "kvlist_value":
        content = {"values": [_pair(pair) for pair in content.values]}
    elif member == "int_value":
        content = str(content)
    elif member == "bytes_value":
        content = b64encode(content).decode()
    elif member == "double_value":
        content = json_double(content)
    return {camel_case(member): content}


def _pair(pair: Any) -> dict[str, Any]:
    written: dict[str, Any] = {"key": pair.key}
    if pair.HasField("value"):
        written["value"] = _any(pair.value)
    if getattr(pair, "key_strindex", 0):
        written["keyStrindex"] = pair.key_strindex
    return written


def _entity_refs(data: bytes) -> str:
    refs = [
        {camel_case(field.name): list(value) if field.is_repeated else value for field, value in ref.ListFields()}
        for ref in Resource.FromString(data).entity_refs
    ]
    return orjson.dumps(refs)[1:-1].decode()
