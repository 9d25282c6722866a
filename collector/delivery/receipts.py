"""What an exporter remembers by key (`KeepsReceipts`): seen by the next request of the key at once, on disk with the acknowledgement.

A receipt that was told and is not on disk yet stands before what is there. Entries are acknowledged in any order; an older receipt of a key
never goes over a newer one, for each has a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.batch import LogBatch
from collector.component import KeepsReceipts, Ordered
from collector.delivery.loading import Run
from collector.delivery.request import Part, Request
from collector.ledger.interface import Ack, Ledger
from collector.outcomes import MOST_RECEIPT_BYTES, ReceiptKey


def keys_of(exporter: Ordered, batch: LogBatch) -> list[ReceiptKey]:
    """(domain, key) of the records that have one, each once, in the order of their first records."""
    keyed = batch.records.select("domain").with_columns(exporter.order_by(batch).alias("key"))
    told = keyed.filter(keyed.get_column("key").fill_null("") != "").unique(maintain_order=True)
    return list(zip(told.get_column("domain").fill_null(""), told.get_column("key"), strict=True))


@dataclass(slots=True)
class _Told:
    """The newest receipt of a key, how many acknowledgements with receipts of it are not on disk, and the newest that is."""

    number: int = 0
    value: bytes | None = None
    waiting: int = 0
    on_disk: int = 0
    source: int = -1


@dataclass(slots=True)
class Receipts:
    """One exporter's. Belongs to the event loop.

    Args:
        ledgers: by the numbers of their partitions, as elsewhere in delivery.
        run: calls a function on the ledgers' thread.
    """

    id: str
    exporter: KeepsReceipts
    ledgers: Mapping[int, Ledger]
    run: Run
    _told: dict[ReceiptKey, _Told] = field(default_factory=dict)
    _number: int = 0

    async def seen(self, request: Request) -> dict[ReceiptKey, bytes]:
        """What is known of the keys of a request."""
        found: dict[ReceiptKey, bytes] = {}
        for source in dict.fromkeys(part.pending.source for part in request.ours().parts):
            own = [part.batch() for part in request.parts if part.pending.source == source]
            keys = list(dict.fromkeys(key for batch in own for key in keys_of(self.exporter, batch)))
            if keys and (ledger := self.ledgers.get(source)) is not None:
                found |= await self.run(ledger.receipts, self.id, keys)
                told = {key: self._told[key].value for key in keys if key in self._told}
                found |= {key: value for key, value in told.items() if value is not None}
                found = {key: value for key, value in found.items() if told.get(key, value) is not None}
        return found

    def tell(self, request: Request, receipts: Mapping[ReceiptKey, bytes | None]) -> None:
        """A request was taken, and this is to be remembered: with the last entry of each key.

        Raises:
            ValueError: of a key that none of its records has, or more than fits.
        """
        homes = {key: part for part in request.parts for key in keys_of(self.exporter, part.batch())}
        check(receipts, homes)
        for key, value in receipts.items():
            if homes[key].pending.lost:
                continue
            self._number += 1
            told = self._told.setdefault(key, _Told())
            before = homes[key].pending.remember(key, value, self._number)
            told.number, told.value, told.source = self._number, value, homes[key].pending.source
            told.waiting += not before

    def leave(self, source: int) -> None:
        """A partition is gone: what was told of its keys and is not on disk never was."""
        self._told = {key: told for key, told in self._told.items() if told.source != source}

    def newest(self, acks: Sequence[Ack]) -> list[Ack]:
        """The acknowledgements without receipts that a newer one has overtaken."""
        best = {key: told.on_disk for key, told in self._told.items()}
        kept: list[Ack] = []
        for ack in acks:
            newer = {key: value for key, value in ack.receipts.items() if ack.numbers[key] > best.get(key, 0)}
            best |= {key: ack.numbers[key] for key in newer}
            kept.append(replace(ack, receipts=newer, receipts_for_secs=self.exporter.receipts_for_secs))
        return kept

    def settled(self, acks: Sequence[Ack]) -> None:
        """These are on disk, as `newest` gave them or not."""
        waited = Counter(key for ack in acks for key in ack.numbers)
        for key, count in waited.items():
            told = self._told[key]
            told.waiting -= count
            told.on_disk = max(told.on_disk, *(ack.numbers[key] for ack in acks if key in ack.numbers))
            if not told.waiting:
                del self._told[key]


def check(receipts: Mapping[ReceiptKey, bytes | None], homes: Mapping[ReceiptKey, Part]) -> None:
    """Raises `ValueError` for what can't be remembered."""
    for key, value in receipts.items():
        if key not in homes:
            raise ValueError(f"a receipt for {key!r}, which no record of the request has")
        if value is not None and len(value) > MOST_RECEIPT_BYTES:
            raise ValueError(f"a receipt of {len(value)} bytes: there are {MOST_RECEIPT_BYTES} at most")
