"""What a step puts into the outbox: the contents that left its pipelines, each encoded once, and spilled where a quota says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.journal.price import price_of
from collector.ledger import outbox
from collector.ledger.cache import memory_bytes
from collector.ledger.interface import Content
from collector.ledger.outbox import OutboxHeader
from collector.ledger.pieces import MOST_BYTES, MOST_RECORDS
from collector.ledger.spill import SpillArea
from collector.ledger.store import Store

Exporters = Mapping[str, str]
"""Exporter → the pipeline through which it gets a content."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outbox entry: what was encoded, how, and for which exporters it was spilled."""

    seq: int
    held: Content
    header: OutboxHeader
    content: bytes
    spilled: frozenset[str]


def outgoing(store: Store, left: Mapping[str, Content], seq: int, now_unix_ms: int) -> list[Outgoing]:
    """The outbox entries of a step, from `seq` on. `left`: pipeline → what left it. Writes what spills."""
    pieces = [(held, exporters) for content, exporters in _shared(store, left) for held in _cut(content)]
    return [_encoded(store, *piece, seq + place, now_unix_ms) for place, piece in enumerate(pieces)]


def records_by_domain(entries: Sequence[Entry]) -> dict[str, int]:
    """Records that were counted at the door."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.domain] = found.get(entry.domain, 0) + entry.records
    return found


def domains_of(content: Content) -> Mapping[str, int]:
    """Domain → records."""
    return content.by_domain() if isinstance(content, LogBatch) else records_by_domain(content)


def _shared(store: Store, left: Mapping[str, Content]) -> list[tuple[Content, dict[str, str]]]:
    """Each content once, where no exporter would have to get it twice."""
    groups: list[tuple[Content, dict[str, str]]] = []
    for pipeline, content in left.items():
        exporters = dict.fromkeys(store.pipeline(pipeline).exporters, pipeline)
        if not exporters or not len(content):
            continue
        same = [known for held, known in groups if held is content and known.keys().isdisjoint(exporters)]
        if same:
            same[0].update(exporters)
        else:
            groups.append((content, exporters))
    return groups


def _cut(content: Content) -> Iterator[Content]:
    """As entries that delivery can load one by one."""
    pieces = 1
    if isinstance(content, LogBatch):
        pieces = max(-(-len(content) // MOST_RECORDS), -(-memory_bytes(content) // MOST_BYTES))
    if pieces < 2 or not isinstance(content, LogBatch):
        yield content
        return
    size = -(-len(content) // pieces)
    yield from (content.slice(start, size).compact() for start in range(0, len(content), size))


def _encoded(store: Store, held: Content, exporters: Exporters, seq: int, now_unix_ms: int) -> Outgoing:
    by_domain = domains_of(held)
    if isinstance(held, LogBatch):
        content = store.contents.of_batch(held)
        size = price_of(len(content), len(held))
    else:
        content = outbox.encode_references(held)
        size = sum(entry.cost for entry in held)
    pipeline = next(iter(exporters.values()))
    header = OutboxHeader(
        pipeline, sum(by_domain.values()), size, by_domain, now_unix_ms, list(exporters),
        journal_entries=not isinstance(held, LogBatch),
        through={exporter: other for exporter, other in exporters.items() if other != pipeline},
    )  # fmt: skip
    return Outgoing(seq, held, header, content, _spill(store, held, seq, header, content))


def _spill(store: Store, held: Content, seq: int, header: OutboxHeader, content: bytes) -> frozenset[str]:
    """Write the entry into the areas of the exporters whose quota it exceeds; those that took it. No file of this machine is needed where
    a log has all contents: they stay in the outbox (`collector.ledger.room`)."""
    if store.environment.replicated:
        return frozenset()
    with store.environment.read() as txn:
        sums = {exporter: outbox.totals(txn, store.tables, exporter) for exporter in header.exporters}
    over = [
        exporter
        for exporter, waiting in sums.items()
        if store.quota(exporter).on_full == "spill"
        and not store.pipeline(header.pipeline_of(exporter)).share_bytes
        and waiting.size_bytes - waiting.spilled_bytes + header.size_bytes
        > store.limit_bytes(exporter, header.journal_entries)
        and waiting.spilled_bytes + header.size_bytes <= store.quota(exporter).spill_bytes
    ]
    if not over:
        return frozenset()
    aside = content if isinstance(held, LogBatch) else store.contents.of_entries(held)
    return frozenset(exporter for exporter in over if _write_aside(store, exporter, seq, aside))


def _write_aside(store: Store, exporter: str, seq: int, content: bytes) -> bool:
    """False when the disk refuses: the entry stays in the outbox, and `read` stops the pipeline at the quota."""
    try:
        SpillArea(store.path, exporter).write(seq, content)
    except OSError:
        store.spill_refused.add(exporter)
        return False
    store.spill_refused.discard(exporter)
    store.at("spill:written")
    return True
