"""Counts by minute are those of the rows that are there, however the rows came: in any order, batches, repetitions, beside a past."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store import schema
from collector.store.embedded import EmbeddedStore
from collector.store.following import Question
from collector.store.minutes import LOG_MINUTES, PATTERN_MINUTES
from collector.store.retention import MINUTE_NS, Keep, Retention
from collector.store.rollup import FEW, MOST_KEYS, OTHER
from collector.store.rows import COLUMNS, Limits, rows
from collector.store.upkeep import Upkeep
from collector.testing.row_batch import Row, batch_of
from counterparts.examples import examples

NOW = 1_700_000_000 * 10**9
RECORDS = 300
VALUES = {
    "logboom.component": [None, "DataService", "x" * 300],
    "logboom.endpoint": [None, "/login", "/käse/日本語", "it's\x00odd"],
    "logboom.error_type": [None, "exception"],
    "logboom.triage.level": [None, "critical", "info", "invented"],
    "deployment.environment.name": [None, "prod"],
    "logboom.pattern.id": [None, "00000000000000aa", "00000000000000bb"],
}


def frame(count: int = RECORDS) -> pl.DataFrame:
    """Records of two domains and five minutes with every mixture of the values; one in eleven was made by a component."""
    made = batch_of(
        [
            Row(
                f"r{n:04d}",
                resource=[("service.name", "shop")] if n % 5 else [],
                fields={
                    "domain": f"{n % 2}.com",
                    "time_unix_nano": NOW + n % 5 * 20 * 10**9,
                    "severity_number": n * 7 % 30,
                },
            )
            for n in range(count)
        ]
    )
    columns = {
        key: pl.Series([values[n * 13 % 97 % len(values)] for n in range(count)]) for key, values in VALUES.items()
    }
    generation = pl.Series([1 if n % 11 == 0 else 0 for n in range(count)], dtype=pl.UInt8)
    made = made.with_attributes(columns)
    return rows(replace(made, records=made.records.with_columns(generation=generation)), Limits())


ALL = frame()
Counts = dict[tuple[object, ...], int]


def by_rows(store: EmbeddedStore) -> Counts:
    """What the table must say: counted here, from the rows of `logs`, the level as triage's last rules have it."""
    found = store.select(
        "SELECT domain, time_unix_nano, triage_level, severity_number, error_type, service_name, component, endpoint, environment"
        " FROM logs WHERE generation IS NULL"
    )
    return dict(Counter(map(key_of, found)))


def patterns_by_rows(store: EmbeddedStore) -> Counts:
    """The same of `pattern_minutes`: rows that have a pattern."""
    found = store.select(
        "SELECT domain, time_unix_nano, triage_level, severity_number, error_type, pattern_id FROM logs"
        " WHERE generation IS NULL AND pattern_id IS NOT NULL"
    )
    counted = Counter((*key_of((*row[:5], "", "", "", ""))[:3], row[5]) for row in found)
    return dict(counted)


