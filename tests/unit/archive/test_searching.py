"""What is found in an archive is what a store of the same records finds, page by page, within a budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.archive.searching import Budget, Searched, search_archive
from collector.columns.tables import GENERATION
from collector.query import Query
from collector.query.searching import Row as Found
from collector.query.searching import Wanted, search
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.reading import opened
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

FIRST_HOUR, HOURS, EACH = 472_222, 8, 6
HOUR_NS = 3_600_000_000_000
SINCE, UNTIL = FIRST_HOUR * HOUR_NS, (FIRST_HOUR + HOURS) * HOUR_NS
EVERYTHING = Wanted(Query(""), Scope.everything(), SINCE, UNTIL, 1000)


def records() -> list[Row]:
    """Of two domains, over two days: some of the same moment, events among them, attributes of each kind."""
    made = []
    for number in range(HOURS * EACH):
        hour, within = divmod(number, EACH)
        fields: dict[str, Any] = {
            "time_unix_nano": (FIRST_HOUR + hour) * HOUR_NS + within // 2 * 1_000_000_000,
            "domain": "tamyla.com" if number % 3 else "other.example",
            "severity_number": (9, 17, 13, 5)[number % 4],
            "body": f"request {number} took long",
        }
        own = (
            ("http.response.status_code", 200 + number % 5),
            ("user.id", f"u{number % 7}"),
            ("slow", number % 2 == 0),
        )
        made.append(Row(f"01HF7YAT00P266K2R692K{number:05}", own, (("service.name", "shop"),), fields=fields))
    return made


@pytest.fixture
def stored(written: Any, tmp_path: Path) -> Path:
    """The same records in an archive, in cuts that overlap in time, and in a store."""
    made = records()
    for part in (made[::2], made[1::2]):
        written.write(*part)
    store = EmbeddedStore(tmp_path / "all.db")
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    return tmp_path / "all.db"


def of_store(path: Path, wanted: Wanted) -> list[Found]:
    with opened(path, wanted.scope) as connection:
        return search(connection, wanted).rows


def pages(archive: Any, wanted: Wanted, budget: Budget) -> list[Searched]:
    """All of them, one after the other, as whoever goes on asks."""
    asked = [search_archive(archive, wanted, budget)]
    while not (found := asked[-1].found).complete:
        wanted = (
            replace(wanted, before=found.next) if found.next else replace(wanted, until=found.searched_to, before=None)
        )
        asked.append(search_archive(archive, wanted, budget))
        assert len(asked) < 500, "it comes to no end"
    return asked


@pytest.mark.parametrize(
    "query", ["", "level:>=warning", "@http.response.status_code:>=203 -@user.id:u3", '"41 took"', "@slow:true service:shop"]
)  # fmt: skip
@pytest.mark.parametrize("scope", [Scope.everything(), Scope.of("tamyla.com"), Scope.of("none.example")], ids=str)
def test_rows_are_those_of_a_store(written: Any, stored: Path, query: str, scope: Scope) -> None:
    """Every column of them, in the same order."""
    wanted = replace(EVERYTHING, query=Query(query), scope=scope)
    found = search_archive(written.archive, wanted, Budget()).found
    assert found.rows == of_store(stored, wanted)
    assert (found.complete, found.searched_to, found.next) == (True, SINCE, None)
    assert bool(found.rows) == ("none.example" not in scope or scope.is_everything)


@pytest.mark.parametrize("limit", [5, 1000])
@pytest.mark.parametrize("budget", [Budget(), Budget(most_bytes=1), Budget(secs=1e-9)], ids=["all", "bytes", "time"])
def test_pages_together_are_all_of_it_once(written: Any, stored: Path, limit: int, budget: Budget) -> None:
    wanted = replace(EVERYTHING, limit=limit, query=Query("level:>=warning"))
    told = [row["record_id"] for page in pages(written.archive, wanted, budget) for row in page.found.rows]
    assert told == [row["record_id"] for row in of_store(stored, replace(wanted, limit=1000))]


def test_a_budget_ends_behind_an_hour(written: Any, stored: Path) -> None:
    page = search_archive(written.archive, EVERYTHING, Budget(most_bytes=1))
    assert (page.found.complete, page.found.searched_to) == (False, UNTIL - HOUR_NS)
    assert len(page.found.rows) == EACH
    assert page.objects == 4  # two cuts, two domains
    assert page.read_bytes == sum(each.size for name in ("tamyla.com", "other.example")
                                  for each in written.archive.objects(name, UNTIL - HOUR_NS, UNTIL))  # fmt: skip


def test_only_objects_of_the_time_and_the_domains_are_read(written: Any, stored: Path) -> None:
    wanted = replace(EVERYTHING, scope=Scope.of("tamyla.com"), since=SINCE + 2 * HOUR_NS + 1, until=SINCE + 4 * HOUR_NS)
    page = search_archive(written.archive, wanted, Budget())
    assert page.objects == 4
    assert page.found.rows == of_store(stored, wanted)


def test_what_is_damaged_is_told_and_the_rest_is_found(written: Any, stored: Path) -> None:
    listed = written.archive.objects("tamyla.com", SINCE, UNTIL)[3]
    file = written.folder / "archive" / listed.path
    file.write_bytes(file.read_bytes()[:-9] + b"PAR1 none")
    page = search_archive(written.archive, EVERYTHING, Budget())
    assert (page.found.complete, len(page.damaged)) == (False, 1)
    assert listed.path in page.damaged[0]
    assert 0 < HOURS * EACH - len(page.found.rows) <= EACH


def test_a_row_that_stands_in_another_domains_folder_is_not_shown(written: Any, stored: Path) -> None:
    """Whoever may write there gains nothing by it."""
    folder = written.folder / "archive"
    for file in list(folder.glob("domain=other.example/**/*.parquet")):
        target = folder / str(file.relative_to(folder)).replace("other.example", "tamyla.com")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_name(f"x{target.name}").write_bytes(file.read_bytes())
    wanted = replace(EVERYTHING, scope=Scope.of("tamyla.com"))
    assert {row["domain"] for row in search_archive(written.archive, wanted, Budget()).found.rows} == {"tamyla.com"}
    assert {row["domain"] for row in search_archive(written.archive, EVERYTHING, Budget()).found.rows} == {
        "tamyla.com", "other.example",
    }  # fmt: skip


def test_events_are_found_where_they_are_asked_for(written: Any) -> None:
    batch = batch_of([Row("sent"), Row("made", fields={"body": "an issue"})])
    written.add(replace(batch, records=batch.records.with_columns(pl.Series(GENERATION, [0, 1], pl.UInt8))))
    hour = 1_700_000_000_000_000_001 // HOUR_NS
    wanted = replace(EVERYTHING, since=hour * HOUR_NS, until=(hour + 1) * HOUR_NS)
    for events, ids in ((False, ["sent"]), (True, ["sent", "made"])):
        found = search_archive(written.archive, replace(wanted, events=events), Budget()).found
        assert sorted(row["record_id"] for row in found.rows) == sorted(ids)


def test_a_store_that_is_made_for_it_goes(written: Any, stored: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    search_archive(written.archive, EVERYTHING, Budget(), scratch)
    assert list(scratch.iterdir()) == []
