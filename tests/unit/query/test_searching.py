"""Pages of stored records: the newest first, each once, of the scope alone, by the index, and honest about how far they got."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from collector.query import Query
from collector.query.searching import DOMAINS, Found, Place, Wanted, search, statement
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.reading import opened
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

BEGIN, SECOND = 1_700_000_000_000_000_000, 10**9
END = BEGIN + 3600 * SECOND


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 records of three domains in an hour; a hundred of them of one moment."""
    made = [
        Row(f"{n:04d}", [("n", n)], [("service.name", f"s{n % 5}")],
            fields={"domain": f"{n % 3}.com", "time_unix_nano": BEGIN + (1800 if n < 100 else n) * SECOND, "body": f"record {n % 7}", "severity_number": 9})
        for n in range(600)
    ]  # fmt: skip
    found: Path = tmp_path_factory.mktemp("store") / "store.db"
    store = EmbeddedStore(found)
    store.open()
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    return found


@pytest.fixture(params=["everything", "one domain"])
def scope(request: pytest.FixtureRequest) -> Scope:
    return Scope.everything() if request.param == "everything" else Scope.of("1.com")


@pytest.fixture
def store(path: Path, scope: Scope) -> Iterator[sqlite3.Connection]:
    with opened(path, scope) as connection:
        yield connection


def pages(store: sqlite3.Connection, text: str, scope: Scope, limit: int, since: int = BEGIN) -> Iterator[Found]:
    before: Place | None = None
    while True:
        found = search(store, Wanted(Query(text), scope, since, END, limit, before))
        yield found
        if found.next is None:
            return
        before = found.next


@pytest.mark.parametrize("text", ["", "service:s1", "record 3", "@n:>=50 -service:s2", "nothing"])
@pytest.mark.parametrize("limit", [7, 100, 1000])
def test_pages_together_are_all_that_is_there_each_once_in_order(
    store: sqlite3.Connection, scope: Scope, text: str, limit: int
) -> None:
    sql, parameters = Query(text).clause()
    whole = store.execute(
        f"SELECT record_id FROM logs WHERE {sql} ORDER BY time_unix_nano DESC, record_id DESC", parameters
    )
    all_pages = list(pages(store, text, scope, limit))
    assert [row["record_id"] for page in all_pages for row in page.rows] == [id_ for (id_,) in whole]
    assert [len(page.rows) for page in all_pages[:-1]] == [limit] * (len(all_pages) - 1)
    assert all_pages[-1].complete


def test_only_the_time_that_was_asked_for_is_searched(store: sqlite3.Connection, scope: Scope) -> None:
    since = BEGIN + 500 * SECOND
    found = [row for page in pages(store, "", scope, 1000, since) for row in page.rows]
    assert found
    assert min(row["time_unix_nano"] for row in found) >= since


def test_another_domain_is_not_reached_whatever_is_asked(path: Path) -> None:
    with opened(path, Scope.of("1.com")) as connection:
        found = search(
            connection, Wanted(Query("domain:2.com OR service:*"), Scope.of("1.com", "2.com"), BEGIN, END, 1000)
        )
        assert {row["domain"] for row in found.rows} == {"1.com"}


def test_a_budget_that_is_spent_says_how_far_it_got_and_goes_on_from_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock moves on by a second at each look: so does the search, by a slice or two."""
    everything, seen, until, parts = Scope.everything(), list[str](), END, 0
    clock = itertools.count()
    monkeypatch.setattr("collector.query.walking.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    while True:
        with opened(path, everything) as connection:
            found = search(connection, Wanted(Query("record"), everything, BEGIN, until, 1000), budget_secs=4)
        seen += [row["record_id"] for row in found.rows]
        assert found.complete or BEGIN < found.searched_to < until
        until, parts = found.searched_to, parts + 1
        if found.complete:
            break
    assert (len(seen), len(set(seen))) == (600, 600)
    assert parts > 3


def test_a_statement_that_runs_over_is_interrupted(path: Path) -> None:
    with opened(path, Scope.everything()) as connection:
        slow = Wanted(Query(" ".join(f"-x{n}" for n in range(40))), Scope.everything(), BEGIN, END, 1000)
        found = search(connection, slow, budget_secs=1e-9)
        assert not found.complete
        assert search(connection, slow).complete


@pytest.mark.parametrize(
    ("steps", "since", "until", "there"),
    [(5000, BEGIN, END, 600), (1, BEGIN + 1795 * SECOND, BEGIN + 1803 * SECOND, 100)],
    ids=["slices are cut", "the shortest are not"],
)
def test_a_long_time_is_searched_to_its_end_whatever_the_budget(
    path: Path, monkeypatch: pytest.MonkeyPatch, steps: int, since: int, until: int, there: int
) -> None:
    """Ten years are asked for, and every statement that takes so many steps of SQLite is over its time: each call gets on."""
    monkeypatch.setattr("collector.query.walking._STEPS", steps)
    query = Query("record " + " ".join(f"-x{n}" for n in range(50)))
    everything, seen, calls = Scope.everything(), list[str](), 0
    with opened(path, everything) as connection:
        while until > since:
            asked = Wanted(query, everything, BEGIN - 3650 * 86_400 * SECOND, until, 1000)
            found = search(connection, asked, budget_secs=1e-9)
            assert found.searched_to < until
            seen += [row["record_id"] for row in found.rows if row["time_unix_nano"] >= since]
            until, calls = found.searched_to, calls + 1
    assert len(seen) == len(set(seen)) == there
    assert calls > 3


@pytest.mark.parametrize("text", ["", "level:>=warning", "service:s1 OR @n:5", "trace:*", "-record"])
def test_each_slice_is_found_by_the_index_of_domain_and_time(path: Path, text: str) -> None:
    with sqlite3.connect(path) as connection:
        for before in (None, Place(END, "x")):
            sql, parameters = statement(
                Wanted(Query(text), Scope.everything(), BEGIN, END, 10, before), "1.com", BEGIN, END, 11
            )
            plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            assert plan[0].startswith("SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>")
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan
        domains = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {DOMAINS}")]
        assert not [step for step in domains if step.startswith("SCAN logs")]
    connection.close()
