"""What a step says of one domain: all that the watch of it learns, in a form that can be written down and said again.

Keys of series that the watch knows are their positions; so the same observations in the same order make the same watch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

Counted = tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Minute of receipt; and, as long as each other, positions in `series`, minutes, records."""


@dataclass(slots=True)
class Observation:
    """One domain in one step; minutes are since the epoch.

    Args:
        series: positions of those that are known, else (pattern, service, environment, level, template).
        counted: by minute of receipt, ascending.
        versions: (service, environment, version).
        values: (position in `series`, field, value, records, minute).
        durations: (service, environment, endpoint, version, minute, {bucket: requests}).
        numbers: (service, environment, pattern, name, template, limit, value).
    """

    series: list[int | tuple[str, str, str, str, str]] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    versions: list[tuple[str, str, str]] = field(default_factory=list)
    values: list[tuple[int, str, str, int, int]] = field(default_factory=list)
    durations: list[tuple[str, str, str, str, int, dict[int, int]]] = field(default_factory=list)
    numbers: list[tuple[str, str, str, str, str, float, float]] = field(default_factory=list)

    def packed(self) -> list[Any]:
        """As msgpack takes it."""
        counted = [[at, *(part.astype("<u4").tobytes() for part in parts)] for at, *parts in self.counted]
        return [self.series, counted, self.versions, self.values, self.durations, self.numbers]

    @classmethod
    def unpacked(cls, given: list[Any]) -> Observation:
        """The other way."""
        series, counted, versions, values, durations, numbers = given
        arrays = [(at, *(np.frombuffer(part, "<u4").astype(np.int64) for part in parts)) for at, *parts in counted]
        return cls(
            [each if isinstance(each, int) else tuple(each) for each in series], arrays,
            [tuple(each) for each in versions], [tuple(each) for each in values], [tuple(each) for each in durations],
            [tuple(each) for each in numbers],
        )  # fmt: skip


def frame(what: Any) -> bytes:
    """One entry of the log of a domain; entries stand behind each other."""
    packed: bytes = msgpack.packb(what)
    return packed


def frames(log: bytes) -> list[Any]:
    """The entries."""
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=0)
    unpacker.feed(log)
    return list(unpacker)
