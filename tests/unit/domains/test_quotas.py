"""What processes take of a day's quota: together, through restarts, and new each day."""

from __future__ import annotations

import stat

import pytest

from collector.domains.quotas import FOLDER, QuotaBook, QuotaRules, Taken

DAY = 20_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / FOLDER


def book(folder, slot: int = 0, totals=None, day: int = DAY) -> QuotaBook:
    """A process that has started."""
    made = QuotaBook(folder, slot, 2)
    made.connect(totals or {}, day)
    return made


def test_all_processes_together(folder):
    """Each sees what the other takes, at once; what was not used goes back."""
    first, second = book(folder, 0), book(folder, 1)
    first.take("a.example", DAY, 10, 1000)
    second.take("a.example", DAY, 5, 500)
    second.take("b.example", DAY, 1, 1)
    assert first.taken("a.example", DAY) == second.taken("a.example", DAY) == Taken(15, 1500)
    second.take("a.example", DAY, -5, -500)
    assert first.taken("a.example", DAY) == Taken(10, 1000)
    assert first.taken("b.example", DAY) == Taken(1, 1)
    assert stat.S_IMODE((folder / "0").stat().st_mode) == 0o600


def test_after_a_death_the_journal_says_what_was_taken(folder):
    """What was let in and not committed is not counted; what was committed is, whatever the file says."""
    running = book(folder, totals={"a.example": (1000, 10_000)})
    running.take("a.example", DAY, 10, 100)
    running.take("a.example", DAY, 7, 70)  # dies before this is on disk
    again = book(folder, totals={"a.example": (1010, 10_100)})
    assert again.taken("a.example", DAY) == Taken(10, 100)
    running.take("b.example", DAY, 3, 30)
    assert book(folder, totals={"a.example": (1010, 10_100)}).taken("b.example", DAY) == Taken()


def test_what_waits_for_the_journal_is_counted(folder):
    """Requests come in before it is open; they are in none of its totals."""
    starting = QuotaBook(folder, 0, 2)
    starting.take("a.example", DAY, 4, 40)
    starting.connect({"a.example": (100, 1000)}, DAY)
    assert starting.taken("a.example", DAY) == Taken(4, 40)
    starting.take("a.example", DAY, 1, 10)
    assert book(folder, totals={"a.example": (105, 1050)}).taken("a.example", DAY) == Taken(5, 50)


def test_a_new_day_begins_with_nothing(folder):
    """And a clock that is set back does not give yesterday's quota again."""
    running = book(folder, totals={"a.example": (100, 1000)})
    running.take("a.example", DAY, 10, 100)
    assert running.taken("a.example", DAY + 1) == Taken()
    running.take("a.example", DAY + 1, 2, 20)
    assert running.taken("a.example", DAY + 1) == Taken(2, 20)
    assert running.taken("a.example", DAY) == Taken(2, 20)
    again = book(folder, totals={"a.example": (112, 1120)}, day=DAY + 1)
    assert again.taken("a.example", DAY + 1) == Taken(2, 20)
    assert book(folder, totals={"a.example": (112, 1120)}, day=DAY + 2).taken("a.example", DAY + 2) == Taken()


def test_a_journal_that_was_wiped(folder):
    """Its totals begin anew, and so does the day."""
    book(folder, totals={"a.example": (100, 1000)}).take("a.example", DAY, 5, 50)
    anew = book(folder, totals={"a.example": (2, 20)})
    assert anew.taken("a.example", DAY) == Taken()
    anew.take("a.example", DAY, 1, 1)
    assert anew.taken("a.example", DAY) == Taken(1, 1)


def test_many_domains(folder):
    """More than there are rows: the last ones have no quota, and nobody else's is touched."""
    running = book(folder)
    for number in range(4100):
        running.take(f"{number}.example", DAY, 1, number)
    assert running.taken("7.example", DAY) == Taken(1, 7)
    assert running.taken("4099.example", DAY) == Taken()
    assert book(folder, 1).taken("4095.example", DAY) == Taken(1, 4095)


def test_without_a_folder(tmp_path, caplog):
    """A disk that fails stops no sender."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    running = QuotaBook(blocked / FOLDER, 0, 1)
    running.take("a.example", DAY, 1, 2)
    assert running.taken("a.example", DAY) == Taken(1, 2)
    assert "quotas count anew with each start" in caplog.text


def test_rules():
    """An override stands unit by unit; 0 is none."""
    rules = QuotaRules({"records": 5, "bytes": 9}, overrides={"a.example": {"records": 0}})
    assert rules.of_domain("a.example") == {"bytes": 9}
    assert rules.of_domain("b.example") == {"records": 5, "bytes": 9}
