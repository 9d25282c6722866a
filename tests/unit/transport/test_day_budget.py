"""What may be spent in a day: over processes, deaths and clocks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.transport.day_budget import DayBudget

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 20_000 * DAY + 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_day_has_so_much_whoever_spends_it(tmp_path: Path, clock: Clock) -> None:
    """Two processes; what is set aside and not corrected is spent."""
    one, other = (DayBudget(tmp_path / "b", {"calls": 3, "tokens": 1000}, clock) for _ in range(2))
    assert one.take({"calls": 1, "tokens": 600}) is not None
    assert other.take({"calls": 1, "tokens": 600}) is None
    assert other.take({"calls": 1, "tokens": 400}) is not None
    assert one.take({"calls": 1, "tokens": 1}) is None
    clock.now += DAY
    assert one.take({"calls": 3, "tokens": 1000}) is not None


def test_what_was_set_aside_too_much_comes_back(tmp_path: Path, clock: Clock) -> None:
    """On the same day alone."""
    budget = DayBudget(tmp_path / "b", {"tokens": 1000, "cost": 0}, clock)
    taken = budget.take({"tokens": 900, "cost": 5})
    assert taken is not None
    budget.settle(taken, {"tokens": 100, "cost": 1})
    assert budget.spent() == {"tokens": 100, "cost": 1}
    clock.now += DAY
    budget.settle(taken, {"tokens": 0})
    assert budget.spent() == {}


@pytest.mark.parametrize(("moved", "left"), [(-DAY, False), (-40 * DAY, False), (DAY, True), (400 * DAY, True)])
def test_clocks_that_jump(tmp_path: Path, clock: Clock, moved: float, left: bool) -> None:
    """One that was put back gives nothing again."""
    budget = DayBudget(tmp_path / "b", {"calls": 1}, clock)
    budget.take({"calls": 1})
    clock.now += moved
    assert (budget.take({"calls": 1}) is not None) is left


def test_a_clock_that_was_far_ahead_stops_nobody_for_ever(tmp_path: Path, clock: Clock) -> None:
    """Put right, the next day has its budget."""
    budget = DayBudget(tmp_path / "b", {"calls": 1}, clock)
    clock.now += 400 * DAY
    budget.take({"calls": 1})
    clock.now -= 400 * DAY
    assert budget.take({"calls": 1}) is None
    clock.now += DAY
    assert budget.take({"calls": 1}) is not None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[]", b'{"day": "x"}', b'{"day": 20000, "spent": 7}'])
def test_a_file_that_can_not_be_read_is_spent(tmp_path: Path, clock: Clock, content: bytes) -> None:
    """For today."""
    (tmp_path / "b").write_bytes(content)
    budget = DayBudget(tmp_path / "b", {"calls": 1}, clock)
    assert budget.take({"calls": 1}) is None
    clock.now += DAY
    assert budget.take({"calls": 1}) is not None


def test_a_death_before_a_write_gives_nothing_back(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the file goes on to stand there until the next record does, all of it at once."""
    budget = DayBudget(tmp_path / "b", {"calls": 1}, clock)
    assert budget.spent() == {}
    taken = budget.take({"calls": 1})
    assert taken is not None
    size = (tmp_path / "b").stat().st_size

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", killed)
        with pytest.raises(KeyboardInterrupt):
            budget.settle(taken, {"calls": 0.123456789})
    assert budget.take({"calls": 1}) is None
    budget.settle(taken, {"calls": 0.123456789})
    assert (tmp_path / "b").stat().st_size == size


def test_a_death_at_the_first_write_leaves_no_file(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing looks spent that is not."""
    monkeypatch.setattr(os, "pwrite", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        DayBudget(tmp_path / "b", {"calls": 1}, clock).take({"calls": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_record_of_before_is_read(tmp_path: Path, clock: Clock) -> None:
    """It had no padding."""
    (tmp_path / "b").write_bytes(b'{"day":20000,"spent":{"calls":3.0}}')
    budget = DayBudget(tmp_path / "b", {"calls": 4}, clock)
    assert budget.take({"calls": 1}) is not None
    assert budget.spent() == {"calls": 4}
