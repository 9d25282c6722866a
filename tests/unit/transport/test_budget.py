"""Who gives back when more is held than there is."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from collector.transport.budget import Budget


@dataclass(eq=False)
class Held:
    """One holder; `whole` can't give back."""

    name: str
    peer: str
    heard: float
    connection: object = None
    whole: bool = False
    cut: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.connection = self.connection or self.name

    def give_back(self) -> bool:
        self.cut = not self.whole
        return self.cut


# (holders in the order in which they come: name, peer, last sign of life, amount, connection, whole), who is cut
CASES = {
    "enough for all": ([("a", "x", 0, 4), ("b", "y", 1, 4)], ""),
    "the peer that holds the most, not the one that comes": ([("a", "x", 1, 5), ("b", "y", 0, 2), ("c", "y", 2, 2)], "a"),
    "of one peer who is silent for the longest time": ([("a", "x", 2, 3), ("b", "x", 1, 3), ("c", "x", 3, 3)], "b"),
    "of one peer the connection with the most calls": (
        [("a", "x", 0, 3), ("b", "x", 1, 3, "many"), ("c", "x", 2, 3, "many")], "b",
    ),
    "nobody whose request is whole": ([("a", "x", 0, 5, None, True), ("b", "x", 1, 3), ("c", "y", 2, 1)], "b"),
    "the one that comes, when nobody else can": ([("a", "x", 0, 5, None, True), ("b", "y", 1, 4)], "b"),
    "the one that grows beyond all others": ([("a", "x", 0, 3), ("b", "y", 1, 2), ("b", "y", 1, 6)], "b"),
    "several, as many as are needed": ([("a", "x", 0, 2), ("b", "x", 1, 2), ("c", "x", 2, 2), ("d", "y", 3, 5)], "ab"),
    "more than there is, alone": ([("a", "x", 0, 9)], "a"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_who_gives_back(name):
    """Of eight units; what is counted is what the others hold."""
    steps, cut = CASES[name]
    budget: Budget[Held] = Budget("units", 8, Held.give_back)
    holders: dict[str, Held] = {}
    for who, peer, heard, amount, *more in steps:
        holder = holders.setdefault(who, Held(who, peer, heard, *more))
        budget.hold(holder, amount)
    assert "".join(who for who, holder in holders.items() if holder.cut) == cut
    amounts = {who: amount for who, _, _, amount, *_ in steps}
    assert budget.used == sum(amount for who, amount in amounts.items() if who not in cut)
    assert budget.cuts == len(cut)


def test_a_share():
    """One peer never holds more than its share, whatever is left; what it gave back it may hold again."""
    budget: Budget[Held] = Budget("units", 100, Held.give_back, share=2)
    mine = [Held(str(number), "x", number) for number in range(3)]
    for holder in mine:
        budget.hold(holder, 1)
    budget.hold(Held("other", "y", 9), 1)
    assert [holder.cut for holder in mine] == [True, False, False]
    budget.release(mine[1])
    again = Held("again", "x", 10)
    budget.hold(again, 1)
    assert (again.cut, budget.used) == (False, 3)


def test_a_release_counts_once():
    """Releasing what is released, or never held, changes nothing."""
    budget: Budget[Held] = Budget("units", 8, Held.give_back, share=8)
    holder = Held("a", "x", 0)
    budget.release(holder)
    budget.hold(holder, 3)
    budget.release(holder)
    budget.release(holder)
    assert budget.used == 0
    assert list(budget) == []


def test_it_is_said_once_a_minute(caplog):
    """A flood makes one line."""
    budget: Budget[Held] = Budget("connections on :4318", 2, Held.give_back)
    with caplog.at_level(logging.WARNING):
        for number in range(50):
            budget.hold(Held(str(number), "x", number), 1)
    assert budget.cuts == 48
    assert [entry.getMessage().partition(";")[0] for entry in caplog.records] == [
        "connections on :4318: all 2 are in use"
    ]
