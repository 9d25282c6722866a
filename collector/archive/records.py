"""Archived records → `LogBatch`: what was archived, for whoever takes it in again.

The same but for: times past 2262, which are that; bytes and doubles within arrays and maps, which are what their JSON says; entity references and
counts of dropped attributes of resources and scopes. Values that are sealed still are text, whatever they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from collector.archive.maps import as_written
from collector.archive.schema import DERIVED, FOUND, FOUND_NUMBERS, FROM_BODY, KIND
from collector.batch import ATTRIBUTES, PAYLOADS, RECORDS, RESOURCES, SCOPES, LogBatch, ValueKind
from collector.columns import tables
from collector.columns.tables import GENERATION
from collector.encryption.keys import FIELD
from otlp_wire import any_from_python

_ENVIRONMENT = "deployment.environment.name"
_BETWEEN = pa.scalar("\x1f", pa.large_string())


def batch_of(table: pa.Table) -> LogBatch:
    """The records, in their order; columns of the archive's schema."""
    table = as_written(table)
    height = table.num_rows
    own = _attributes(table, "attributes")
    added = own.get_column("kind") & DERIVED != 0
    attributes, derived = _typed(own.filter(~added)), _columns(_typed(own.filter(added)), height)
    resource, resources = _shared(table, ["resource_schema_url"], "resource")
    scope, scopes = _shared(table, ["scope_name", "scope_version", "scope_schema_url"], "scope_attributes")
    made = LogBatch(
        _records(table, resource, scope),
        attributes,
        resources=_conform(_texts(resources, {"schema_url": "resource_schema_url"}), RESOURCES),
        resource_attributes=_typed(_attributes(resources, "resource")),
        scopes=_conform(_texts(scopes, {name: f"scope_{name}" for name in ("name", "version", "schema_url")}), SCOPES),
        scope_attributes=_typed(_attributes(scopes, "scope_attributes")),
        payloads=_conform(pl.DataFrame({"domain": [None]}, {"domain": pl.String}), PAYLOADS),
    )
    return _with_found(made, table, derived)


def _records(table: pa.Table, resource: pl.Series, scope: pl.Series) -> pl.DataFrame:
    body, is_json = _series(table, "body"), _series(table, "body_is_json").fill_null(False)
    is_json &= ~body.str.starts_with(FIELD).fill_null(False)
    columns = {
        "time_unix_nano": _nanos(table, "time"),
        "observed_time_unix_nano": _nanos(table, "observed_time"),
        "severity_number": _series(table, "severity_number").fill_null(0),
        **{name: _series(table, name).fill_null("") for name in ("severity_text", "event_name")},
        "body": body.set(is_json, None),
        "body_any": _any(body.set(~is_json, None)),
        **{name: _series(table, name).fill_null(b"") for name in ("trace_id", "span_id")},
        **{name: _series(table, name) for name in ("flags", "dropped_attributes_count", "domain", "record_id")},
        "resource": resource, "scope": scope, "payload": pl.repeat(0, table.num_rows, dtype=pl.UInt32, eager=True),
    }  # fmt: skip
    frame = pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in RECORDS.items()})
    generation = _series(table, "generation")
    return frame if generation.null_count() == len(generation) else frame.with_columns(generation.alias(GENERATION))


def _with_found(batch: LogBatch, table: pa.Table, derived: dict[str, pl.Series]) -> LogBatch:
    """What processors wrote, as they wrote it: where no attribute of that name was sent."""
    sent = set(batch.attributes.get_column("key").unique())
    for name, key in {**FOUND, **FOUND_NUMBERS}.items():
        values = _series(table, name)
        if values.null_count() == len(values):
            continue
        if key in sent:
            told = batch.attribute_text(key)
            rows = tables.rows_of_column(key, values.set(told.is_not_null(), None))
            both = tables.stack([batch.attributes, rows]).sort("owner", maintain_order=True)
            batch = LogBatch(**{**_parts(batch), "attributes": both})
        else:
            derived[key] = values
    environment = _series(table, "environment")
    if _ENVIRONMENT not in sent and environment.null_count() < len(environment):
        told = batch.resource_attribute(_ENVIRONMENT)
        found = environment.set(environment.eq_missing(told), None)
        if found.null_count() < len(found):
            derived[_ENVIRONMENT] = found
    return LogBatch(**{**_parts(batch), "derived": pl.DataFrame(derived)})


def _parts(batch: LogBatch) -> dict[str, Any]:
    names = (
        "records", "attributes", "derived", "resources", "resource_attributes", "scopes", "scope_attributes", "payloads",
    )  # fmt: skip
    return {name: getattr(batch, name) for name in names}


