"""Outbox entries to requests: joined up to `min_size`, cut at `max_size` and `max_request_bytes`, in order.

Without `batch` nothing is waited for: entries that were read together are joined, so that a backlog travels in large
requests and a lone entry at once. Records and undecoded payloads never share a request. Not thread-safe.
"""

from __future__ import annotations

from collector.batch import LogBatch
from collector.delivery.config import QueueConfig
from collector.delivery.request import Part, Request

_LEAST_BYTES = 64 << 10  # records may be large; requests of single records would be the end of a backlog


class Batcher:
    """Collects parts. `waiting` is true while there are parts that `flush` would give."""

    def __init__(self, queue: QueueConfig) -> None:
        batch = queue.batch if queue.enabled else None
        self._by_items = queue.batch_sizer == "items"
        self._min = batch.min_size if batch else float("inf")
        self._max = (batch.max_size if batch else 0) or float("inf")
        self._max_bytes = queue.max_request_bytes
        self.flush_timeout = batch.flush_timeout if batch else 0.0
        self._parts: list[Part] = []
        self._key: object = None
        self._size = 0
        self._bytes = 0

    def stay_below(self, size_bytes: int) -> None:
        """The destination refused more than that for its size: requests are cut there from now on."""
        self._max_bytes = min(self._max_bytes, max(size_bytes, _LEAST_BYTES))

    @property
    def waiting(self) -> bool:
        """Something is kept back for a fuller request."""
        return bool(self._parts)

    def add(self, part: Part, key: object = None) -> list[Request]:
        """Take records in; what is ready to be sent comes back. Records of different keys share no request."""
        ready: list[Request] = []
        if self._parts and (_is_batch(self._parts[0]) != _is_batch(part) or key != self._key):
            ready += self.flush()
        self._key = key
        for piece in self._cut(part):
            if self._parts and not self._fits(piece):
                ready += self.flush()
            self._parts.append(piece)
            self._size += self._size_of(piece)
            self._bytes += piece.size_bytes
            if self._size >= self._min:
                ready += self.flush()
        return ready

    def flush(self) -> list[Request]:
        """What is kept back, as a request."""
        if not self._parts:
            return []
        request = Request(tuple(self._parts))
        self._parts, self._size, self._bytes = [], 0, 0
        return [request]

    def _size_of(self, part: Part) -> int:
        return part.records if self._by_items else part.size_bytes

    def _fits(self, part: Part) -> bool:
        return self._size + self._size_of(part) <= self._max and self._bytes + part.size_bytes <= self._max_bytes

    def _cut(self, part: Part) -> list[Part]:
        """Pieces within the limits, the first one filling up what is collected to `max_size`.

        `max_request_bytes` is a bound and no aim: an entry within it stays whole, since cutting costs more than a
        request that is not full.
        """
        pieces: list[Part] = []
        room, room_bytes = self._max - self._size, self._max_bytes
        while part.records:
            if self._within(part, room, room_bytes):
                return [*pieces, part]
            units = self._units_that_fit(part, room, room_bytes)
            if units == 0 and (room, room_bytes) == (self._max, self._max_bytes):
                units = 1  # over the limit on its own: the destination's answer decides
            if units:
                pieces.append(part.slice(0, units))
                part = part.slice(units, len(part.content) - units)
            room, room_bytes = self._max, self._max_bytes
        return pieces

    def _within(self, part: Part, room: float, room_bytes: float) -> bool:
        return self._size_of(part) <= room and part.size_bytes <= room_bytes

    def _units_that_fit(self, part: Part, room: float, room_bytes: float) -> int:
        """Records of a batch, by their mean size; payloads one by one, for they stay whole."""
        if isinstance(part.content, LogBatch):
            share = min(room / self._size_of(part), room_bytes / max(1, part.size_bytes), 1.0)
            return int(part.records * share)
        units = 0
        for entry in part.content:
            room -= entry.records if self._by_items else len(entry.body)
            room_bytes -= len(entry.body)
            if room < 0 or room_bytes < 0:
                break
            units += 1
        return units


def _is_batch(part: Part) -> bool:
    return isinstance(part.content, LogBatch)
