"""What waits for destinations in a cluster and holds records of a domain: read from the topics of its partition, so it is the same wherever it
is asked for, and whoever owns it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from collector.cluster.changelog import Places, row
from collector.cluster.desk import Values
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.whole import read_whole
from collector.errors import Damaged, StorageError
from collector.journal.entry import Entry
from collector.kafka.wire import Unreachable, Wire
from collector.ledger.outbox import OutboxHeader
from collector.ledger.sources import partition_of
from collector.ledger.tables import U64

if TYPE_CHECKING:
    from collector.batch import LogBatch

MOST_BYTES = 256 << 20
"""Of contents in memory; what is beyond is told by its number of records."""
_SECS = 120.0


def outgoing(
    wire: Wire, options: KafkaLedgerConfig, partitions: int, domain: str, most_bytes: int = MOST_BYTES
) -> Iterator[LogBatch | Sequence[Entry] | int]:
    """See `collector.backend.offline.waiting_of`. Raises `StorageError`: the brokers don't answer."""
    from collector.ledger.contents import Contents
    from collector.ledger.pieces import StoredBatch

    places = Places.of(options.names, partition_of(domain, partitions))
    try:
        headers = _headers(wire, places, domain)
        contents = _contents(wire, places, headers, most_bytes)
    except Unreachable as error:
        raise StorageError(str(error)) from error
    for seq, header in headers.items():
        try:
            opened = Contents(None).opened(contents[seq]).content
        except (KeyError, Damaged):
            yield header.by_domain[domain]
            continue
        assert not isinstance(opened, StoredBatch), "a batch is decoded whole unless pieces are asked for"
        yield opened


def _headers(wire: Wire, places: Places, domain: str) -> dict[int, OutboxHeader]:
    """seq → what is known of it, of entries that hold records of the domain."""
    rows = Values()
    for message in read_whole(wire, "outgoing", [places.ledger], _SECS):
        found = row(places, message)
        if found is not None and found.table == "outbox":
            rows.put(0, found)
    headers = {seq: OutboxHeader(**orjson.loads(text)) for (_, seq), text in rows.items()}
    return {seq: header for seq, header in headers.items() if header.by_domain.get(domain)}


def _contents(wire: Wire, places: Places, headers: dict[int, OutboxHeader], most_bytes: int) -> dict[int, bytes]:
    """seq → its bytes; not of references to what was accepted, and not of what is too much."""
    left = most_bytes
    wanted = set[int]()
    for seq, header in headers.items():
        if not header.journal_entries and header.size_bytes <= left:
            wanted.add(seq)
            left -= header.size_bytes
    parts = Values()
    for message in read_whole(wire, "outgoing", [places.outbox], _SECS) if wanted else ():
        found = row(places, message)
        if found is not None and U64.unpack(found.key)[0] in wanted:
            parts.put(0, found)
    return {seq: content for (_, seq), content in parts.items()}
