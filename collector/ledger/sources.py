"""Where a pipeline's entries come from: the journals of all ingest slots, this partition's domains, its receivers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import xxhash

from collector.journal.entry import Entry
from collector.journal.reader import JournalReader, Taken
from collector.ledger.roster import PipelineRecord

_SCAN_BYTES = 8 << 20
_ALL = 1 << 62


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


@dataclass(slots=True)
class Gathered:
    """What one look into the journals gave, and how far it reaches."""

    entries: list[Entry] = field(default_factory=list)
    position: dict[tuple[str, str], int] = field(default_factory=dict)
    begun: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

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


class Source:
    """The journals as one pipeline sees them. Its readers are its own, so that its turns over domains are, too.

    Args:
        load: journal → its cursors on disk (domain → highest offset passed) and the entries behind them that were taken
            in part, asked for when the journal is first seen; from then on `advance` keeps them in memory.
    """

    def __init__(
        self,
        journals: Sequence[JournalReader],
        owns_domain: Callable[[str], bool],
        record: PipelineRecord,
        wanted: Wanted,
        load: Callable[[str], tuple[Mapping[str, int], Mapping[str, tuple[int, int]]]],
    ) -> None:
        self._readers = deque(JournalReader.open(journal.path) for journal in journals)
        self._owns_domain = owns_domain
        self._record = record
        self.wanted = wanted
        self._load = load
        self._passed: dict[str, dict[str, int]] = {}
        self._begun: dict[str, dict[str, tuple[int, int]]] = {}
        self.at_rest = False

    def take(self, max_bytes: int, max_records: int, cut: bool = False) -> Gathered:
        """The next entries; at least one if there is one. Each call begins with another journal. `cut`: large ones in
        pieces."""
        taken = Gathered()
        self._readers.rotate(-1)
        for reader in self._readers:
            if max_bytes <= 0 or max_records <= 0:
                break
            found = self._read(reader, max_bytes, max_records, cut, taken)
            taken.entries += found
            max_bytes, max_records = found.left
        self.at_rest = not taken.position
        return taken

    def advance(
        self, position: Mapping[tuple[str, str], int], begun: Mapping[tuple[str, str], tuple[int, int]]
    ) -> None:
        """A commit has passed everything up to `position`, and some records of the entries in `begun`."""
        for (journal, domain), offset in position.items():
            self._cursors(journal)[domain] = offset
            self._begun[journal].pop(domain, None)
        for (journal, domain), place in begun.items():
            self._begun[journal][domain] = place

    def unread(self) -> dict[str, int]:
        """Records that wait, by domain, counted entry by entry: the source moves to the end."""
        waiting: dict[str, int] = {}
        while True:
            taken = self.take(_SCAN_BYTES, _ALL)
            for entry in taken.entries:
                waiting[entry.domain] = waiting.get(entry.domain, 0) + entry.records
            if not taken.position:
                return waiting
            self.advance(taken.position, {})

    def close(self) -> None:
        """Let go of the journals."""
        for reader in self._readers:
            reader.close()

    def _cursors(self, journal: str) -> dict[str, int]:
        if journal not in self._passed:
            passed, begun = self._load(journal)
            self._passed[journal], self._begun[journal] = dict(passed), dict(begun)
        return self._passed[journal]

    def _read(self, reader: JournalReader, max_bytes: int, max_records: int, cut: bool, taken: Gathered) -> Taken:
        journal = reader.id
        if journal is None:
            return Taken(max_bytes, max_records)
        domains = {domain for domain in reader.heads() if self._owns_domain(domain)}
        after = dict.fromkeys(domains, self._record.bases.get(journal, 0)) | self._cursors(journal)
        begun = self._begun[journal]
        found = reader.read(after, domains, self.wanted, max_bytes, max_records, begun=begun, cut=cut)
        taken.position |= {(journal, domain): offset for domain, offset in found.through.items()}
        taken.begun |= {(journal, domain): place for domain, place in found.begun.items()}
        return found


def last_offsets(journals: Sequence[JournalReader]) -> dict[str, int]:
    """journal → its newest offset: where a pipeline that starts now begins."""
    return {
        journal.id: max((head.last_offset for head in journal.heads().values()), default=0)
        for journal in journals
        if journal.id is not None
    }


def fetch(reader: JournalReader, domain: str, offsets: Sequence[int], receivers: Collection[str]) -> list[Entry]:
    """The entries of one domain at `offsets` (ascending); those that are gone are missing."""
    wanted, after, found = set(offsets), offsets[0] - 1, []
    while after < offsets[-1]:
        taken = reader.read({domain: after}, {domain}, receivers, _SCAN_BYTES, _ALL)
        found += [entry for entry in taken if entry.offset in wanted]
        if taken.through.get(domain, after) == after:
            break
        after = taken.through[domain]
    return found
