"""What receivers that read of themselves (an API, a journal) have in common: from what was read of a source into the journal, once.

    source.put ──► waits, bounded ──► one request of a source under way ──► on disk, with how far it was read
                                                └─ refused: the same again, a moment later

Nothing of a source is handed over before what was read in front of it is on disk, so the position that the journal has is true at any moment.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import xxhash

from collector.admission.admission import Admission, Notice
from collector.admission.nobody import Nobody
from collector.admission.steps import Arrival
from collector.errors import Refusal
from collector.ingress.written import Written
from collector.journal.positions import Position
from otlp_wire import Received, Repairs
from otlp_wire.record_writing import request

_log = logging.getLogger(__name__)
_MOST_BYTES, _MOST_RECORDS = 1 << 20, 1000
_WAITING_BYTES = 4 << 20
_RETRY_SECS, _ROUND_SECS = 5.0, 1.0


class Ended(Exception):
    """The receiver stops: nothing is taken any more."""


class _Part(NamedTuple):
    records: Sequence[Written]
    position: bytes
    size: int


class _Batch(NamedTuple):
    body: bytes
    records: int
    position: bytes


class Source:
    """What was read of one source and is not on disk yet, in order. One thread puts, the receiver's takes."""

    def __init__(self, id: bytes, scope: bytes, changed: threading.Condition) -> None:  # noqa: A002
        self.id, self._scope, self._changed = id, scope, changed
        self._parts: deque[_Part] = deque()
        self._size = 0
        self.ended = False
        self.under_way: _Batch | None = None
        self.sent = False
        self.retry_at = 0.0
        self.refused = ""
        """Why its records were not taken the last time; empty: they were."""

    def put(self, records: Sequence[Written], position: bytes) -> None:
        """Take these, and how far the source is read with them (empty: nothing new); waits while there is too much. Raises `Ended`."""
        size = sum(len(each.record) for each in records)
        with self._changed:
            while self._size > _WAITING_BYTES and not self.ended:
                self._changed.wait()
            if self.ended:
                raise Ended
            self._parts.append(_Part(records, position, size))
            self._size += size
            self._changed.notify_all()

    def next(self) -> _Batch | None:
        """What is to be handed over; the same until it is `done`. Under the condition's lock."""
        if self.under_way is None and self._parts:
            self.under_way = self._taken()
            self._changed.notify_all()
        return self.under_way

    def _taken(self) -> _Batch:
        groups: dict[tuple[tuple[str, str], ...], list[bytes]] = {}
        count, size, position = 0, 0, b""
        while self._parts and not (count and (size + self._parts[0].size > _MOST_BYTES or count >= _MOST_RECORDS)):
            part = self._parts.popleft()
            for resource, record in part.records:
                groups.setdefault(resource, []).append(record)
            count, size, position = count + len(part.records), size + part.size, part.position or position
        self._size -= size
        return _Batch(request(groups, self._scope) if groups else b"", count, position)


class Reading:
    """The sources of one receiver, and the thread that hands over what was read of them.

    Args:
        receiver: its id.
        domain: whose the records are; empty: the default.
        scope: a `scope_field` of all records.
    """

    def __init__(self, receiver: str, domain: str, scope: bytes = b"") -> None:
        self._id, self._facts, self._scope = receiver, Nobody(domain), scope
        self._changed = threading.Condition()
        self._sources: list[Source] = []
        self._answers: queue.SimpleQueue[tuple[Source, Refusal | None]] = queue.SimpleQueue()
        self._ended = False
        self._beat = 0.0
        self._admission: Admission | None = None
        self._thread = threading.Thread(target=self._run, name=f"reading of {receiver}", daemon=True)

    def source(self, id: bytes) -> Source:  # noqa: A002
        """A new one."""
        made = Source(id, self._scope, self._changed)
        self._sources.append(made)
        return made

    def start(self, admission: Admission) -> None:
        """Begin to hand over."""
        self._admission = admission
        self._beat = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Take nothing any more; what is under way gets its answer, what waits is read again."""
        with self._changed:
            self._ended = True
            for source in self._sources:
                source.ended = True
            self._changed.notify_all()

    def join(self, secs: float) -> None:
        """Until its thread has ended, or so long."""
        if self._thread.is_alive():
            self._thread.join(secs)

    def silent_secs(self) -> float:
        """Since its thread last went round."""
        return time.monotonic() - self._beat if self._thread.is_alive() else 0.0

    def refused(self) -> Mapping[bytes, str]:
        """Source → why its records are not taken."""
        return {source.id: source.refused for source in self._sources if source.refused}

    def _run(self) -> None:
        while not self._ended:
            self._beat = time.monotonic()
            self._settle()
            for source, batch in self._due():
                self._hand(source, batch)
            with self._changed:
                if not self._ended and self._answers.empty() and not self._ready(time.monotonic()):
                    self._changed.wait(_ROUND_SECS)

    def _ready(self, now: float) -> list[Source]:
        return [one for one in self._sources if not one.sent and one.retry_at <= now and one.next() is not None]

    def _due(self) -> list[tuple[Source, _Batch]]:
        with self._changed:
            ready = self._ready(time.monotonic())
            for source in ready:
                source.sent = True
            return [(source, batch) for source in ready if (batch := source.under_way) is not None]

    def _hand(self, source: Source, batch: _Batch) -> None:
        assert self._admission is not None
        received = Received(batch.body, batch.records, 1, Repairs())
        key = b"%s\0%s\0%s" % (self._id.encode(), source.id, batch.position)
        arrival = Arrival(
            self._id, self._facts, batch.body, read=lambda _: received,
            digest=xxhash.xxh3_128_digest(batch.body, xxhash.xxh3_64_intdigest(key)),
            position=Position(source.id, batch.position) if batch.position else None, held=True,
        )  # fmt: skip
        try:
            self._admission.submit(arrival, partial(self._answered, source))
        except Exception as defect:  # noqa: BLE001 - one defect must not end the reading of all sources
            _log.exception("%s: handing over what was read failed, and is tried again", self._id)
            self._answered(source, Refusal(f"{type(defect).__name__} while it was handed over"))

    def _answered(self, source: Source, answer: Refusal | Notice | None) -> None:
        self._answers.put((source, answer if isinstance(answer, Refusal) else None))
        with self._changed:
            self._changed.notify_all()

    def _settle(self) -> None:
        while not self._answers.empty():
            source, refusal = self._answers.get()
            with self._changed:
                source.sent = False
                source.refused = refusal.reason if refusal is not None else ""
                if refusal is None:
                    source.under_way = None
                else:
                    source.retry_at = time.monotonic() + (refusal.retry_after_secs or _RETRY_SECS)
