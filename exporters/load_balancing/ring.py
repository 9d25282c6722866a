"""Which backend a key belongs to: a consistent hash ring, the very one of the Collector's exporter, so that its instances and ours
decide alike. Without a backend only the keys that it had move.

Source: opentelemetry-collector-contrib, exporter/loadbalancing, release 0.158: 131,071 positions, 200 points a backend, CRC-32.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np

_POSITIONS = 131_071
_POINTS = 200
_PROBES = 10
"""How many positions further a point is put whose own is taken; one that finds none is left out."""


class HashRing:
    """Of `endpoints`, in any order; immutable, so threads may share it."""

    def __init__(self, endpoints: Iterable[str]) -> None:
        self.endpoints = tuple(sorted(set(endpoints)))
        points = sorted(_placed(self.endpoints))
        self._positions = np.array([position for position, _ in points], dtype=np.int64)
        self._owners = np.array([owner for _, owner in points], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._positions)

    def find(self, keys: Sequence[str]) -> list[str]:
        """The backend of each key: that of the next point. Raises IndexError where there is none."""
        at = np.array([crc32(key.encode()) % _POSITIONS for key in keys], dtype=np.int64)
        points = np.searchsorted(self._positions, at) % max(1, len(self))
        return [self.endpoints[owner] for owner in self._owners[points]]


def _placed(endpoints: Sequence[str]) -> Iterable[tuple[int, int]]:
    """(position, place in `endpoints`) of each point."""
    wanted = sorted(
        (value % _POSITIONS, value, owner)
        for owner, endpoint in enumerate(endpoints)
        for value in (crc32(endpoint.encode() + number.to_bytes(4, "little")) for number in range(_POINTS))
    )
    taken: set[int] = set()
    for position, _, owner in wanted:
        probes = ((position + step) % _POSITIONS for step in range(_PROBES))
        free = next((each for each in probes if each not in taken), None)
        if free is not None:
            taken.add(free)
            yield free, owner
