"""A record as one line: as the Collector's exporter writes it.

json     {"body":…,"traceid":…,"spanid":…,"severity":…,"flags":1,"attributes":{…},"resources":{…},"instrumentation_scope":{…}}
logfmt   msg="…" traceID=… spanID=… severity=… flags=1 attribute_http.route=/a resource_service.name=web …
raw      the body
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.documents import attributes_json, body_text, quoted, resource_json
from collector.documents.bodies import structured_bodies
from collector.documents.plain_text import plain_texts

_BARE = r'^[^\s"=\x00-\x1f\x7f\x{fffd}]+$'
"""Values that logfmt leaves without quotes."""
_PAIRS = r'^\s*[^\s"=]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)(?:\s+[^\s"=]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*))*\s*$'


def lines(batch: LogBatch, form: str, without: Collection[str]) -> pl.Series:
    """One text a record; `without` names attributes of records and resources that stand elsewhere. An unknown form is `json`."""
    return _FORMS.get(form, _json)(_left(batch, without))


def _left(batch: LogBatch, without: Collection[str]) -> LogBatch:
    left = batch.without_attributes(without)
    return replace(left, resource_attributes=tables.without_keys(left.resource_attributes, without))


def _json(batch: LogBatch) -> pl.Series:
    body = quoted(batch.column("body"))
    members = {
        "body": body.zip_with(body.is_not_null(), structured_bodies(batch)),
        **{name: quoted(text) for name, text in _ids(batch, "traceid", "spanid").items()},
        "severity": quoted(_unless_empty(batch.column("severity_text"))),
        "flags": _flags(batch),
        "attributes": _unless(attributes_json(batch), "{}"),
        "resources": _unless(resource_json(batch), "{}"),
        "instrumentation_scope": _scope(batch),
    }
    pieces = [pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text)) for name, text in members.items()]
    inner = pl.select(pl.concat_str(pieces, ignore_nulls=True).str.strip_prefix(",").fill_null("")).to_series()
    return pl.select(pl.concat_str(pl.lit("{"), pl.lit(inner), pl.lit("}")).alias("line")).to_series()


def _scope(batch: LogBatch) -> pl.Series:
    name, version = (quoted(_unless_empty(batch.scope_field(field))) for field in ("name", "version"))
    rest = pl.concat_str(pl.lit(',"version":'), pl.lit(version)).fill_null("")
    return pl.select(pl.concat_str(pl.lit('{"name":'), pl.lit(name), rest, pl.lit("}"))).to_series()


def _logfmt(batch: LogBatch) -> pl.Series:
    text = body_text(batch)
    pairs = text.str.contains(_PAIRS).fill_null(False)
    message = pl.select(pl.concat_str(pl.lit("msg="), pl.lit(_value(text)))).to_series()
    pieces = {
        "": text.zip_with(pairs, message),
        **{f"{name}=": ident for name, ident in _ids(batch, "traceID", "spanID").items()},
        "severity=": _value(_unless_empty(batch.column("severity_text"))),
        "flags=": _flags(batch),
    }
    members = [pl.concat_str(pl.lit(name), pl.lit(value)) for name, value in pieces.items()]
    scope = {f"instrumentation_scope_{field}=": batch.scope_field(field) for field in ("name", "version")}
    named = [pl.concat_str(pl.lit(name), pl.lit(_value(_unless_empty(field)))) for name, field in scope.items()]
    own = _pairs(batch.all_attributes(), len(batch), "attribute_")
    resource = _pairs(batch.resource_attributes, batch.resources.height, "resource_").gather(batch.column("resource"))
    whole = [*members, pl.lit(own), pl.lit(resource), *named]
    return pl.select(pl.concat_str(whole, separator=" ", ignore_nulls=True).alias("line")).to_series()


def _pairs(table: pl.DataFrame, height: int, prefix: str) -> pl.Series:
    """`prefix_key=value prefix_key=value` of each owner; null without attributes."""
    key = table.get_column("key").str.replace_all(r'[\s"=\x00-\x1f]', "")
    written = table.select(
        "owner", pl.concat_str(pl.lit(prefix), pl.lit(key), pl.lit("="), pl.lit(_value(plain_texts(table))))
    )
    joined = written.drop_nulls().group_by("owner", maintain_order=True).agg(pl.nth(1).str.join(" ").alias("pairs"))
    owners = pl.DataFrame({"owner": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return owners.join(joined, on="owner", how="left", maintain_order="left").get_column("pairs")


def _value(text: pl.Series) -> pl.Series:
    bare = (text.str.contains(_BARE) & (text != "null")).fill_null(False)
    return text.zip_with(bare, quoted(text))


def _ids(batch: LogBatch, trace: str, span: str) -> Mapping[str, pl.Series]:
    names = {trace: "trace_id", span: "span_id"}
    return {name: _unless_empty(batch.column(field).bin.encode("hex")) for name, field in names.items()}


def _flags(batch: LogBatch) -> pl.Series:
    flags = batch.column("flags")
    return flags.set(flags == 0, None).cast(pl.String)


def _unless_empty(text: pl.Series) -> pl.Series:
    return _unless(text, "")


def _unless(text: pl.Series, nothing: str) -> pl.Series:
    return text.set(text == nothing, None)


_FORMS: dict[str, Callable[[LogBatch], pl.Series]] = {
    "json": _json,
    "logfmt": _logfmt,
    "raw": lambda batch: body_text(batch).fill_null(""),
}
