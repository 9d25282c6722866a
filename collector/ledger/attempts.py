"""Which entries were being worked on when the worker died: the memory that turns a poison entry into a dead letter.

    before decode   the marker names the entries in hand           (pwrite into a small file, no fsync: it has to
    after commit    the marker is cleared                           survive the process, not the machine)
    at start        a marker that is still set is a death with those entries in hand

    a death with        is                 the next attempt
    many in hand        a suspicion        decodes and processes them one by one, and commits them together
    the same again      a suspicion        commits each alone
    one in hand         a strike           commits it alone; after `STRIKES` it is dead-lettered raw as `poison`

Only a death that names one entry is held against it, so that workers which are killed for other reasons, even often,
give nothing up. A worker that the supervisor kills because it hangs dies the same way.

    file = u32 length │ u64 xxh3 of the text │ JSON {"read": id, "current": spans, "suspects": [[journal, domain, low, high, care, strikes]…]}

A torn or foreign file counts as empty: at worst an entry gets another attempt.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import orjson
import xxhash

from collector.journal.entry import Entry
from collector.ledger.interface import Read

STRIKES = 3
_CAUTIOUS_RECORDS = 64
_HEADER = struct.Struct("<IQ")
_Span = tuple[str, str, int, int, int, int]  # journal, domain, first offset, last offset, care, strikes
_ONE_BY_ONE, _ALONE = 1, 2  # the degrees of care


class Attempts:
    """The marker file of one pipeline in one partition. One thread uses it.

    Args:
        partition: its directory.
        applied: id of the last committed `Read`: a death after its commit is nobody's fault.
    """

    def __init__(self, partition: Path, pipeline: str, applied: bytes = b"") -> None:
        folder = partition / "attempts"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / quote(pipeline, safe="")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        read, current, self._suspects = self._load()
        if read != applied.hex():
            self._suspects += _after_death(current)
        self._read = ""
        self._current: list[_Span] = []
        if current:
            self._store()

    def begin(self, read_id: bytes, entries: Sequence[Entry]) -> None:
        """These entries of a `Read` are being worked on from now until `done`."""
        self._read = read_id.hex()
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for entry in entries:
            low, high = spans.get((entry.journal, entry.domain), (entry.offset, entry.offset))
            spans[entry.journal, entry.domain] = (min(low, entry.offset), max(high, entry.offset))
        care, strikes = self._known(entries)
        self._current = [(journal, domain, *span, care, strikes) for (journal, domain), span in spans.items()]
        self._store()

    def done(self, read: Read) -> None:
        """The step is committed; what it passed is suspected no more."""
        self._current = []
        passed: dict[tuple[str, str], int] = {}
        if self._suspects:
            passed = {(entry.journal, entry.domain): entry.offset for entry in read.entries} | dict(read.position)
        self._suspects = [span for span in self._suspects if span[3] > passed.get(span[:2], -1)]
        self._store()

    def limit(self, max_bytes: int, max_records: int) -> tuple[int, int]:
        """How much to take at once: after a death a few entries, if that does not help a single one."""
        care = max((span[4] for span in self._suspects), default=0)
        if care == _ALONE:
            return 1, 1
        return (max_bytes, min(max_records, _CAUTIOUS_RECORDS)) if care else (max_bytes, max_records)

    def rest(self) -> None:
        """Nothing is in hand any more, and nothing was done."""
        if self._current:
            self._current = []
            self._store()

    def strikes(self, entry: Entry) -> int:
        """How often the worker died with this entry alone in hand."""
        return self._known([entry])[1]

    @property
    def suspicious(self) -> bool:
        """Whether any entry was in hand at a death; if not, no entry needs a look."""
        return bool(self._suspects)

    def close(self) -> None:
        """An orderly stop: nothing is in hand."""
        if self._file >= 0:
            self._current = []
            self._store()
            os.close(self._file)
            self._file = -1

    def _known(self, entries: Sequence[Entry]) -> tuple[int, int]:
        """The highest care and strikes of these entries."""
        if not self._suspects:
            return 0, 0
        found = [
            span
            for entry in entries
            for span in self._suspects
            if span[:2] == (entry.journal, entry.domain) and span[2] <= entry.offset <= span[3]
        ]
        return max((span[4] for span in found), default=0), max((span[5] for span in found), default=0)

    def _store(self) -> None:
        if not self._current and not self._suspects:
            os.pwrite(self._file, _HEADER.pack(0, 0), 0)
            return
        text = orjson.dumps({"read": self._read, "current": self._current, "suspects": self._suspects})
        os.pwrite(self._file, _HEADER.pack(len(text), xxhash.xxh3_64_intdigest(text)) + text, 0)

    def _load(self) -> tuple[str, list[_Span], list[_Span]]:
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        if len(data) < _HEADER.size:
            return "", [], []
        length, digest = _HEADER.unpack_from(data)
        text = data[_HEADER.size : _HEADER.size + length]
        if not text or xxhash.xxh3_64_intdigest(text) != digest:
            return "", [], []
        held = orjson.loads(text)
        return held["read"], [tuple(span) for span in held["current"]], [tuple(span) for span in held["suspects"]]


def _after_death(current: Sequence[_Span]) -> list[_Span]:
    """What was in hand, held against it."""
    if len(current) == 1 and current[0][2] == current[0][3]:
        ((journal, domain, low, high, _, strikes),) = current
        return [(journal, domain, low, high, _ALONE, strikes + 1)]
    return [(*span[:4], min(span[4] + 1, _ALONE), span[5]) for span in current]