def _shared(table: pa.Table, named: list[str], maps: str) -> tuple[pl.Series, pa.Table]:
    """For each record the number of its resource or scope, and one row for each of those."""
    column = _array(table, maps)
    parts = [pc.fill_null(part.cast(pa.large_string()), "\x00") for part in (column.keys, column.items)]
    joined = [pc.binary_join(pa.ListArray.from_arrays(column.offsets, part), _BETWEEN) for part in parts]
    kinds = pl.Series(table.column(f"{maps}_kinds")).bin.encode("hex")
    keys = pl.select(
        pl.concat_str(
            *(pl.lit(pl.Series(each)) for each in joined), pl.lit(kinds), *(pl.lit(_series(table, name)).fill_null("") for name in named),
            separator="\x1e", ignore_nulls=False,
        ).fill_null("").alias("key")
    ).to_series()  # fmt: skip
    firsts = pl.DataFrame({"key": keys}).with_row_index("row").group_by("key", maintain_order=True).first()
    numbers = firsts.with_row_index("number")
    number = pl.DataFrame({"key": keys}).join(numbers, on="key", how="left", maintain_order="left").get_column("number")
    return number.cast(pl.UInt32), table.take(firsts.get_column("row").to_arrow())


def _attributes(table: pa.Table, maps: str) -> pl.DataFrame:
    """owner, key, text, kind with its bits: a row an entry."""
    column, kinds = _array(table, maps), _array(table, f"{maps}_kinds")
    offsets = np.asarray(column.offsets)
    owner = np.repeat(np.arange(table.num_rows, dtype=np.uint32), np.diff(offsets))
    first, last = int(offsets[0]), int(offsets[-1])
    texts = {
        name: pl.Series(name, part.slice(first, last - first).cast(pa.large_string()))
        for name, part in (("key", column.keys), ("text", column.items))
    }
    kind = pl.Series(_bytes(kinds), dtype=pl.UInt8)
    sealed = texts["text"].str.starts_with(FIELD).fill_null(False)  # of others than texts nothing begins so
    kind = kind.zip_with(~sealed, (kind & (0xFF ^ KIND)) | int(ValueKind.STRING))
    return pl.DataFrame({"owner": pl.Series(owner, dtype=pl.UInt32), **texts, "kind": kind})


def _bytes(binary: Any) -> Any:
    """All bytes of a column, one after the other."""
    _, offsets, data = binary.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64, count=len(binary) + 1, offset=8 * binary.offset)
    return np.frombuffer(b"" if data is None else data, dtype=np.uint8)[ends[0] : ends[-1]]


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """`ATTRIBUTES` of texts and kinds."""
    kind, text = pl.col("kind") & KIND, pl.col("text")
    own = rows.with_columns(kind.alias("own"))

    def of(wanted: ValueKind) -> pl.Expr:
        return pl.when(pl.col("own") == int(wanted)).then(text)

    nested = own.select(of(ValueKind.ANY)).to_series()
    table = own.select(
        "owner", "key", pl.col("own").alias("kind"),
        of(ValueKind.STRING).alias("string"),
        (of(ValueKind.BOOL) == "true").alias("bool"),
        of(ValueKind.INT).cast(pl.Int64).alias("int"),
        of(ValueKind.DOUBLE).cast(pl.Float64).alias("double"),
        of(ValueKind.BYTES).str.decode("base64").alias("bytes"),
        pl.lit(_any(nested)).alias("any"),
    )  # fmt: skip
    taken = rows.get_column("kind") & FROM_BODY != 0
    made = _conform(table, ATTRIBUTES)
    return made.with_columns(taken.alias(tables.FROM_BODY)) if taken.any() else made


def _columns(rows: pl.DataFrame, height: int) -> dict[str, pl.Series]:
    """A column for each key of what logboom added."""
    keys = rows.unique("key", maintain_order=True).select("key", "kind")
    return {key: tables.aligned(rows, key, ValueKind(kind), height) for key, kind in keys.iter_rows()}


def _any(json: pl.Series) -> pl.Series:
    """Serialised AnyValues of JSON texts, each distinct one once."""
    distinct = json.drop_nulls().unique()
    if not len(distinct):
        return tables.nulls("any", pl.Binary(), len(json))
    made = pl.Series([any_from_python(orjson.loads(text)) for text in distinct], dtype=pl.Binary)
    return json.replace_strict(distinct, made, default=None, return_dtype=pl.Binary)


def _texts(table: pa.Table, named: dict[str, str]) -> pl.DataFrame:
    texts = {name: _series(table, column).fill_null("") for name, column in named.items()}
    return pl.DataFrame(texts).with_columns(dropped_attributes_count=pl.lit(0, pl.UInt32))


def _conform(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return tables.conform(frame, schema)


def _nanos(table: pa.Table, name: str) -> pl.Series:
    return _series(table, name).cast(pl.Int64).fill_null(0).cast(pl.UInt64)


def _series(table: pa.Table, name: str) -> pl.Series:
    return pl.Series(name, table.column(name))


def _array(table: pa.Table, name: str) -> Any:
    """A column in one piece, that begins at 0."""
    chunks = table.column(name).chunks
    if not chunks:
        return pa.array([], table.schema.field(name).type)
    return pa.concat_arrays(chunks)
