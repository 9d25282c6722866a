"""Health says `full` exactly while senders are refused for want of room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collector.journal.limits import JournalStatistics
from collector.service.fullness import Fullness

MIB = 1 << 20
START = JournalStatistics(*[0] * 18)
Look = tuple[int, int, int]  # taken, refused for want of room, MiB in use of 64


CASES: dict[str, list[tuple[Look, bool]]] = {
    "idle": [((0, 0, 1), False), ((0, 0, 1), False)],
    "some are taken, some refused": [((5, 0, 60), False), ((9, 3, 63), False)],
    "all are refused": [((5, 0, 60), False), ((5, 3, 63), True)],
    "nobody tries any more, there is no room": [((5, 3, 63), False), ((5, 4, 63), True), ((5, 4, 63), True)],
    "room comes back, nobody tries": [((0, 4, 63), True), ((0, 4, 30), False)],
    "one is taken again": [((0, 4, 63), True), ((1, 4, 62), False)],
    "full before anybody tries": [((0, 0, 64), True)],
}


@pytest.mark.parametrize("name", CASES)
def test_looks(name: str) -> None:
    """A row of looks, and what each must say."""
    fullness = Fullness()
    for (taken, refused, used), full in CASES[name]:
        state = replace(
            START, committed_requests=taken, refused_full=refused, bytes_in_use=used * MIB, budget_bytes=64 * MIB
        )
        assert fullness.look(state) is full
