"""One budget for all who share a token: never more calls in a window than allowed, whoever makes them."""

from __future__ import annotations

import random
from collections import deque

import pytest

from collector.transport.call_budget import BudgetSpent, CallBudget

CALLS, WINDOW = 1200, 300.0


class Clock:
    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def budget(tmp_path, clock, calls=CALLS):
    return CallBudget(tmp_path / "token.budget", calls, WINDOW, clock)


@pytest.mark.parametrize("seed", range(3))
def test_no_window_ever_sees_more_calls_than_allowed(tmp_path, clock, seed):
    """Three processes call as fast as they may, with pauses between; every window of 300 s holds at most 1200."""
    chance = random.Random(seed)
    sharing = [budget(tmp_path, clock) for _ in range(3)]
    recent, most = deque(), 0
    for _ in range(4000):
        clock.now += chance.choice([0.0] * 15 + [0.01, 0.3, 0.3, 0.3, 2.0])
        try:
            at = clock.now + chance.choice(sharing).take(patience_secs=5.0)
        except BudgetSpent as spent:
            clock.now += spent.after_secs
            continue
        recent.append(at)
        while recent[0] <= at - WINDOW:
            recent.popleft()
        most = max(most, len(recent))
    assert 1000 < most <= CALLS


def test_a_restart_does_not_begin_with_a_new_burst(tmp_path, clock):
    """The state is in the file."""
    first = budget(tmp_path, clock)
    waits = [first.take(1000.0) for _ in range(50)]
    assert waits[:40] == pytest.approx([0.0] * 40, abs=1e-3)
    assert waits[-1] > 2
    assert budget(tmp_path, clock).take(1000.0) > waits[-1]


def test_a_pause_holds_back_everybody(tmp_path, clock):
    """After Retry-After one call goes at once, the next ones evenly; longer than a window is not believed."""
    one, other = budget(tmp_path, clock), budget(tmp_path, clock)
    one.pause(30)
    with pytest.raises(BudgetSpent, match=r"used up for 30\.0 s"):
        other.take(patience_secs=5)
    clock.now += 30
    assert other.take(5) == pytest.approx(0.0, abs=1e-3)
    assert other.take(5) == pytest.approx(WINDOW / (CALLS - 40), abs=1e-3)
    one.pause(1e9)
    clock.now += WINDOW
    assert other.take(5) == pytest.approx(0.0, abs=1e-3)


def test_a_clock_that_goes_back_does_not_stop_calls_for_ever(tmp_path, clock):
    """An hour back costs two windows at most."""
    one = budget(tmp_path, clock)
    one.pause(60)
    clock.now -= 3600
    assert one.take(1e9) <= 2 * WINDOW


def test_without_a_limit_only_pauses_count(tmp_path, clock):
    """A Worker's bindings have no limit of calls."""
    one = budget(tmp_path, clock, calls=0)
    assert {one.take(0) for _ in range(5000)} == {0.0}
    one.pause(9)
    assert one.take(10) == pytest.approx(9)


def test_a_damaged_file_is_a_fresh_budget(tmp_path, clock):
    """Half a number counts as none."""
    (tmp_path / "token.budget").write_bytes(b"123")
    assert budget(tmp_path, clock).take(0) == 0.0


def test_who_takes_a_share_leaves_the_rest_at_once_and_all_of_a_window_that_is_needed(tmp_path, clock):
    """Half: of forty at once twenty; and none while others call as fast as they may, who lose nothing by it."""
    guest, others = budget(tmp_path, clock), budget(tmp_path, clock)
    assert [guest.take(1e-3, 0.5) for _ in range(20)] == pytest.approx([0.0] * 20, abs=1e-3)
    with pytest.raises(BudgetSpent, match="kept for delivery") as refused:
        guest.take(0.0, 0.5)
    assert refused.value.kept
    assert [others.take(1e-3) for _ in range(20)] == pytest.approx([0.0] * 20, abs=1e-3)
    ends, calls = clock.now + WINDOW, 0
    while clock.now < ends:
        clock.now += others.take(5.0)
        calls += 1
        with pytest.raises(BudgetSpent):
            guest.take(0.0, 0.5)
    assert calls >= CALLS - 41
    clock.now += 20
    assert guest.take(1e-3, 0.5) == pytest.approx(0.0, abs=1e-3)


def test_who_takes_a_share_waits_out_a_pause_of_all(tmp_path, clock):
    one = budget(tmp_path, clock)
    one.pause(30)
    with pytest.raises(BudgetSpent, match="used up") as refused:
        one.take(5.0, 0.5)
    assert not refused.value.kept
