"""The list, the counts by time and level, and those by the values of a field agree, wherever they come from."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import polars as pl
import pytest

from collector.query import Query
from collector.query.fields import FIELDS, field_of
from collector.query.searching import Wanted, search
from collector.query.summing import Asked, by_field, by_level, width_for
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.reading import connect, opened
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

SECOND, MINUTE = 10**9, 60 * 10**9
BEGIN = 1_700_000_000 * SECOND
HOURS = 3 * 3600 * SECOND
RECORDS = 500


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = Random(7)
    made = [
        Row(f"{n:04d}", [("code", draw.choice([200, 404, 500]))], [("service.name", draw.choice(["", "shop", "till", "x" * 250]))],
            fields={"domain": draw.choice(["a.com", "b.com"]), "time_unix_nano": BEGIN + draw.randrange(HOURS), "body": draw.choice(["timeout", "ok"]),
                    "severity_number": draw.choice([0, 9, 13, 17])})
        for n in range(RECORDS)
    ]  # fmt: skip
    batch = batch_of(made).with_attributes({
        "logboom.component": pl.Series([draw.choice([None, "Cart", "Auth"]) for _ in made], dtype=pl.String),
        "logboom.triage.level": pl.Series([draw.choice([None, "critical", "info"]) for _ in made], dtype=pl.String),
    })  # fmt: skip
    found: Path = tmp_path_factory.mktemp("store") / "store.db"
    store = EmbeddedStore(found)
    store.open()
    store.insert(rows(batch, Limits()))
    store.close()
    return found


@pytest.fixture
def store(path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(path)
    yield connection
    connection.close()


BY_MINUTES = [
    "", "level:>=warning", "service:shop", "-service:shop level:info", "service:*", "-component:*", "component:(Cart OR Auth) -level:critical", "env:*",
]  # fmt: skip
BY_ROWS = [
    "timeout",
    "@code:>=404",
    "level:info timeout OR service:shop",
    "endpoint:*",
    "service:*p",
    f"service:{'x' * 250}",
    "trace:*",
]


def listed(store: sqlite3.Connection, text: str, scope: Scope, since: int, until: int) -> list[tuple[int, str]]:
    found = search(store, Wanted(Query(text), scope, since, until, RECORDS))
    assert found.complete
    return [(row["time_unix_nano"], row["level"]) for row in found.rows]


@pytest.mark.parametrize(
    ("text", "source"), [*((text, "minutes") for text in BY_MINUTES), *((text, "rows") for text in BY_ROWS)]
)
def test_list_counts_by_time_and_counts_by_field_agree(store: sqlite3.Connection, text: str, source: str) -> None:
    draw = Random(text)
    for scope in (Scope.everything(), Scope.of("a.com")):
        since = BEGIN + draw.randrange(HOURS // 2)
        until = since + draw.randrange(10 * MINUTE, HOURS // 2)
        asked, there = Asked(Query(text), scope, since, until), listed(store, text, scope, since, until)
        width = width_for(since, until, 20)
        levels = by_level(store, asked, 20)
        assert levels.found == Counter((time // width * width, level) for time, level in there)
        assert (levels.complete, levels.source, len({bucket for bucket, _ in levels.found}) <= 20) == (
            True,
            source,
            True,
        )
        for name in ("service", "component", "level", "@code", "endpoint"):
            field = field_of(name)
            assert field is not None
            assert by_field(store, asked, field).by_value.total() == len(there), name


def test_values_are_counted(store: sqlite3.Connection) -> None:
    asked = Asked(Query("service:(shop OR till)"), Scope.everything(), BEGIN, BEGIN + HOURS)
    both = by_field(store, asked, FIELDS["service"])
    assert (set(both.by_value), both.source) == ({"shop", "till"}, "minutes")
    code = field_of("@code")
    assert code is not None
    assert set(by_field(store, asked, code).by_value) == {"200", "404", "500"}
    component = by_field(store, Asked(Query("timeout"), Scope.everything(), BEGIN, BEGIN + HOURS), FIELDS["component"])
    assert (set(component.by_value), component.source) == ({None, "Cart", "Auth"}, "rows")


def test_who_reads_for_one_domain_is_told_of_its_rows_alone(path: Path, store: sqlite3.Connection) -> None:
    wanted = Asked(Query("level:info"), Scope.of("a.com"), BEGIN, BEGIN + HOURS)
    with opened(path, Scope.of("a.com")) as narrow:
        mine = by_level(narrow, wanted, 10)
        assert mine.found == by_level(store, wanted, 10).found
        assert not by_level(
            narrow, Asked(Query("domain:b.com"), Scope.of("a.com", "b.com"), BEGIN, BEGIN + HOURS), 10
        ).found


def test_what_a_budget_left_uncounted_is_said(store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("collector.query.walking.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    counts = by_level(store, Asked(Query("timeout"), Scope.everything(), BEGIN, BEGIN + HOURS), 10, budget_secs=6)
    assert not counts.complete
    there = listed(store, "timeout", Scope.everything(), counts.counted_to, BEGIN + HOURS)
    assert counts.by_value.total() == len(there)


def test_counts_by_minute_are_found_by_their_key(store: sqlite3.Connection) -> None:
    plans: list[str] = []
    store.set_trace_callback(lambda statement: plans.append(statement) if "log_minutes WHERE" in statement else None)
    by_level(store, Asked(Query("service:shop"), Scope.of("a.com"), BEGIN, BEGIN + HOURS), 5)
    store.set_trace_callback(None)
    steps = [step for *_, step in store.execute(f"EXPLAIN QUERY PLAN {plans[0]}")]
    assert steps[0] == "SEARCH log_minutes USING PRIMARY KEY (domain=? AND minute>? AND minute<?)"


@pytest.mark.parametrize("buckets", [1, 60, 120])
@pytest.mark.parametrize("until", [MINUTE, BEGIN, (1 << 63) - 1])
def test_however_long_the_time_there_are_no_more_buckets_than_were_asked_for(until: int, buckets: int) -> None:
    width = width_for(0, until, buckets)
    assert 0 < width < 1 << 63
    assert (until - 1) // width < buckets
