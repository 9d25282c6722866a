"""Asking a logboom that runs: on disk, done, or where it stands."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from collector.control.asking import NotRunning, NotTaken, Settled, Told, ask
from collector.control.command import command
from collector.control.record import ControlRecord, Unfit
from collector.control.teller import Teller
from collector.control.waiting import Waiting
from unit.control.conftest import Slot

PAINT = "logboom.command.paint"


def paint(id_: str = "c1") -> ControlRecord:
    return command(PAINT, "a.example", {"colour": "red"}, who="ann", id_=id_)


def test_it_is_on_disk_when_the_call_ends(slot: Slot) -> None:
    slot.start(owners={PAINT: ["wall"]})
    assert ask(slot.root, paint()) == Told("c1")
    assert slot.entries() == 1


def test_who_waits_is_told_what_all_owners_made_of_it(slot: Slot) -> None:
    slot.start(owners={PAINT: ["wall", "door"]})
    teller = Teller(slot.root)
    teller.start()

    def work() -> None:
        time.sleep(0.2)
        teller.answer({"id": "c1", "owner": "wall", "outcome": "applied", "reason": "", "snapshot": {"coats": 2}})
        time.sleep(0.2)
        teller.answer({"id": "c1", "owner": "door", "outcome": "refused", "reason": "it is glass", "snapshot": {}})

    threading.Thread(target=work).start()
    told = ask(slot.root, paint(), 10.0)
    assert told.settled == [Settled("wall", True, "", {"coats": 2}), Settled("door", False, "it is glass")]
    assert ask(slot.root, paint(), 10.0).settled == told.settled, "asked again, it is known"
    teller.close(5.0)
    assert slot.entries() == 1


def test_who_waits_too_long_is_told_how_many_are_before_it(slot: Slot) -> None:
    slot.start(owners={PAINT: ["wall"]})
    for number in range(3):
        ask(slot.root, paint(f"before {number}"))
    began = time.monotonic()
    assert ask(slot.root, paint(), 0.3) == Told("c1", [], 3)
    assert time.monotonic() - began < 5.0


def test_what_is_not_taken_and_who_does_not_run_are_told_apart(slot: Slot, tmp_path: Path) -> None:
    slot.start(admits=lambda record: f"nobody takes {record.name}", owners={})
    with pytest.raises(NotTaken, match="nobody takes"):
        ask(slot.root, paint())
    with pytest.raises(NotRunning, match="no logboom that runs"):
        ask(tmp_path, paint())


@pytest.mark.parametrize("name", ["paint", "logboom.command.applied", "logboom.command.refused", "logboom.service.x"])
def test_what_is_no_command_is_none(name: str) -> None:
    with pytest.raises(Unfit, match="not the name of a command"):
        command(name, "a.example", {}, who="ann")


def test_an_owner_that_is_faster_than_the_word_of_the_disk_does_not_answer_for_the_others() -> None:
    waiting, said = Waiting({PAINT: ["wall", "door"]}), list[dict[str, object]]()
    wall, door = {"id": "c1", "owner": "wall"}, {"id": "c1", "owner": "door"}
    waiting.answered(wall)
    waiting.accepted("c1", PAINT)
    assert not waiting.wait("c1", said.append)
    waiting.answered(door)
    assert said == [{"id": "c1", "settled": [wall, door]}]


def test_memory_of_who_waits_is_bounded() -> None:
    waiting = Waiting({PAINT: ["wall"]})
    for number in range(5000):
        waiting.accepted(str(number), PAINT)
        waiting.wait(str(number), lambda _: None)
        waiting.answered({"id": f"x{number}", "owner": "wall"})
    assert max(len(waiting._open), len(waiting._told), len(waiting._answers)) <= 1000
