"""Questions that take long are told, without a value of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collector.console.file_source import FileSource
from collector.console.refusal import TooSlow
from collector.console.slow_questions import SlowQuestions, shape_of
from collector.console.stores import Stores
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from counterparts.console import asked

pytestmark = pytest.mark.anyio

FOREVER = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i <> 'my secret'"
)


def telling() -> tuple[Reporter, list[ControlRecord]]:
    told: list[ControlRecord] = []
    return Reporter(SimpleNamespace(tell=told.append), "console 0", lambda: "logboom"), told


@pytest.fixture
def store(tmp_path: Path) -> Path:
    made = EmbeddedStore(tmp_path / "store.db")
    made.select("SELECT 1")
    made.close()
    return tmp_path


async def test_what_a_page_asks_is_told_with_its_plan_and_without_its_values(store: Path) -> None:
    """Of who sees one domain, too: whose tables have other names in a plan."""
    reporter, told = telling()
    async with asked(store, {"slow_query": "1us", "query_timeout": "100s"}, reporter=reporter) as client:
        for domain in ("", "secret.example"):
            asked_for = {"q": "secret.word service:secret*", "domain": domain}
            assert (await client.get("/api/v1/logs", params=asked_for)).status_code == 200
    assert {each.name for each in told} == {"logboom.service.console.slow"}
    assert {each.domain for each in told} == {"logboom"}
    said = "\n".join(str(each.to_json()) for each in told)
    assert "secret" not in said
    assert "SELECT" in said
    plans = {str(each.attributes["logboom.plan"]) for each in told}
    assert any("logs_domain_time" in plan for plan in plans), plans


async def test_what_is_stopped_is_told_too(store: Path) -> None:
    reporter, told = telling()
    stores = Stores(FileSource(store / "store.db"), 1, SlowQuestions(reporter, 0.01))
    with pytest.raises(TooSlow):
        await stores.ask(Scope.everything(), lambda connection: connection.execute(FOREVER).fetchone(), 0.05)
    stores.close()
    [event] = told
    assert str(event.attributes["logboom.statement"]).endswith("WHERE i <> ?")
    assert "SCAN n" in str(event.attributes["logboom.plan"])
    assert (
        float(str(event.attributes["logboom.seconds"])) >= 0.01
    )  # of its thread: what came before that is not its own


def timed(statement: str) -> Any:
    return SimpleNamespace(begin=lambda: None, longest=lambda: (1.0, statement), plan=lambda _: "a plan")


def test_the_same_statement_is_told_once_in_ten_minutes_and_how_often_it_was_slow() -> None:
    reporter, told = telling()
    now = [0.0]
    slow = SlowQuestions(reporter, 1.0, lambda: now[0])
    for minute in range(11):
        now[0] = minute * 60.0
        slow.ended(timed(f"SELECT {minute}"), 1.5)
        slow.ended(timed("SELECT 'quick'"), 0.9)
    assert [each.attributes["logboom.count"] for each in told] == [1, 10]


def test_six_are_told_a_minute_and_none_is_where_none_is_wanted() -> None:
    reporter, told = telling()
    now = [0.0]
    for least in (0.0, 1.0):
        slow = SlowQuestions(reporter, least, lambda: now[0])
        for number in range(300):
            slow.ended(timed(f"SELECT c{number}"), 5.0)
    assert len(told) == 6
    now[0] = 61.0
    slow.ended(timed("SELECT c299"), 5.0)
    assert (told[-1].attributes["logboom.count"], len(told)) == (2, 7)


def test_a_connection_that_is_not_timed_is_not_told_of() -> None:
    reporter, told = telling()
    SlowQuestions(reporter, 1.0).ended(sqlite3.connect(":memory:"), 5.0)
    assert told == []


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("SELECT  a\n FROM t WHERE b = 'it''s' AND c > -1.5e9", "SELECT a FROM t WHERE b = ? AND c > -?"),
        ("SELECT c0, sum(n) FROM t WHERE d IN ('a', 'b') LIMIT 10", "SELECT c0, sum(n) FROM t WHERE d IN (?, ?) LIMIT ?"),
        ("SELECT x'00ff' FROM logs_2", "SELECT x? FROM logs_2"),
    ],
)  # fmt: skip
def test_a_shape_holds_no_value(statement: str, shape: str) -> None:
    assert shape_of(statement) == shape
