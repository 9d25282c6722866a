"""What was spent: by prices, of counts that only grow, over kills, days and months; nothing is billed twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.domains.costs import FILE, CostBook, CostRules, Counted, Spent, SpentFile

NOON = 1_795_953_600.0  # 2026-11-29
DAY = 86_400.0
RULES = CostRules({"d1": {"records": 2.0, "rows_written": 1.0}, "es": {"records": 10.0}}, {"day": 10.0})


def delivered(domain: str, records: float, exporter: str = "d1") -> Counted:
    return Counted(f"{exporter} {domain}", exporter, domain, "records", records)


def rows(process: str, domain: str, number: float) -> Counted:
    return Counted(f"{process} d1 {domain} rows_written", "d1", domain, "rows_written", number)


class Bench:
    """A book that may be opened anew, as after a kill."""

    def __init__(self, folder: Path, rules: CostRules = RULES) -> None:
        self.path, self.rules, self.now = folder / FILE, rules, NOON
        self.book = CostBook(self.path)
        self.look()

    def look(self, *counts: Counted, passing: tuple[Counted, ...] = ()) -> dict[str, Spent]:
        self.book.look(self.rules, iter(counts), iter(passing), self.now)
        return dict(self.book.spent())

    def reopen(self) -> None:
        self.book = CostBook(self.path)


def test_records_cost_what_their_exporters_cost(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    counts = [delivered("a.example", 1_000_000), delivered("a.example", 500_000, "es"), delivered("b.example", 250_000)]
    assert bench.look(*counts) == {"a.example": Spent(7.0, 7.0), "b.example": Spent(0.5, 0.5)}
    assert bench.look(*counts, delivered("c.example", 9, "nop"))["a.example"] == Spent(7.0, 7.0)


def test_a_kill_bills_nothing_twice_and_forgets_nothing(tmp_path: Path) -> None:
    """Counts are on disk: what was delivered while nobody looked is billed at the next look."""
    bench = Bench(tmp_path)
    bench.look(delivered("a.example", 1_000_000))
    bench.reopen()
    assert bench.look(delivered("a.example", 3_000_000))["a.example"] == Spent(6.0, 6.0)


def test_what_was_there_before_a_book_is_paid(tmp_path: Path) -> None:
    book = CostBook(tmp_path / FILE)
    book.look(RULES, iter([delivered("a.example", 7e9)]), iter(()), NOON)
    assert book.spent() == {}
    book.look(RULES, iter([delivered("a.example", 7e9 + 1e6)]), iter(()), NOON)
    assert book.spent() == {"a.example": Spent(2.0, 2.0)}


def test_a_price_that_comes_later_charges_nobody_for_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CostRules())
    bench.look(delivered("a.example", 5e9))
    bench.rules = RULES
    assert bench.look(delivered("a.example", 5e9 + 5e5))["a.example"] == Spent(1.0, 1.0)


def test_counts_that_are_missing_for_a_look_are_not_new(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.look(delivered("a.example", 1e6))
    bench.look()
    assert bench.look(delivered("a.example", 1e6))["a.example"] == Spent(2.0, 2.0)


def test_what_a_destination_counts_begins_anew_with_each_process(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.look(passing=(rows("worker 0 17", "a.example", 1e6),))
    bench.look(passing=(rows("worker 0 17", "a.example", 1.5e6), rows("worker 1 18", "a.example", 5e5)))
    found = bench.look(passing=(rows("worker 0 99", "a.example", 1e6), rows("worker 1 18", "a.example", 5e5)))
    assert found["a.example"] == Spent(3.0, 3.0)


def test_a_day_and_a_month_end(tmp_path: Path) -> None:
    bench, file = Bench(tmp_path), SpentFile(tmp_path / FILE)
    bench.look(delivered("a.example", 1e6))
    bench.now += DAY
    file.look()
    assert file.spent("a.example", NOON) == Spent(2.0, 2.0)
    assert file.spent("a.example", bench.now) == Spent(0.0, 2.0)
    assert bench.look(delivered("a.example", 2e6))["a.example"] == Spent(2.0, 4.0)
    bench.now += 2 * DAY
    file.look()
    assert file.spent("a.example", bench.now) == Spent(0.0, 0.0)
    assert bench.look(delivered("a.example", 3e6))["a.example"] == Spent(2.0, 2.0)


def test_shares_are_told_once_a_period_also_over_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.look(delivered("a.example", 4e6))
    assert list(bench.book.news(RULES)) == [("a.example", "day", 0.8, 8.0)]
    bench.reopen()
    bench.look(delivered("a.example", 4.9e6))
    assert list(bench.book.news(RULES)) == []
    bench.look(delivered("a.example", 6e6))
    assert list(bench.book.news(RULES)) == [("a.example", "day", 1.0, 12.0)]
    bench.now += DAY
    bench.look(delivered("a.example", 11e6))
    assert list(bench.book.news(RULES)) == [("a.example", "day", 1.0, 10.0)]


@pytest.mark.parametrize("text", ["", "no json", "[]", json.dumps({"format": 99})])
def test_a_book_that_cannot_be_read_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    bench = Bench(tmp_path)
    assert bench.look(delivered("a.example", 1e6))["a.example"] == Spent(2.0, 2.0)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_disk_that_is_full_stops_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gone")
    assert bench.look(delivered("a.example", 1e6))["a.example"] == Spent(2.0, 2.0)
