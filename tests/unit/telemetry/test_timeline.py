"""What operations spend their time on: counted always, told of where they are slow or a sample."""

from __future__ import annotations

import random
import time

from collector.timeline import BOUNDS_SECS, UNWATCHED, Operation, Watched

NEVER, ALWAYS = 1e9, 0.0


def run(watched, name="step", *laps):
    timeline = watched.begin(name)
    for lap in laps:
        timeline.lap(lap)
    watched.end(timeline, lambda: {"logboom.pipeline": "logs"})


def test_one_that_is_slow_is_told_of_with_all_its_moments():
    """In Unix nanoseconds; laps follow each other from the beginning on."""
    told: list[Operation] = []
    watched = Watched(ALWAYS, told=told.append)
    before = time.time_ns()
    run(watched, "step", "read", "decode", "commit")
    (one,) = told
    assert (one.name, one.attributes, [what for what, *_ in one.laps]) == (
        "step",
        {"logboom.pipeline": "logs"},
        ["read", "decode", "commit"],
    )
    moments = [one.began, *(moment for _, *both in one.laps for moment in both), one.ended]
    assert moments == sorted(moments)
    assert one.laps[0][1] == one.began
    assert [end for _, _, end in one.laps[:-1]] == [begin for _, begin, _ in one.laps[1:]]
    assert abs(one.began - before) < 60e9
    assert list(watched.slow) == told


def test_one_that_is_fast_is_a_count_and_nothing_else():
    """Its attributes are not even asked for."""
    watched = Watched(NEVER, told=lambda _: 1 / 0)
    for _ in range(3):
        timeline = watched.begin("step")
        watched.end(timeline, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert (sum(watched.buckets["step"]), len(watched.buckets["step"]), list(watched.slow)) == (
        3,
        len(BOUNDS_SECS) + 1,
        [],
    )


def test_samples_are_told_of_and_are_not_slow():
    told: list[Operation] = []
    watched = Watched(NEVER, 0.5, told.append, random.Random(1))
    for _ in range(400):
        run(watched)
    assert 100 < len(told) < 300
    assert list(watched.slow) == []


def test_nothing_grows_without_end():
    """One operation with many laps (a destination that is away for days), many slow ones."""
    watched = Watched(ALWAYS)
    run(watched, "deliver", *["send"] * 1000)
    assert len(watched.slow[0].laps) == 64
    for _ in range(50):
        run(watched)
    assert (len(watched.slow), sum(watched.buckets["step"])) == (10, 50)


def test_where_nobody_listens_nothing_is_noted():
    """All share one timeline."""
    first, second = UNWATCHED.begin("step"), UNWATCHED.begin("deliver")
    first.lap("read")
    UNWATCHED.end(first, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert (first is second, first.laps, UNWATCHED.on) == (True, [], False)
