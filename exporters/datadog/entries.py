"""`LogBatch` → one JSON object a record, as Datadog's logs intake reads it.

{"message":…,"ddsource":…,"ddtags":"env:…,version:…","hostname":…,"service":…,"status":"error","timestamp":1700000000123,
 "otel":{"timestamp":"…","trace_id":…,"severity_number":…},"dd":{"trace_id":"…","span_id":"…"},"resource":{…},
 "http.route":"/a",…}

Attributes stand at the top, where Datadog looks for them; those whose name means something else there stand in
`attributes`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json, body_text, cut, quoted, resource_json
from collector.documents.facts import normalised, said
from collector.documents.json_text import quoted_name
from exporters.datadog.config import DatadogConfig

ENTRY_BYTES = 1_000_000
"""Longer entries are cut by Datadog, which spoils their JSON."""
OLD_NANOS = (18 * 3600 - 5 * 60) * 1_000_000_000
"""Datadog drops what is older than 18 hours when it arrives, by its own clock: five minutes before that."""
_NOTE_BYTES = len(',"truncated":18446744073709551615')
_RESERVED = frozenset(
    {"message", "ddsource", "ddtags", "hostname", "service", "status", "timestamp", "otel", "dd", "resource",
     "attributes", "host", "source", "date", "syslog.timestamp"}
)  # fmt: skip
"""Names that Datadog, or we, give a meaning."""
_JSON_BYTES = np.array([len(quoted_name(chr(code))) - 2 for code in range(0x80)] + [1] * 0x80)
"""How many bytes a byte of UTF-8 becomes in a JSON string."""
_SOURCE = "datadog.log.source"
_TAGS = {
    "env": "deployment.environment.name",
    "version": "service.version",
    "level": "logboom.triage.level",
    "component": "logboom.component",
    "source_type": "logboom.source_type",
    "error_type": "logboom.error_type",
}
"""Tag → attribute of the record, else of its resource."""
_TAG_LENGTH = 200
_STATUS = {0: "info", 1: "debug", 5: "debug", 9: "info", 13: "warn", 17: "error", 21: "critical"}
"""First severity number → status."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes entries by the options. `now_unix_nano`: what counts as old is measured from there."""

    config: DatadogConfig

    def entries(self, batch: LogBatch, now_unix_nano: int) -> pl.Series:
        """One JSON object a record, none longer than `ENTRY_BYTES` unless its names and tags alone are."""
        batch = said(batch)
        body, sizes = cut(body_text(batch).fill_null(""), self.config.max_body_bytes)
        texts = self._texts(batch, body, sizes, now_unix_nano)
        over = texts.str.len_bytes().cast(pl.Int64) - ENTRY_BYTES
        at = (over > 0).arg_true()
        if not len(at):
            return texts
        long = body.gather(at)  # only the oversized few: escapes make up to six bytes of one
        kept = [_cut_by(text, more + _NOTE_BYTES) for text, more in zip(long, over.gather(at), strict=True)]
        was = long.str.len_bytes() if sizes is None else sizes.gather(at).fill_null(long.str.len_bytes())
        few = self._texts(batch.gather(at), pl.Series(kept, dtype=pl.String), was, now_unix_nano)
        return texts.scatter(at, few)

    def fresh_until(self, batch: LogBatch, now_unix_nano: int) -> float:
        """When the first record that `entries` stamps becomes too old for it; infinite when none does."""
        if self.config.old_records == "send":
            return math.inf
        first = _time(batch).filter(~self._old(batch, now_unix_nano)).min()
        return math.inf if first is None else int(first) + OLD_NANOS  # type: ignore[arg-type]  # UInt64

    def _texts(self, batch: LogBatch, body: pl.Series, sizes: pl.Series | None, now_unix_nano: int) -> pl.Series:
        """Whole entries; without attributes where those make them too long."""
        head = self._head(batch, body, sizes, now_unix_nano)
        rest = _rest(batch)
        texts = pl.select(pl.concat_str(head, pl.lit(rest), pl.lit("}")).alias("entry")).to_series()
        too_long = texts.str.len_bytes() > ENTRY_BYTES
        if not too_long.any():
            return texts
        left_out = pl.concat_str(pl.lit(',"attributes_left_out":'), pl.lit(rest.str.len_bytes().cast(pl.String)))
        short = pl.select(pl.concat_str(head, left_out, pl.lit("}")).alias("entry")).to_series()
        return short.zip_with(too_long, texts)

    def _old(self, batch: LogBatch, now_unix_nano: int) -> pl.Series:
        return _time(batch) < max(0, now_unix_nano - OLD_NANOS)

    def _head(self, batch: LogBatch, body: pl.Series, cut_body: pl.Series | None, now_unix_nano: int) -> pl.Expr:
        time = _time(batch)
        stamp = time // 1_000_000
        if self.config.old_records == "restamp":
            stamp = stamp.set(self._old(batch, now_unix_nano), None)
        routing = batch.for_routing(self.config.routing_attributes)
        host = routing.resource_attribute("host.name").fill_null(self.config.hostname)
        source = routing.attribute(_SOURCE).fill_null(self.config.source)
        return pl.concat_str(
            pl.lit('{"message":'),
            pl.lit(quoted(body)),
            _member("ddsource", quoted(source)),
            _member("ddtags", quoted(_tags(batch, self.config.tags))),
            _member("hostname", quoted(host.set(host == "", None))),
            _member("service", quoted(routing.resource_attribute("service.name"))),
            _member("status", quoted(_status(batch))),
            _member("timestamp", stamp.set(stamp == 0, None).cast(pl.String)),
            pl.lit(_otel(batch, time, cut_body)),
            pl.lit(_correlation(batch)),
        )