def key_of(row: Sequence[object]) -> tuple[object, ...]:
    domain, time, given, number, error_type, service, component, endpoint, environment = row
    texts = (
        str(text or "")[:200].partition("\x00")[0] for text in (service, component, endpoint, environment, error_type)
    )
    level = given if given in ("critical", "warning", "info", "debug") else level_of(int(str(number or 0)), error_type)
    return (domain, int(str(time)) // MINUTE_NS, level, *texts)


def level_of(number: int, error_type: object) -> str:
    exception = error_type == "exception"
    if number >= 18 or (exception and number >= 17):
        return "critical"
    if number >= 13 or (exception and number == 0):
        return "warning"
    return "info" if number >= 9 or number == 0 else "debug"


def counts(store: EmbeddedStore, table: str = "log_minutes") -> Counts:
    return {row[:-1]: int(str(row[-1])) for row in store.select(f"SELECT * FROM {table}")}


def store_at(path: Path) -> EmbeddedStore:
    store = EmbeddedStore(path)
    store.open()
    return store


def older(path: Path, source: pl.DataFrame) -> None:
    """A store that the version before the table made, with rows."""
    columns = [name for name in COLUMNS if name not in ("generation", "pattern_id", "issue_id")]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(schema.HISTORY)
        for migration in schema.migrations()[:2]:
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(schema.RECORD, (migration.version, migration.name, 0))
        named = ", ".join(columns).replace("severity_number", "severity_written")
        named = named.replace("observed_time_unix_nano", "observed_written")
        written = source.with_columns(pl.col("severity_number", "observed_time_unix_nano").fill_null(0)).select(columns)
        connection.executemany(f"INSERT INTO logs ({named}) VALUES ({', '.join('?' * len(columns))})", written.rows())


def upkeep(store: EmbeddedStore, retention: Retention | None = None, batch_rows: int = 7) -> Upkeep:
    async def run(questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
        return store.run(questions)

    return Upkeep(Retention() if retention is None else retention, batch_rows, run)


sendings = st.lists(
    st.tuples(st.integers(0, RECORDS - 1), st.integers(1, RECORDS), st.integers(1, 17), st.booleans(), st.booleans()),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None)
@given(sendings, st.integers(0, 120))
def test_counts_are_those_of_the_rows(tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, int, int, bool, bool]], past: int) -> None:  # fmt: skip
    """Slices in any order, overlapping and repeated, twice in one batch, written anew by an opened store, between pieces of a past
    of any length."""
    path = tmp_path_factory.mktemp("store") / "store.db"
    older(path, ALL.filter(pl.col("generation").is_null()).head(past))
    store = store_at(path)
    keeper = upkeep(store, batch_rows=40)
    for start, length, step, twice, reopened in sent:
        part = ALL.slice(start, length).gather_every(step)
        store.insert(pl.concat([part, part]) if twice else part)
        if reopened:
            store.close()
            asyncio.run(keeper.count_past(0.0001))
    asyncio.run(keeper.count_past())
    assert counts(store) == by_rows(store)
    assert counts(store, "pattern_minutes") == patterns_by_rows(store)
    assert store.select("SELECT through FROM log_minutes_uncounted") == [(0,)]
    store.close()


@pytest.mark.parametrize("resent", [0, 1, FEW, RECORDS])
def test_both_ways_of_counting_agree(tmp_path: Path, resent: int) -> None:
    """All new: in columns. Some there before: from the table."""
    store = store_at(tmp_path / "store.db")
    store.insert(ALL.head(resent))
    assert store.insert(ALL) == RECORDS - resent
    assert counts(store) == by_rows(store)
    assert counts(store, "pattern_minutes") == patterns_by_rows(store)
    assert sum(counts(store).values()) == RECORDS - len(range(0, RECORDS, 11))
    store.close()


