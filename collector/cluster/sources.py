"""The topics `intake` and `control` as sources: what every logboom of the cluster accepted, of one partition.

A partition's records stand in one place of each topic, so its ledger has two journals. How far a pipeline has come there are its cursors by
domain, as in journals on disk, and besides one of the domain "", the floor: everything up to it is passed, of all domains. Reading
begins there, and trimming ends there (`collector.cluster.trimming`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from collector.cluster.accepted import Accepted
from collector.cluster.fetcher import Fetcher
from collector.cluster.shelf import KafkaShelf
from collector.cluster.window import Held, Start, Window, streamed
from collector.errors import OutOfReach
from collector.journal.reader import Taken
from collector.journal.rotation import Rotation, from_within
from collector.ledger.roster import PipelineRecord
from collector.ledger.sources import FLOOR, Gathered, LoadCursors, Wanted

_SCAN_BYTES, _ALL = 8 << 20, 1 << 62
_FLOOR_SECS = 1.0  # a floor that moves alone, over entries of others, is worth a commit so often
_PATIENCE_SECS = 30.0


class KafkaSources:
    """The `Sources` of one partition."""

    skew_ms = 600_000

    def __init__(self, accepted: Accepted, number: int) -> None:
        self._accepted = accepted
        self._number = number

    def source(
        self,
        record: PipelineRecord,
        wanted: Wanted,
        owns_domain: Callable[[str], bool],  # noqa: ARG002  a place holds the partition's domains, and no others
        load: LoadCursors,
    ) -> KafkaSource:
        """See `Sources.source`."""
        data = self._window(record, wanted, load, control=False) if record.reads_data else None
        control = self._window(record, wanted, load, control=True) if record.reads_control else None
        return KafkaSource(self._accepted, record.id, wanted, data, control)

    def _window(self, record: PipelineRecord, wanted: Wanted, load: LoadCursors, control: bool) -> PlaceRead:
        place, journal = self._accepted.place(self._number, control)
        passed, begun = load(journal)
        floor = passed.get(FLOOR, record.bases.get(journal))
        start = Start(floor, {domain: offset for domain, offset in passed.items() if domain != FLOOR})
        return PlaceRead(Window(place, journal, wanted, start), dict(begun))

    def shelf(self) -> KafkaShelf:
        """See `Sources.shelf`."""
        places = [self._accepted.place(self._number, control) for control in (False, True)]
        return KafkaShelf(self._accepted.shelf(), {journal: place for place, journal in places})

    def last_offsets(self) -> dict[str, int]:
        """See `Sources.last_offsets`. Raises `OutOfReach`."""
        places = dict(self._accepted.place(self._number, control) for control in (False, True))
        return {places[place]: end for place, end in self._accepted.ends(list(places)).items()}


class PlaceRead:
    """One place as a source reads it: its window, its turns over domains, what was taken in part."""

    def __init__(self, window: Window, begun: dict[str, tuple[int, int]]) -> None:
        self.window = window
        self.begun = begun
        self._rotation = Rotation()
        self._floor_at = -_FLOOR_SECS

    def take(self, max_bytes: int, max_records: int, cut: bool, gathered: Gathered) -> None:
        """Take into `gathered`. Raises `StorageError`: the place can't be read any more."""
        held, taken, journal = self.window.look(), Taken(max_bytes, max_records), self.window.journal
        streams = {domain: streamed(span.each(), taken.through) for domain, span in held.entries.items()}
        for domain, place in self.begun.items():
            if domain in streams:
                streams[domain] = from_within(streams[domain], *place)
        self._rotation.take(streams, taken, max_bytes, max_records, cut=cut)
        taken.note_begun()
        gathered.entries += taken
        gathered.position |= {(journal, domain): offset for domain, offset in taken.through.items()}
        gathered.begun |= {(journal, domain): place for domain, place in taken.begun.items()}
        self._raise_floor(held, taken.through, gathered)

    def _raise_floor(self, held: Held, through: Mapping[str, int], gathered: Gathered) -> None:
        floor = held.floor_behind(through)
        gaps = sum(begins <= floor for begins in held.gaps)
        alone = not through and not gaps
        if floor <= held.floor or (alone and time.monotonic() - self._floor_at < _FLOOR_SECS):
            return
        gathered.position[self.window.journal, FLOOR] = floor
        gathered.lost += gaps

    def pass_on(
        self, position: Mapping[tuple[str, str], int], begun: Mapping[tuple[str, str], tuple[int, int]]
    ) -> None:
        """A commit has passed that."""
        mine = {domain: offset for (journal, domain), offset in position.items() if journal == self.window.journal}
        for domain in mine:
            self.begun.pop(domain, None)
        self.begun |= {domain: place for (journal, domain), place in begun.items() if journal == self.window.journal}
        floor = mine.pop(FLOOR, 0)
        self._floor_at = time.monotonic()
        self.window.pass_on(mine, floor)


class KafkaSource:
    """The `Source` of one pipeline and one partition."""

    def __init__(
        self, accepted: Accepted, pipeline: str, wanted: Wanted, data: PlaceRead | None, control: PlaceRead | None
    ) -> None:
        self._accepted = accepted
        self._pipeline = pipeline
        self.wanted = wanted
        self.at_rest = False
        self._data, self._control = data, control
        self._reads = [read for read in (control, data) if read is not None]
        self._fetchers: list[tuple[PlaceRead, Fetcher]] = [
            (read, accepted.fetch(pipeline, read.window)) for read in self._reads
        ]

    def take(self, max_bytes: int, max_records: int, cut: bool = False) -> Gathered:
        """See `Source.take`. Raises `StorageError`: the topic can't be read any more."""
        taken = Gathered()
        if self._data is not None:
            self._data.take(max_bytes, max_records, cut, taken)
        self.at_rest = not taken.position and (self._data is None or self._data.window.at_end)
        return taken

    def take_control(self, max_bytes: int, max_records: int) -> Gathered:
        """See `Source.take_control`."""
        taken = Gathered()
        if self._control is not None:
            self._control.take(max_bytes, max_records, False, taken)
        return taken

    def advance(
        self, position: Mapping[tuple[str, str], int], begun: Mapping[tuple[str, str], tuple[int, int]]
    ) -> None:
        """See `Source.advance`."""
        for read, fetcher in self._fetchers:
            read.pass_on(position, begun)
            fetcher.stir()

    def unread(self) -> dict[str, int]:
        """See `Source.unread`. Raises `OutOfReach`: no broker answers."""
        waiting: dict[str, int] = {}
        ends = self._accepted.ends([read.window.place for read in self._reads])
        for read in self._reads:
            while gathered := self._next(read, ends[read.window.place]):
                for entry in gathered.entries:
                    waiting[entry.domain] = waiting.get(entry.domain, 0) + entry.records
                self.advance(gathered.position, {})
        return waiting

    def _next(self, read: PlaceRead, end: int) -> Gathered | None:
        """What comes next of a place; None when it is read up to `end`."""
        while True:
            gathered = Gathered()
            read.take(_SCAN_BYTES, _ALL, False, gathered)
            if gathered.entries:
                return gathered
            if read.window.read_to >= end:
                return None
            if not read.window.wait_for(end, _PATIENCE_SECS):
                raise OutOfReach(f"{read.window.place.topic}/{read.window.place.partition}: no broker answers")

    def close(self) -> None:
        """Let go of the windows."""
        for read in self._reads:
            self._accepted.leave(self._pipeline, read.window)
