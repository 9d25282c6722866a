"""The journals as sources: what the ingest slots wrote, read from their LMDB environments."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from collector.encryption import Keys
from collector.journal.entry import Entry
from collector.journal.reader import JournalReader, Taken
from collector.ledger.roster import PipelineRecord
from collector.ledger.sources import Gathered, LoadCursors, Wanted

_SCAN_BYTES = 8 << 20
_ALL = 1 << 62


class JournalSources:
    """The `Sources` over the journals at `paths`, of all ingest slots, and the control journal; those that do not exist yet are empty.

    Raises:
        StorageError: one of them is of a foreign format; from `source`, `shelf` and `last_offsets`.
    """

    skew_ms = 1000  # requests that come at once are not put in the order of their clocks

    def __init__(self, paths: Sequence[Path], control: Path | None = None, keys: Keys | None = None) -> None:
        self._paths = paths
        self._keys = keys
        self._control = [] if control is None else [control]

    def source(
        self, record: PipelineRecord, wanted: Wanted, owns_domain: Callable[[str], bool], load: LoadCursors
    ) -> JournalSource:
        """See `Sources.source`."""
        data = self._paths if record.reads_data else ()
        control = self._control if record.reads_control else ()
        return JournalSource(data, record, wanted, owns_domain, load, control, self._keys)

    def shelf(self) -> JournalShelf:
        """See `Sources.shelf`."""
        return JournalShelf([*self._paths, *self._control], self._keys)

    def last_offsets(self) -> dict[str, int]:
        """See `Sources.last_offsets`."""
        found: dict[str, int] = {}
        for path in (*self._paths, *self._control):
            reader = JournalReader.open(path)
            if reader.id is not None:
                found[reader.id] = max((head.last_offset for head in reader.heads().values()), default=0)
            reader.close()
        return found


class JournalSource:
    """The journals as one pipeline sees them. Its readers are its own, so that its turns over domains are, too."""

    def __init__(
        self,
        paths: Sequence[Path],
        record: PipelineRecord,
        wanted: Wanted,
        owns_domain: Callable[[str], bool],
        load: LoadCursors,
        control: Sequence[Path] = (),
        keys: Keys | None = None,
    ) -> None:
        self._readers = deque(JournalReader.open(path, keys) for path in paths)
        self._control = [JournalReader.open(path, keys) for path in control]
        self._owns_domain = owns_domain
        self._record = record
        self.wanted = wanted
        self._load = load
        self._passed: dict[str, dict[str, int]] = {}
        self._begun: dict[str, dict[str, tuple[int, int]]] = {}
        self.at_rest = False

    def take(self, max_bytes: int, max_records: int, cut: bool = False) -> Gathered:
        """See `Source.take`. Each call begins with another journal."""
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

    def take_control(self, max_bytes: int, max_records: int) -> Gathered:
        """See `Source.take_control`."""
        taken = Gathered()
        for reader in self._control:
            taken.entries += self._read(reader, max_bytes, max_records, False, taken)
        return taken

    def advance(
        self, position: Mapping[tuple[str, str], int], begun: Mapping[tuple[str, str], tuple[int, int]]
    ) -> None:
        """See `Source.advance`."""
        for (journal, domain), offset in position.items():
            self._cursors(journal)[domain] = offset
            self._begun[journal].pop(domain, None)
        for (journal, domain), place in begun.items():
            self._begun[journal][domain] = place

    def unread(self) -> dict[str, int]:
        """See `Source.unread`."""
        waiting: dict[str, int] = {}
        while True:
            taken = self.take_control(_SCAN_BYTES, _ALL)
            if not taken.position:
                taken = self.take(_SCAN_BYTES, _ALL)
            for entry in taken.entries:
                waiting[entry.domain] = waiting.get(entry.domain, 0) + entry.records
            if not taken.position:
                return waiting
            self.advance(taken.position, {})

    def close(self) -> None:
        """Let go of the journals."""
        for reader in (*self._readers, *self._control):
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


class JournalShelf:
    """The `Shelf` of the journals."""

    def __init__(self, paths: Sequence[Path], keys: Keys | None = None) -> None:
        self._readers = [JournalReader.open(path, keys) for path in paths]

    def fetch(self, journal: str, domain: str, offsets: Sequence[int], receivers: Collection[str]) -> list[Entry]:
        """See `Shelf.fetch`. Nothing is left of a journal that was wiped."""
        reader = next((reader for reader in self._readers if reader.id == journal), None)
        return [] if reader is None else _fetch(reader, domain, offsets, receivers)

    def close(self) -> None:
        """Let go of the journals."""
        for reader in self._readers:
            reader.close()


def _fetch(reader: JournalReader, domain: str, offsets: Sequence[int], receivers: Collection[str]) -> list[Entry]:
    wanted, after, found = set(offsets), offsets[0] - 1, []
    while after < offsets[-1]:
        taken = reader.read({domain: after}, {domain}, receivers, _SCAN_BYTES, _ALL)
        found += [entry for entry in taken if entry.offset in wanted]
        if taken.through.get(domain, after) == after:
            break
        after = taken.through[domain]
    return found
