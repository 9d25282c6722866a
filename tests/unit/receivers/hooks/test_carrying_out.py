"""A change elsewhere is several commands: what follows is done whatever became of the first, and a death in between is made good by a repetition."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collector.alert_commands import ISSUES, RESOLVE
from collector.control.asking import NotTaken, Settled, Told
from collector.control.command import command
from collector.control.record import ControlRecord
from collector.errors import Unavailable
from collector.receivers.hooks.hook import HookOrder
from counterparts.command_owner import Owner

KNOWS = Settled("alerting", applied=True, snapshot={ISSUES: "i1,i2"})
ISSUE = "logboom.command.issue.resolve"


def change(**more: Any) -> HookOrder:
    def then(answer: Any) -> list[ControlRecord]:
        issues = [issue for issue in ("named", *str(answer.get(ISSUES, "")).split(",")) if issue]
        return [command(ISSUE, "a.com", {"logboom.issue.id": each}, who="ada", id_=f"one.{each}") for each in issues]

    return HookOrder(command(RESOLVE, "a.com", {}, who="ada", id_="one"), then, **more)


def handed(owner: Owner) -> list[str]:
    return [each.id for each in owner.handed]


def test_what_follows_is_made_of_what_the_owner_says() -> None:
    owner = Owner(alert_resolve=KNOWS)
    told = asyncio.run(owner.carry_out(change()))
    assert (told.settled, handed(owner)) == ([KNOWS], ["one", "one.named", "one.i1", "one.i2"])


def test_an_alert_that_is_unknown_keeps_no_issue_from_being_resolved() -> None:
    owner = Owner(alert_resolve=Settled("alerting", applied=False, reason="there is no alert"))
    asyncio.run(owner.carry_out(change()))
    assert handed(owner) == ["one", "one.named"]


def test_without_an_answer_that_is_needed_the_sender_comes_again() -> None:
    owner = Owner(alert_resolve=None)
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(owner.carry_out(change(needs_answer=True)))
    assert (refusal.value.retry_after_secs, handed(owner)) == (5.0, ["one"])
    asyncio.run(owner.carry_out(change()))
    assert handed(owner) == ["one", "one.named"]


def test_what_a_death_interrupted_a_repetition_ends_and_nothing_is_done_twice() -> None:
    owner = Owner(alert_resolve=KNOWS, issue_resolve=Unavailable("not now"))
    with pytest.raises(Unavailable):
        asyncio.run(owner.carry_out(change()))
    assert handed(owner) == ["one"]
    owner.says = {"alert.resolve": KNOWS}
    for _ in range(2):
        asyncio.run(owner.carry_out(change()))
    assert handed(owner) == ["one", "one.named", "one.i1", "one.i2"]


def test_what_is_never_taken_is_said() -> None:
    with pytest.raises(NotTaken):
        asyncio.run(Owner(alert_resolve=NotTaken("no such domain")).carry_out(change()))


def test_so_many_at_once() -> None:
    """Others wait for their turn, and get it."""

    class Slow(Owner):
        at_once = most = 0

        async def hand_over(self, record: ControlRecord, wait_secs: float = 0.0) -> Told:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(0)
            self.at_once -= 1
            return Told(record.id, [KNOWS])

    async def main() -> Slow:
        owner = Slow()
        await asyncio.gather(*(owner.carry_out(change()) for _ in range(40)))
        return owner

    assert asyncio.run(main()).most == 8
