"""What attributes say of a request and of a place in code: `gcp.http_request` and `gcp.source_location`, maps or JSON in a text,
as the parts of an entry that they mean. What can't be read is left out.

{"requestMethod":"GET","requestUrl":"/a","status":200,"latency":"0.250000000s",…}
{"file":"shop.py","line":"12","function":"buy"}
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import nulls
from collector.documents import quoted

_TEXTS = ("requestMethod", "requestUrl", "userAgent", "remoteIp", "serverIp", "referer", "protocol")
_NUMBERS = ("status", "requestSize", "responseSize", "cacheFillBytes")
_FLAGS = ("cacheLookup", "cacheHit", "cacheValidatedWithOriginServer")
_UNITS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "[uµμ]s": 1_000, "ns": 1}
"""Of Go's durations, in nanoseconds."""
_DURATION = r"^\+?(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|μs|ns))+$"


def http_requests(batch: LogBatch) -> pl.Series:
    """`httpRequest` of each record; null for none."""
    said = _json(batch, "gcp.http_request")
    if said.null_count() == len(said):
        return said
    members = {name: quoted(_text(said, name)) for name in _TEXTS}
    members |= {name: _number(said, name) for name in _NUMBERS}
    members |= {name: _flag(said, name) for name in _FLAGS}
    return _object(said, {**members, "latency": _latency(said)})


def source_locations(batch: LogBatch) -> pl.Series:
    """`sourceLocation` of each record; null for none."""
    said = _json(batch, "gcp.source_location")
    if said.null_count() == len(said):
        return said
    line = _number(said, "line")
    texts = {name: quoted(_text(said, name)) for name in ("file", "function")}
    return _object(said, {**texts, "line": line})


def _json(batch: LogBatch, key: str) -> pl.Series:
    """The attribute as JSON text, where it is an object."""
    found, raw, nested = (batch.attribute(key, kind) for kind in (ValueKind.STRING, ValueKind.BYTES, ValueKind.ANY))
    if raw.null_count() < len(raw):
        found = found.zip_with(raw.is_null(), raw.cast(pl.String, strict=False))
    if nested.null_count() < len(nested):
        from otlp_wire import any_json  # loads protobuf, which flat attributes never need

        found = found.zip_with(nested.is_null(), any_json(nested))
    return found.set(~found.str.contains(r"^\s*\{").fill_null(False), None)


def _text(said: pl.Series, name: str) -> pl.Series:
    found = said.str.json_path_match(f"$.{name}")
    return found.set(found == "", None)


def _number(said: pl.Series, name: str) -> pl.Series:
    return _text(said, name).str.strip_chars().cast(pl.Int64, strict=False).cast(pl.String)


def _flag(said: pl.Series, name: str) -> pl.Series:
    found = _text(said, name)
    return found.set(found != "true", None)


def _latency(said: pl.Series) -> pl.Series:
    """`"1.500000000s"`, as protobuf's JSON has it; a part in whole nanoseconds for each unit of Go's."""
    given = _text(said, "latency")
    if given.null_count() == len(given):
        return nulls("latency", pl.String(), len(given))
    text = pl.lit(given)
    parts = [
        text.str.extract(rf"(\d+(?:\.\d+)?){unit}(?:\d|$)").cast(pl.Float64).fill_null(0.0) * size
        for unit, size in _UNITS.items()
    ]
    whole = pl.sum_horizontal(parts).round().cast(pl.Int64)
    seconds, rest = (whole // 1_000_000_000).cast(pl.String), (whole % 1_000_000_000).cast(pl.String).str.zfill(9)
    written = pl.concat_str(pl.lit('"'), seconds, pl.lit("."), rest, pl.lit('s"'))
    usable = text.str.contains(_DURATION).fill_null(False) & (whole > 0)
    return pl.select(pl.when(usable).then(written).alias("latency")).to_series()


def _object(said: pl.Series, members: dict[str, pl.Series]) -> pl.Series:
    """Null where there was nothing, and where nothing of it could be read."""
    pieces = [pl.concat_str(pl.lit(f',"{name}":'), pl.lit(value)) for name, value in members.items()]
    inner = pl.concat_str(pieces, ignore_nulls=True).str.strip_prefix(",")
    text = pl.when(inner != "").then(pl.concat_str(pl.lit("{"), inner, pl.lit("}")))
    return pl.select(text.alias(said.name)).to_series()
