"""Where a pipeline's entries come from: this partition's domains, its receivers. `JournalSources` takes them from the journals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import xxhash

from collector.journal.entry import Entry
from collector.ledger.roster import PipelineRecord


@lru_cache(maxsize=65536)
def partition_of(domain: str, partitions: int) -> int:
    """The partition that owns a domain: xxh3-64 of its name, modulo. The same for ever, in every process."""
    return xxhash.xxh3_64_intdigest(domain.encode()) % partitions


class Wanted(Collection[str]):
    """The receivers whose entries a pipeline reads: its own, and, for one pipeline of all, those that no pipeline
    has any more, so that what is left of them is counted."""

    def __init__(self, own: Collection[str], claimed: Collection[str] | None) -> None:
        self._own = frozenset(own)
        self._claimed = claimed

    def __contains__(self, receiver: object) -> bool:
        return receiver in self._own or (self._claimed is not None and receiver not in self._claimed)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def owns(self, entry: Entry) -> bool:
        """Whether the pipeline itself wants it."""
        return entry.receiver in self._own


FLOOR = ""
"""The domain of a cursor that stands for all of a journal: everything up to it is passed, whatever its domain."""


@dataclass(slots=True)
class Gathered:
    """What one look into the journals gave, and how far it reaches.

    `lost`: gaps that it passes: what stood there was deleted before it was read, and nobody knows what it was.
    """

    entries: list[Entry] = field(default_factory=list)
    position: dict[tuple[str, str], int] = field(default_factory=dict)
    begun: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    lost: int = 0

    def pass_whole(self, entries: Sequence[Entry]) -> list[Entry]:
        """These need no work: what was taken in pieces is passed to its end at once."""
        whole: dict[tuple[str, str, int], Entry] = {}
        for entry in entries:
            whole.setdefault((entry.journal, entry.domain, entry.offset), entry.onward())
        for journal, domain, offset in whole:
            if self.begun.get((journal, domain), (-1, 0))[0] == offset:
                del self.begun[journal, domain]
                self.position[journal, domain] = offset
        return list(whole.values())


class Source(Protocol):
    """What one pipeline reads, of the domains of one partition. Its place, and its turns over domains, are its own.

    `at_rest`: the last `take` found nothing.
    """

    at_rest: bool
    wanted: Wanted

    def take(self, max_bytes: int, max_records: int, cut: bool = False) -> Gathered:
        """The next entries; at least one if there is one. `cut`: large ones in pieces."""
        ...

    def take_control(self, max_bytes: int, max_records: int) -> Gathered:
        """The next entries of what people do and the service knows, where the pipeline reads those; they come before the others."""
        ...

    def advance(
        self, position: Mapping[tuple[str, str], int], begun: Mapping[tuple[str, str], tuple[int, int]]
    ) -> None:
        """A commit has passed everything up to `position`, and some records of the entries in `begun`."""
        ...

    def unread(self) -> dict[str, int]:
        """Records that wait, by domain, counted entry by entry: the source moves to the end."""
        ...

    def close(self) -> None: ...


class Shelf(Protocol):
    """Where entries that were read stand as long as somebody holds them. For one thread, beside the sources."""

    def fetch(self, journal: str, domain: str, offsets: Sequence[int], receivers: Collection[str]) -> list[Entry]:
        """The entries of one domain at `offsets` (ascending); those that are gone are missing."""
        ...

    def close(self) -> None: ...


LoadCursors = Callable[[str], tuple[Mapping[str, int], Mapping[str, tuple[int, int]]]]
"""journal → its cursors on disk (domain → highest offset passed) and the entries behind them that were taken in part."""


class Sources(Protocol):
    """All that was accepted, in every journal; makes what reads it.

    `skew_ms`: by so much the clocks of those may differ who write one journal.
    """

    @property
    def skew_ms(self) -> int: ...

    def source(
        self, record: PipelineRecord, wanted: Wanted, owns_domain: Callable[[str], bool], load: LoadCursors
    ) -> Source:
        """What a pipeline reads. `load` is asked when a journal is first seen; from then on `advance` moves on."""
        ...

    def shelf(self) -> Shelf: ...

    def last_offsets(self) -> Mapping[str, int]:
        """journal → its newest offset: where a pipeline that starts now begins."""
        ...
