"""Contents of outbox, spill files and dead letters as they lie on disk: encoded (`codec`), and encrypted where that is asked for.

    b"LSB" (a batch) or b"LSE" (payloads) │ u64 xxh3 of what follows │ sections: u32 length, head (JSON: domain, records), u32 length,
    what `codec` wrote of that domain alone, encrypted with its key

A section a domain, so that the key of one can be destroyed while the records of others are still delivered. Which domains it holds
and how many records of each is told in the clear, as in the header of every entry. Without keys it is what `codec` wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.batch import LogBatch
from collector.encryption import Keys
from collector.errors import KeyDestroyed, KeysUnavailable
from collector.journal.entry import Entry
from collector.ledger import codec
from collector.ledger.by_domain import decoded_together, encoded_by_domain
from collector.ledger.pieces import StoredBatch, open_batch

PURPOSE = "content"


@dataclass(frozen=True, slots=True)
class Opened:
    """What was stored, as far as its keys are there. `erased`: domain → records of which nobody reads anything any more."""

    content: LogBatch | StoredBatch | Sequence[Entry]
    erased: Counter[str] = field(default_factory=Counter)

    def batch(self) -> LogBatch:
        """All of it, where it is records."""
        content = self.content
        assert isinstance(content, LogBatch)
        return content

    def entries(self) -> Sequence[Entry]:
        """All of it, where it is payloads."""
        content = self.content
        assert not isinstance(content, LogBatch | StoredBatch)
        return content


class Contents:
    """Writes and reads contents.

    Args:
        keys: None where nothing is encrypted and nothing ever was.
    """

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys
        self._sealing = keys if keys is not None and keys.seals else None

    def of_batch(self, batch: LogBatch) -> bytes:
        """Raises `KeysUnavailable`."""
        if self._sealing is None:
            return codec.encode_batch(batch)
        return codec.framed(codec.SEALED_BATCH, self._sections(self._sealing, encoded_by_domain(batch)))

    def of_entries(self, entries: Sequence[Entry]) -> bytes:
        """Raises `KeysUnavailable`."""
        if self._sealing is None:
            return codec.encode_entries(entries)
        own: dict[str, list[Entry]] = {}
        for entry in entries:
            own.setdefault(entry.domain, []).append(entry)
        parts = [
            (domain, sum(entry.records for entry in some), codec.encode_entries(some)) for domain, some in own.items()
        ]
        return codec.framed(codec.SEALED_ENTRIES, self._sections(self._sealing, parts))

    def opened(self, data: bytes, records: int | None = None) -> Opened:
        """What was stored.

        Args:
            records: how many it holds; a batch that is larger than batches are today is given in pieces. None: it is decoded whole.

        Raises:
            Damaged: these are not the bytes that were written.
            KeysUnavailable: there is no key for them now.
        """
        if not codec.is_sealed(data):
            return Opened(_decoded(data, records))
        parts: list[bytes] = []
        erased: Counter[str] = Counter()
        for domain, number, sealed in codec.sections(data):
            if self._keys is None:
                raise KeysUnavailable("what was encrypted waits here, and nothing says where its keys are")
            try:
                parts.append(self._keys.open(domain, PURPOSE, sealed))
            except KeyDestroyed:
                erased[domain] += number
        return Opened(_joined(parts, codec.is_batch(data), records), erased)

    def _sections(self, keys: Keys, parts: Iterable[tuple[str, int, bytes]]) -> Iterator[bytes]:
        for domain, records, plain in parts:
            yield orjson.dumps([domain, records])
            yield keys.seal(domain, PURPOSE, plain)


def _joined(parts: Sequence[bytes], is_batch: bool, records: int | None) -> Any:
    if not is_batch:
        return [entry for part in parts for entry in codec.decode_entries(part)]
    if len(parts) == 1:
        return _decoded(parts[0], records)
    return decoded_together(parts)


def _decoded(data: bytes, records: int | None) -> Any:
    if not codec.is_batch(data):
        return codec.decode_entries(data)
    return codec.decode_batch(data) if records is None else open_batch(data, records)