def _cut_by(text: str, excess: int) -> str:
    """The text without its end, so that its JSON is `excess` bytes shorter (empty, if it has no more)."""
    data = text.encode()
    lengths = np.cumsum(_JSON_BYTES[np.frombuffer(data, dtype=np.uint8)])
    room = int(lengths[-1]) - excess if len(data) else 0
    return data[: np.searchsorted(lengths, room, side="right")].decode(errors="ignore")


def _member(name: str, text: pl.Series) -> pl.Expr:
    return pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text)).fill_null("")


def _time(batch: LogBatch) -> pl.Series:
    """0 where nobody knows: then Datadog takes its own."""
    times = normalised(batch).records.select("time_unix_nano", "observed_time_unix_nano")
    own, observed = times.get_columns()
    return observed.zip_with(own == 0, own)


def _status(batch: LogBatch) -> pl.Series:
    number = batch.column("severity_number").clip(0, 24)
    floors = np.array(sorted(_STATUS))
    at = np.searchsorted(floors, number.to_numpy(), side="right") - 1
    return pl.Series([_STATUS[int(floor)] for floor in floors]).gather(at)


def _tags(batch: LogBatch, fixed: Sequence[str]) -> pl.Series:
    """`env:production,domain:tamyla.com,…`: what would end a tag becomes `_`."""
    found = [_tag("domain", batch.column("domain"))]
    for name, key in _TAGS.items():
        own = batch.attribute(key)
        value = own.zip_with(own.is_not_null(), batch.resource_attribute(key)) if own.null_count() else own
        found.append(_tag(name, value))
    given = [pl.lit(",".join(fixed))] if fixed else []
    return pl.select(pl.concat_str([*given, *found], separator=",", ignore_nulls=True).alias("tags")).to_series()


def _tag(name: str, value: pl.Series) -> pl.Expr:
    seen = value.drop_nulls().unique()
    clean = seen.str.replace_all(r"[\s,]+", "_").str.head(_TAG_LENGTH - len(name) - 1)
    return pl.concat_str(pl.lit(f"{name}:"), pl.lit(value.replace(seen, clean)))


def _otel(batch: LogBatch, time: pl.Series, cut_body: pl.Series | None) -> pl.Series:
    """What OpenTelemetry knows beyond attributes, under names of Datadog's own exporter."""
    text, name, number = (batch.column(field) for field in ("severity_text", "event_name", "severity_number"))
    members = [
        _member("severity_number", number.set(number == 0, None).cast(pl.String)),
        _member("severity_text", quoted(text.set(text == "", None))),
        _member("event_name", quoted(name.set(name == "", None))),
        _member("trace_id", quoted(_hex(batch.column("trace_id")))),
        _member("span_id", quoted(_hex(batch.column("span_id")))),
        _member("record_id", quoted(batch.column("record_id"))),
    ]
    if cut_body is not None:
        members.append(_member("truncated", cut_body.cast(pl.String)))
    first = pl.concat_str(pl.lit(',"otel":{"timestamp":"'), pl.lit(time.cast(pl.String)), pl.lit('"'))
    return pl.select(pl.concat_str([first, *members, pl.lit("}")])).to_series()


def _hex(ids: pl.Series) -> pl.Series:
    digits = ids.bin.encode("hex")
    return digits.set(digits == "", None)


def _correlation(batch: LogBatch) -> pl.Series:
    """`dd.trace_id`, `dd.span_id`: the lower 64 bits in decimal, by which Datadog finds the trace."""
    ids = [_member(name, quoted(_decimal(batch.column(name)))) for name in ("trace_id", "span_id")]
    inner = pl.select(pl.concat_str(ids)).to_series().str.strip_prefix(",")
    text = pl.select(pl.concat_str(pl.lit(',"dd":{'), pl.lit(inner), pl.lit("}"))).to_series()
    return text.set(inner == "", "")


def _decimal(ids: pl.Series) -> pl.Series:
    last = ids.bin.tail(8)
    number = last.set(last.bin.size() != 8, None).bin.reinterpret(dtype=pl.UInt64, endianness="big")
    return number.set(number == 0, None).cast(pl.String)


def _rest(batch: LogBatch) -> pl.Series:
    """`,"resource":{…},"http.route":"/a",…`."""
    resource = pl.concat_str(pl.lit(',"resource":'), pl.lit(resource_json(batch)))
    own = attributes_json(batch, without=_RESERVED)
    inner = own.str.slice(1, None).str.strip_suffix("}")
    given = pl.when(pl.lit(inner) == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit(","), pl.lit(inner)))
    return pl.select(pl.concat_str(resource, _clashing(batch), given).alias("rest")).to_series()


def _clashing(batch: LogBatch) -> pl.Expr:
    clash = batch.attributes.get_column("key").is_in(pl.Series(list(_RESERVED)).implode())
    derived = batch.derived.select(name for name in batch.derived.columns if name in _RESERVED)
    if not clash.any() and not derived.width:
        return pl.lit("")
    texts = attributes_json(replace(batch, attributes=batch.attributes.filter(clash), derived=derived))
    return _member("attributes", texts.set(texts == "{}", None))
