"""When a fault began."""

import numpy as np
import pytest

from collector.causes.onset import Window, baseline_windows, fault_window, onset

MINUTE = 60 * 10**9
START = 1_700_000_000 * 10**9


def events(*spans):
    """`(from minute, to minute, a minute)` each."""
    return np.concatenate(
        [
            START + np.linspace(a * MINUTE, b * MINUTE, int((b - a) * n), endpoint=False).astype(np.int64)
            for a, b, n in spans
        ]
    )


@pytest.mark.parametrize(
    ("spans", "minute"),
    [
        ([(40, 60, 30)], 40),
        ([(0, 60, 2), (45, 60, 40)], 45),
        ([(0, 60, 10)], 0),  # a steady rate began with its first event
        ([(0, 60, 20), (10, 11, 3)], 0),
        ([(55, 60, 1)], 55),
    ],
    ids=str,
)
def test_it_is_where_the_rate_rises(spans, minute):
    assert abs(onset(events(*spans), START, START + 60 * MINUTE) - (START + minute * MINUTE)) <= MINUTE


def test_without_events_it_is_the_beginning():
    assert onset(np.array([], np.int64), 5, 50) == 5


def test_the_order_of_events_does_not_matter():
    times = events((0, 60, 2), (30, 60, 40))
    shuffled = np.random.default_rng(1).permutation(times)
    assert onset(shuffled, START, START + 60 * MINUTE) == onset(times, START, START + 60 * MINUTE)


def test_windows_are_as_long_just_before_yesterday_and_a_week_ago():
    fault = fault_window(START, START + 10 * MINUTE)
    before, yesterday, last_week = baseline_windows(fault)
    assert before == Window(START - 10 * MINUTE, START)
    assert yesterday == fault.before(24 * 60 * MINUTE)
    assert last_week == fault.before(7 * 24 * 60 * MINUTE)


@pytest.mark.parametrize(
    ("length", "taken"), [(1, MINUTE), (10 * MINUTE, 10 * MINUTE), (300 * MINUTE, 30 * MINUTE)], ids=str
)
def test_a_window_is_neither_too_short_to_say_something_nor_endless(length, taken):
    fault = fault_window(START, START + length)
    assert fault.until - fault.since == taken
