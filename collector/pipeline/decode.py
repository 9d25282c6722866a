"""Journal entries → one `LogBatch`, and what could not be decoded.

Entries are decoded as one list, since most of the cost of a small one is fixed. If the list fails it is halved until
the entry to blame stands alone; that one gets a second chance through the official parser, and is then kept raw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby
from operator import attrgetter

import polars as pl

import otlp_wire
from collector.batch import LogBatch, concat
from collector.client_info import CLIENT
from collector.columns.tables import GENERATION, PAYLOADS
from collector.documents.facts import normalised
from collector.journal.entry import Entry
from collector.journal.text import NotText
from collector.ledger.interface import RawDeadLetter
from collector.pipeline.record_ids import record_ids
from collector.pipeline.text import read_texts
from collector.reserved import RECEIVER

COMMANDS = "logboom.command."


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a list of entries.

    Args:
        batch: all records, in the order of the entries; `payloads`, `domain` and `record_id` are filled.
        dead_letters: the entries that are not in it, with the reason.
        bad_ids: trace and span ids of a wrong length, now empty.
    """

    batch: LogBatch
    dead_letters: list[RawDeadLetter] = field(default_factory=list)
    bad_ids: int = 0


def decode(entries: Sequence[Entry], *, keep: bool = False) -> Decoded:
    """Decode entries of any domains together. Never raises on what is in them. `keep`: the records as they were sent, too
    (`LogBatch.sent`), for exporters that send them on so."""
    runs = [list(run) for _, run in groupby(entries, attrgetter("text"))]
    if len(runs) > 1:
        return reduce(_joined, [decode(run, keep=keep) for run in runs])
    try:
        batch, bad_ids = _read(entries, keep)
    except (otlp_wire.Undecodable, NotText):
        if len(entries) == 1:
            return _decode_alone(entries[0])
        half = len(entries) // 2
        return _joined(decode(entries[:half], keep=keep), decode(entries[half:], keep=keep))
    return Decoded(_placed(batch, entries), bad_ids=bad_ids)


def _read(entries: Sequence[Entry], keep: bool) -> tuple[LogBatch, int]:
    if entries and entries[0].text:
        return read_texts(entries), 0
    return otlp_wire.read_payloads([_body(entry) for entry in entries], keep=keep)


def _decode_alone(entry: Entry) -> Decoded:
    if entry.text:
        return Decoded(LogBatch.empty(), [RawDeadLetter(entry, "undecodable: not a piece of text")])
    try:
        batch, bad_ids = otlp_wire.read_payloads([otlp_wire.canonical(_body(entry))])
    except otlp_wire.Undecodable as error:
        return Decoded(LogBatch.empty(), [RawDeadLetter(entry, f"undecodable: {error}")])
    return Decoded(_placed(batch, [entry]), bad_ids=bad_ids)


def _body(entry: Entry) -> bytes:
    """The payload, or the part of it that the entry stands for."""
    if not entry.partial:
        return entry.body
    return otlp_wire.cut(entry.body, entry.first, entry.records if entry.rest else None)


def _joined(first: Decoded, second: Decoded) -> Decoded:
    return Decoded(
        concat([first.batch, second.batch]),
        first.dead_letters + second.dead_letters,
        first.bad_ids + second.bad_ids,
    )


def _placed(batch: LogBatch, entries: Sequence[Entry]) -> LogBatch:
    """Say where each record comes from, and what it does not say in one spelling."""
    payload = batch.column("payload")
    domains = pl.Series("domain", [entry.domain for entry in entries], dtype=pl.String)
    columns = [domains.gather(payload), record_ids(entries, payload.to_numpy()), *_made(batch, entries, payload)]
    return normalised(replace(batch, records=batch.records.with_columns(columns), payloads=_payloads(entries)))


def _made(batch: LogBatch, entries: Sequence[Entry], payload: pl.Series) -> list[pl.Series]:
    """The mark of records that the service and people made: they came through its own receiver, which nothing from outside can, or
    from another logboom whose word is trusted: about what it knows, never about what people told it to do."""
    generations = [entry.made or int(entry.receiver == RECEIVER) for entry in entries]
    if not any(generations):
        return []
    marks = pl.Series(GENERATION, generations, dtype=pl.UInt8)
    found = marks.gather(payload)
    told = pl.Series([entry.made > 0 for entry in entries]).gather(payload)
    commands = batch.column("event_name").str.starts_with(COMMANDS)
    return [found.set(told & commands, 0)]


def _payloads(entries: Sequence[Entry]) -> pl.DataFrame:
    rows = [(e.domain, e.receiver, e.journal, e.offset, e.received_unix_ms) for e in entries]
    payloads = pl.DataFrame(rows, schema=PAYLOADS, orient="row")
    if not any(entry.client for entry in entries):
        return payloads
    return payloads.with_columns(pl.Series(CLIENT, [entry.client for entry in entries], dtype=pl.String))
