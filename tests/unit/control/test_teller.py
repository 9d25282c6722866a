"""What a process has to tell: kept, bounded, sent once somebody listens."""

from __future__ import annotations

import time
from pathlib import Path

from collector.control.record import ControlRecord
from collector.control.teller import Teller
from unit.control.conftest import Slot

SECONDS = 20.0


def record(number: int) -> ControlRecord:
    return ControlRecord("logboom.service.x", "a.example", f"number {number}")


def lost(number: int) -> ControlRecord:
    return ControlRecord("logboom.service.events.lost", "a.example", f"{number} were lost")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def bodies(slot: Slot) -> list[str]:
    """What is in the journal, in order."""
    from collector.journal.reader import JournalReader
    from collector.pipeline.decode import decode

    reader = JournalReader.open(slot.root / "journal" / "control")
    entries = reader.read({}, {"a.example"}, {"service"}, 1 << 30, 10_000)
    reader.close()
    return decode(entries).batch.column("body").to_list()


def test_it_is_kept_until_somebody_listens_and_arrives_in_order(slot: Slot) -> None:
    slot.backend.prepare()
    teller = Teller(slot.root)
    teller.start()
    for number in range(150):
        teller.tell(record(number))
    time.sleep(0.3)
    assert teller.waiting == 150
    slot.start()
    teller.close(SECONDS)
    assert (teller.waiting, teller.lost_records) == (0, 0)
    assert bodies(slot) == [f"number {number}" for number in range(150)]


def test_a_restart_of_the_listener_loses_and_doubles_nothing(slot: Slot) -> None:
    slot.start()
    teller = Teller(slot.root)
    teller.start()
    for number in range(60):
        teller.tell(record(number))
        if number % 20 == 10:
            slot.stop()
            slot.start()
        time.sleep(0.005)
    teller.close(SECONDS)
    assert sorted(bodies(slot)) == sorted(f"number {number}" for number in range(60))


def test_beyond_its_bound_the_oldest_is_lost_and_that_is_told(slot: Slot) -> None:
    slot.backend.prepare()
    teller = Teller(slot.root, lost, most=10)
    for number in range(25):
        teller.tell(record(number))
    assert (teller.waiting, teller.lost_records) == (10, 15)
    teller.start()
    slot.start()
    deadline = time.monotonic() + SECONDS
    while "15 were lost" not in bodies(slot) and time.monotonic() < deadline:
        time.sleep(0.02)
    teller.close(SECONDS)
    assert bodies(slot) == [*(f"number {number}" for number in range(15, 25)), "15 were lost"]


def test_whatever_goes_mad_the_journal_is_not_its_victim(tmp_path: Path) -> None:
    clock = Clock()
    teller = Teller(tmp_path, clock=clock)
    for number in range(1000):
        teller.tell(record(number))
    assert (teller.waiting, teller.lost_records) == (240, 760)
    clock.now = 5.0
    for number in range(100):
        teller.tell(record(number))
    assert teller.waiting == 250


def test_what_is_refused_for_good_holds_nobody_up(slot: Slot) -> None:
    slot.start(admits=lambda told: "no" if told.body == "number 1" else "")
    teller = Teller(slot.root)
    teller.start()
    for number in range(3):
        teller.tell(record(number))
    teller.close(SECONDS)
    assert bodies(slot) == ["number 0", "number 2"]


def test_closing_without_a_listener_ends(tmp_path: Path) -> None:
    teller = Teller(tmp_path)
    teller.tell(record(1))
    teller.start()
    began = time.monotonic()
    teller.close(0.2)
    teller.close(0.2)
    assert time.monotonic() - began < 5.0
