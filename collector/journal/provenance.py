"""Where the records of a payload stood before they came: messages of one partition of a log that somebody else keeps, with places that
never change. So what is read there a second time, by another machine and cut otherwise, is known again: by the ids of its records
(`collector.pipeline.record_ids`) and in the dedup window (`collector.ledger.digests`).

As text it goes with the payload (`collector.journal.accompanied`), a stretch for messages that follow each other and are alike:

    source ;gap.messages.records.ms ;gap.messages.records.ms …     gap to the offset behind the stretch before; ms as what is added to its
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Self

MOST_STRETCHES = 512
"""Of a payload: messages that would need more come in several."""


class Stretch(NamedTuple):
    """Messages from `offset` on, without a gap, each of so many records, that were put there in the same millisecond (0: nobody told)."""

    offset: int
    messages: int
    records: int
    unix_ms: int


class Provenance(NamedTuple):
    """Of a payload's records, in their order.

    Args:
        source: 16 hex digits: which partition, of a topic that is made once, under which leader, read by which group.
    """

    source: str
    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, source: str, messages: Iterable[tuple[int, int, int]]) -> Self:
        """`messages`: (offset, records, ms since the epoch) of each, ascending."""
        found: list[Stretch] = []
        first = count = each = at = 0
        for offset, records, unix_ms in messages:
            if count and offset == first + count and records == each and unix_ms == at:
                count += 1
                continue
            if count:
                found.append(Stretch(first, count, each, at))
            first, count, each, at = offset, 1, records, unix_ms
        if count:
            found.append(Stretch(first, count, each, at))
        return cls(source, tuple(found))

    @property
    def records(self) -> int:
        """Of all messages."""
        return sum(each.messages * each.records for each in self.stretches)

    def text(self) -> str:
        """See the module."""
        parts, behind, unix_ms = [self.source], 0, 0
        for each in self.stretches:
            parts.append(f"{each.offset - behind}.{each.messages}.{each.records}.{each.unix_ms - unix_ms}")
            behind, unix_ms = each.offset + each.messages, each.unix_ms
        return ";".join(parts)

    def rows_before(self, offset: int) -> int:
        """How many records stand before a message."""
        return sum(max(0, min(each.messages, offset - each.offset)) * each.records for each in self.stretches)

    def behind(self, rows: int) -> int:
        """The offset behind the last message that is whole among the first `rows` records."""
        behind = self.stretches[0].offset if self.stretches else 0
        for each in self.stretches:
            whole = min(each.messages, rows // each.records) if each.records else each.messages
            rows -= whole * each.records
            behind = each.offset + whole
            if whole < each.messages:
                break
        return behind


@lru_cache(256)
def provenance_of(text: str) -> Provenance:
    """Of what `Provenance.text` made. Raises ValueError for anything else."""
    source, *parts = text.split(";")
    stretches: list[Stretch] = []
    behind = unix_ms = 0
    for part in parts:
        gap, messages, records, later = map(int, part.split("."))
        unix_ms += later
        stretches.append(Stretch(behind + gap, messages, records, unix_ms))
        behind += gap + messages
    return Provenance(source, tuple(stretches))
