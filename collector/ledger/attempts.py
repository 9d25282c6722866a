"""Which entries were being worked on when the worker died: the memory that turns a poison entry into a dead letter.

    before decode   the marker names the entries of the step       (pwrite into a small file, no fsync: it has to
    after commit    the marker is cleared                           survive the process, not the machine)
    at start        a marker that is still set is one death of each of its entries

Entries that saw a death are tried one by one (and committed together), so that the next death names the one to blame;
after a second death each is committed alone; `STRIKES` deaths and it is dead-lettered raw with the reason `poison`. A worker that the supervisor kills because it hangs dies the same way.

    file = u32 length │ u64 xxh3 of the text │ JSON {"current": spans, "suspects": [[journal, domain, low, high, deaths]…]}

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

STRIKES = 3
_CAUTIOUS_RECORDS = 64
_HEADER = struct.Struct("<IQ")
_Span = tuple[str, str, int, int, int]  # journal, domain, first offset, last offset, deaths


class Attempts:
    """The marker file of one pipeline in one partition. One thread uses it."""

    def __init__(self, partition: Path, pipeline: str) -> None:
        folder = partition / "attempts"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / quote(pipeline, safe="")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        current, self._suspects = self._load()
        self._suspects += [(*span[:4], span[4] + 1) for span in current]
        self._current: list[_Span] = []
        if current:
            self._store()

    def begin(self, entries: Sequence[Entry]) -> None:
        """These entries are being worked on from now until `done`."""
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for entry in entries:
            low, high = spans.get((entry.journal, entry.domain), (entry.offset, entry.offset))
            spans[entry.journal, entry.domain] = (min(low, entry.offset), max(high, entry.offset))
        deaths = max((self.deaths(entry) for entry in entries), default=0) if self._suspects else 0
        self._current = [(journal, domain, *span, deaths) for (journal, domain), span in spans.items()]
        self._store()

    def done(self, entries: Sequence[Entry]) -> None:
        """The step is committed (or given back unharmed); its entries are no suspects any more."""
        self._current = []
        passed = {(entry.journal, entry.domain): entry.offset for entry in entries} if self._suspects else {}
        self._suspects = [span for span in self._suspects if span[3] > passed.get(span[:2], -1)]
        self._store()

    def limit(self, max_bytes: int, max_records: int) -> tuple[int, int]:
        """How much to take at once: after one death a few entries, after a second one a single entry."""
        worst = max((span[4] for span in self._suspects), default=0)
        if worst > 1:
            return 1, 1
        return (max_bytes, min(max_records, _CAUTIOUS_RECORDS)) if worst else (max_bytes, max_records)

    def rest(self) -> None:
        """Nothing is in hand any more, and nothing was done."""
        if self._current:
            self._current = []
            self._store()

    def deaths(self, entry: Entry) -> int:
        """How often the worker died with this entry in hand."""
        place = (entry.journal, entry.domain)
        spans = (span for span in self._suspects if span[:2] == place and span[2] <= entry.offset <= span[3])
        return max((span[4] for span in spans), default=0)

    @property
    def suspicious(self) -> bool:
        """Whether any entry saw a death; if not, no entry needs a look."""
        return bool(self._suspects)

    def close(self) -> None:
        """An orderly stop: nothing is in hand."""
        if self._file >= 0:
            self._current = []
            self._store()
            os.close(self._file)
            self._file = -1

    def _store(self) -> None:
        if not self._current and not self._suspects:
            os.pwrite(self._file, _HEADER.pack(0, 0), 0)
            return
        text = orjson.dumps({"current": self._current, "suspects": self._suspects})
        os.pwrite(self._file, _HEADER.pack(len(text), xxhash.xxh3_64_intdigest(text)) + text, 0)

    def _load(self) -> tuple[list[_Span], list[_Span]]:
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        if len(data) < _HEADER.size:
            return [], []
        length, digest = _HEADER.unpack_from(data)
        text = data[_HEADER.size : _HEADER.size + length]
        if not text or xxhash.xxh3_64_intdigest(text) != digest:
            return [], []
        held = orjson.loads(text)
        return [tuple(span) for span in held["current"]], [tuple(span) for span in held["suspects"]]
