"""At once the first time, then once a minute with a count; bounded."""

from __future__ import annotations

from collector.control.repeats import Repeats


def test_the_first_is_told_at_once_and_the_others_once_a_minute() -> None:
    told: list[tuple[str, int]] = []
    now = [0.0]
    repeats = Repeats(lambda key, count: told.append((key, count)), "others", clock=lambda: now[0])
    for _ in range(5):
        repeats.happened("a")
    repeats.happened("b", 7)
    assert told == [("a", 1), ("b", 7)]
    now[0] = 59.0
    repeats.flush()
    assert len(told) == 2
    now[0] = 60.0
    repeats.flush()
    assert told[2:] == [("a", 4)]
    repeats.happened("b")
    assert told[3:] == [("b", 1)], "a minute without it, and it is news again"
    now[0] = 180.0
    repeats.flush()
    repeats.happened("a")
    assert told[4:] == [("a", 1)]


def test_beyond_its_bound_others_are_counted_together() -> None:
    told: list[tuple[str, int]] = []
    now = [0.0]
    repeats = Repeats(lambda key, count: told.append((key, count)), "others", clock=lambda: now[0])
    for number in range(1000):
        repeats.happened(str(number))
    assert len(told) == 257
    now[0] = 61.0
    repeats.flush()
    assert told[257:] == [("others", 743)]
