"""People are told once, then once a minute with a count."""

from __future__ import annotations

from collector.delivery.events import EventKind, EventThrottle, ExporterEvent

K = EventKind.REJECTED


def throttle():
    heard, now = [], [0.0]
    return heard, now, EventThrottle(heard.append, lambda: now[0])


def test_the_first_at_once_the_rest_once_a_minute_with_their_count():
    heard, now, events = throttle()
    for _ in range(5):
        events.emit(K, "x", "no", 10)
    assert heard == [ExporterEvent(K, "x", "no", 10)]
    events.flush()
    assert len(heard) == 1
    now[0] = 60.0
    events.flush()
    assert heard[1:] == [ExporterEvent(K, "x", "no", 40)]
    now[0] = 130.0
    events.flush()
    events.emit(K, "x", "no", 1)
    assert heard[2:] == [ExporterEvent(K, "x", "no", 1)]


def test_kinds_exporters_and_reasons_are_told_apart():
    heard, _, events = throttle()
    for kind in (K, EventKind.BLOCKED):
        for exporter in ("x", "y"):
            for reason in ("a", "b"):
                events.emit(kind, exporter, reason)
    assert len(heard) == 8


def test_the_end_leaves_nothing_untold():
    heard, _, events = throttle()
    events.emit(K, "x", "no", 1)
    events.emit(K, "x", "no", 2)
    events.flush(everything=True)
    assert [event.count for event in heard] == [1, 2]


def test_reasons_that_never_repeat_take_no_memory():
    """Beyond a number of open reasons they are counted together."""
    heard, _, events = throttle()
    for n in range(10_000):
        events.emit(K, "x", f"id {n}")
    assert len(heard) < 300
    events.flush(everything=True)
    assert sum(event.count for event in heard) == 10_000
