"""A batch as requests: grouped by what a request can say only once, cut at the size that Splunk takes.

A request to the event endpoint has one token; one to the raw endpoint also has one host, source, source type and index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.outcomes import Items
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.events import events
from exporters.splunk_hec.metadata import NAMES, TOKEN, Metadata, resource_text
from exporters.splunk_hec.raw import lines

NO_BODY = "HEC takes no event without a body"
BAD_TOKEN = f"{TOKEN} is no token"
TOO_LARGE = "the event is larger than max_event_size"
_PROFILING = "otel.profiling"
NO_LIMIT = 1 << 62
_USABLE = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class Part:
    """What one call carries: `texts[i]` is the event, or line, of the request's record `items[i]`.

    `token` is the resource's own, empty for the configured one; it is a secret. `body` is what travels, compressed;
    empty until it is made.
    """

    texts: pl.Series
    items: Items
    token: str = field(default="", repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    profiling: bool = False
    body: bytes = field(default=b"", repr=False)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def size_bytes(self) -> int:
        """Of the body, uncompressed."""
        return int(self.texts.str.len_bytes().sum())

    def at(self, rows: slice | Items) -> Part:
        """Some of its events."""
        texts = self.texts[rows] if isinstance(rows, slice) else self.texts.gather(rows)
        return Part(texts, self.items[rows], self.token, self.query, self.profiling)

    def without(self, position: int) -> Part:
        """All but one event."""
        return self.at(np.delete(np.arange(len(self), dtype=np.uint32), position))

    def cut(self, limit: int) -> Iterator[Part]:
        """Parts of at most `limit` bytes, or of one event."""
        sizes = self.texts.str.len_bytes().to_numpy()
        ends = np.cumsum(sizes)
        start = 0
        while start < len(self):
            room = limit + (int(ends[start - 1]) if start else 0)
            stop = max(start + 1, int(np.searchsorted(ends, room, side="right")))
            yield self if stop - start == len(self) else self.at(slice(start, stop))
            start = stop


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch as parts; `refused` records have none, with the reason, and `left_out` are those the options leave out."""

    parts: list[Part]
    refused: list[tuple[Items, str]]
    left_out: int = 0


def encoded(batch: LogBatch, config: SplunkHecConfig) -> Encoded:
    """All records, each in a part or named."""
    wanted = _wanted(batch, config)
    texts = lines(batch, config) if config.export_raw else events(batch, config)
    empty = texts.is_null() & wanted
    large = (texts.str.len_bytes() > (config.max_event_size or NO_LIMIT)).fill_null(False) & wanted
    left_out = len(batch) - int(wanted.sum())
    refused = [(_rows(large), TOO_LARGE)]
    if config.empty_body == "skip":
        left_out += int(empty.sum())
    else:
        refused.append((_rows(empty), NO_BODY))
    sent = wanted & ~(empty | large)
    limit = config.max_content_length_logs or NO_LIMIT
    parts: list[Part] = []
    for group in _grouped(batch, texts, sent, config):
        if _USABLE.fullmatch(group.token):
            parts += group.cut(limit)
        else:
            refused.append((group.items, BAD_TOKEN))
    return Encoded(parts, [(items, reason) for items, reason in refused if len(items)], left_out)


def _wanted(batch: LogBatch, config: SplunkHecConfig) -> pl.Series:
    if config.log_data_enabled and config.profiling_data_enabled:
        return pl.repeat(True, len(batch), eager=True)
    profiling = _is_profiling(batch)
    return profiling if config.profiling_data_enabled else ~profiling


def _grouped(batch: LogBatch, texts: pl.Series, sent: pl.Series, config: SplunkHecConfig) -> Iterator[Part]:
    by = _distinctions(batch, config)
    if not by.width:
        whole = Part(texts, np.arange(len(batch), dtype=np.uint32))
        yield whole if sent.all() else whole.at(_rows(sent))
        return
    groups = by.with_row_index("row").filter(sent).group_by(by.columns, maintain_order=True).agg("row")
    for said, rows in zip(groups.drop("row").iter_rows(named=True), groups.get_column("row"), strict=True):
        query = {name: said[name] for name in NAMES if said.get(name)}
        token, profiling = said.get("token", ""), said.get("profiling", False)
        yield Part(texts.gather(rows), rows.to_numpy(), token, query, profiling)


def _distinctions(batch: LogBatch, config: SplunkHecConfig) -> pl.DataFrame:
    """What tells requests apart, a value a record; only columns that say something."""
    columns = Metadata(config).columns(batch).to_dict() if config.export_raw else {}
    tokens, profiling = (
        resource_text(batch.for_routing(config.routing_attributes), TOKEN).fill_null(""),
        _is_profiling(batch),
    )
    if (tokens != "").any():
        columns["token"] = tokens
    if profiling.any():
        columns["profiling"] = profiling
    return pl.DataFrame(columns)


def _is_profiling(batch: LogBatch) -> pl.Series:
    return batch.scope_field("name").eq_missing(_PROFILING)


def _rows(mask: pl.Series) -> Items:
    return mask.arg_true().to_numpy().astype(np.uint32)