def test_a_failed_insert_leaves_no_count(tmp_path: Path) -> None:
    """Rows and counts are one transaction."""
    store = store_at(tmp_path / "store.db")
    with pytest.raises(sqlite3.IntegrityError):
        store.insert(pl.concat([ALL, ALL.head(1).with_columns(record_id=pl.lit("x"), domain=pl.lit(None, pl.String))]))
    assert counts(store) == {}
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 50, 700, 2000])
def test_a_minute_of_too_many_endpoints_keeps_every_other_count(tmp_path: Path, batch: int) -> None:
    """Of 2,000 endpoints of two services; what was there before goes on under its name, and another minute has room of its own."""
    made = batch_of(
        [
            Row(
                f"r{n:04d}", resource=[("service.name", f"s{n % 2}")], fields={"time_unix_nano": NOW, "domain": "a.com"}
            )
            for n in range(2000)
        ]
    )
    source = rows(made.with_attributes({"logboom.endpoint": pl.Series([f"/{n}" for n in range(2000)])}), Limits())
    store = store_at(tmp_path / "store.db")
    for part in source.iter_slices(batch):
        store.insert(part)
    found = store.select(
        "SELECT service, count(*), sum(n), sum(n * (endpoint = ?)) FROM log_minutes GROUP BY 1", (OTHER,)
    )
    assert [(service, total) for service, _, total, _ in found] == [("s0", 1000), ("s1", 1000)]
    assert sum(int(str(keys)) for _, keys, _, _ in found) == MOST_KEYS + 2
    assert sum(int(str(others)) for *_, others in found) == 2000 - MOST_KEYS
    again = source.with_columns(record_id=pl.col("record_id") + "x")
    store.insert(again.head(1))
    first = store.select("SELECT n FROM log_minutes WHERE endpoint = '/0'")
    assert first in ([(2,)], [])  # by size of the batches the first or the alphabet's first have a name
    store.insert(again.slice(1, 1).with_columns(time_unix_nano=pl.lit(NOW + MINUTE_NS)))
    assert store.select("SELECT n FROM log_minutes WHERE endpoint = '/1' AND minute = ?", (NOW // MINUTE_NS + 1,)) == [
        (1,)
    ]
    store.close()


def test_a_minute_of_too_many_patterns_keeps_what_it_has(tmp_path: Path) -> None:
    """New ones count together; a pattern that was there goes on under its id."""
    many = batch_of([Row(f"r{n:04d}", fields={"time_unix_nano": NOW, "domain": "a.com"}) for n in range(2 * MOST_KEYS)])
    ids = pl.Series([f"{n:016x}" for n in range(2 * MOST_KEYS)])
    source = rows(many.with_attributes({"logboom.pattern.id": ids}), Limits())
    store = store_at(tmp_path / "store.db")
    for part in (source.head(1), source.slice(1), source.head(1).with_columns(record_id=pl.lit("again"))):
        store.insert(part)
    found = {key[-1]: n for key, n in counts(store, "pattern_minutes").items()}
    assert (found[ids[0]], found[OTHER], len(found)) == (2, MOST_KEYS, MOST_KEYS + 1)
    store.close()


def test_what_has_no_pattern_is_no_work(tmp_path: Path) -> None:
    """Rows without one are counted in `log_minutes` alone."""
    assert not PATTERN_MINUTES.concerns(ALL.with_columns(pattern_id=pl.lit(None, pl.String)))
    assert PATTERN_MINUTES.concerns(ALL)
    assert LOG_MINUTES.concerns(ALL.clear())


def test_the_past_is_counted_a_piece_at_a_time_newest_first(tmp_path: Path) -> None:
    """A start counts nothing; each piece is a bounded transaction; what retention deletes meanwhile is not counted."""
    past = ALL.filter(pl.col("generation").is_null())
    older(tmp_path / "store.db", past)
    store = store_at(tmp_path / "store.db")
    assert counts(store) == {}
    assert store.select("SELECT through FROM log_minutes_uncounted") == [(past.height,)]
    keeper = upkeep(store, batch_rows=100)
    asyncio.run(keeper.count_past(0.0001))
    assert store.select("SELECT through FROM log_minutes_uncounted") == [(past.height - 100,)]
    store.execute("DELETE FROM logs WHERE rowid <= 50")
    assert asyncio.run(keeper.count_past())
    assert counts(store) == by_rows(store)
    store.close()


def test_counts_have_a_retention_of_their_own(tmp_path: Path) -> None:
    """They outlive their rows, and go minute by minute, in each domain after its own time."""
    store = store_at(tmp_path / "store.db")
    store.insert(ALL)
    store.execute("DELETE FROM logs WHERE rowid < (SELECT max(rowid) FROM logs)")
    kept, kept_patterns = counts(store), counts(store, "pattern_minutes")
    end = NOW + 100 * 10**9  # behind the first minute's rows, within the second
    asyncio.run(upkeep(store, Retention(Keep(minutes=0), {"2.com": Keep(minutes=1)})).sweep(end + 10**15))
    assert counts(store) == kept
    retention = Retention(Keep(minutes=60), {"1.com": Keep(minutes=3600)})
    asyncio.run(upkeep(store, retention, batch_rows=1).sweep(end))
    cut = (end - MINUTE_NS) // MINUTE_NS
    assert counts(store) == {key: n for key, n in kept.items() if key[0] == "1.com" or int(str(key[1])) >= cut}
    assert len(counts(store)) < len(kept)
    patterns = counts(store, "pattern_minutes")
    assert patterns == {
        key: n for key, n in kept_patterns.items() if key[0] == "1.com" or int(str(key[1])) >= cut
    } != kept_patterns  # fmt: skip
    store.close()


def test_counting_in_columns_groups_what_one_statement_takes() -> None:
    """A row for each distinct record of what counts; none for what was made."""
    found = LOG_MINUTES.counted(ALL)
    assert found.get_column("n").sum() == ALL.get_column("generation").null_count()
    assert found.height < ALL.height
