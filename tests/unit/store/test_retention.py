"""Retention deletes what is old by its own time and by its time of receipt, per domain and level, and nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.base32 import first_record_id
from collector.holds import Hold, Holds
from collector.journal.entry import Entry
from collector.pipeline.record_ids import entry_part
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.following import Question
from collector.store.retention import DELETE_EVENTS, Keep, Retention, Rule
from collector.store.rows import Limits, rows
from collector.store.sweeping import Sweeper
from collector.store.upkeep import Upkeep
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of

HOUR_NS = 3600 * 10**9
NOW = 1_700_000_000 * 10**9


def received(unix_ms: int) -> str:
    """The front of a record id, as the decoder makes it."""
    return entry_part(Entry("0" * 16, 7, "tamyla.com", "otlp", b"", 1, unix_ms, b""))


@pytest.mark.parametrize("unix_ms", [0, 1, 1_700_000_000_000, (1 << 48) - 1])
def test_the_cut_is_between_the_ids_of_two_milliseconds(unix_ms: int) -> None:
    """Ids of that millisecond sort at or after it, ids of the one before sort before it."""
    cut = first_record_id(unix_ms)
    assert cut <= received(unix_ms)
    assert len(cut) == 21
    assert unix_ms == 0 or received(unix_ms - 1) + "ZZZZZ" < cut


def stored(path: Path, records: list[dict[str, Any]]) -> EmbeddedStore:
    """A store with one row for each (name, domain, level, stamped hours ago, received hours ago), and a newest row."""
    store = EmbeddedStore(path)
    store.open()
    made = [
        Row(
            received((NOW - item["received"] * HOUR_NS) // 10**6) + item["name"],
            fields={
                "domain": item["domain"],
                "time_unix_nano": NOW - item["stamped"] * HOUR_NS,
                "severity_number": item.get("severity", 0),
            },
        )
        for item in records
    ]
    levels = pl.Series([item["level"] for item in records], dtype=pl.String)
    store.insert(rows(batch_of(made).with_attributes({"logboom.triage.level": levels}), Limits()))
    return store


def record(name: str, level: str | None, hours: int, **others: Any) -> dict[str, Any]:
    return {"name": name, "level": level, "stamped": hours, "received": hours, "domain": "a.com", **others}


def sweeper(store: EmbeddedStore, retention: Retention, batch_rows: int = 100, **more: Any) -> Sweeper:
    async def ask(statement: str, parameters: Sequence[object]) -> Sequence[Sequence[object]]:
        return store.select(statement, parameters)

    return Sweeper(retention, batch_rows, ask, **more)


def sweep(store: EmbeddedStore, retention: Retention, batch_rows: int = 100) -> None:
    asyncio.run(sweeper(store, retention, batch_rows).sweep(NOW))


def left(store: EmbeddedStore) -> set[str]:
    return {str(record_id)[21:] for (record_id,) in store.select("SELECT record_id FROM logs")}


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_each_level_of_each_domain_has_its_own_age(tmp_path: Path, batch_rows: int) -> None:
    """Levels with a rule, the default for others, the level of a severity where none was given, domains of their own."""
    store = stored(
        tmp_path / "store.db",
        [
            record("debug-old", "debug", 2),
            record("debug-new", "debug", 0),
            record("info-old", "info", 30),
            record("info-new", "info", 2),
            record("none-old", None, 30),
            record("none-fatal", None, 900, severity=21),
            record("none-debug", None, 2, severity=5),
            record("critical-old", "critical", 900),
            record("b-debug", "debug", 2, domain="b.com"),
            record("b-info", "info", 30, domain="b.com"),
            record("c-debug", "debug", 2, domain="c.com"),
            record("newest", "debug", 0),
        ],
    )
    everywhere = Keep(24 * 3600, {"debug": 3600, "critical": 0})
    sweep(store, Retention(everywhere, {"b.com": Keep(3600, {"debug": 0})}), batch_rows)
    assert left(store) == {"debug-new", "info-new", "critical-old", "none-fatal", "b-debug", "newest"}
    store.close()


EVERYTHING = Keep(3600, minutes=3600, events=3600)


def test_what_is_held_stays_and_goes_when_the_hold_ends(tmp_path: Path) -> None:
    """A hold of some levels, one of a whole domain; the same sweeper goes on when both are over."""
    store = stored(
        tmp_path / "store.db",
        [
            record("a-info", "info", 30),
            record("a-debug", "debug", 30),
            record("a-fatal", None, 30, severity=21),
            record("b-debug", "debug", 30, domain="b.com"),
            record("c-info", "info", 30, domain="c.com"),
            record("newest", "debug", 0),
        ],
    )
    holds = Holds(
        (
            Hold("a.com", "a claim", frozenset({"info", "critical"}), NOW + HOUR_NS),
            Hold("b.com", "an audit", until_unix_nano=NOW + HOUR_NS),
            Hold("c.com", "it is over", until_unix_nano=NOW - 1),
        )
    )
    sweeps = sweeper(store, Retention(EVERYTHING), holds=holds)
    for _ in range(2):
        asyncio.run(sweeps.sweep(NOW))
        assert left(store) == {"a-info", "a-fatal", "b-debug", "newest"}
    asyncio.run(sweeps.sweep(NOW + HOUR_NS))
    assert left(store) == {"newest"}
    store.close()


def test_both_times_must_be_old(tmp_path: Path) -> None:
    """A sender with a clock in the past loses nothing that just came; one in the future keeps until then."""
    store = stored(
        tmp_path / "store.db",
        [
            record("clock-behind", "info", 900, received=0),
            record("clock-ahead", "info", -900, received=30),
            record("old", "info", 30),
            record("newest", "info", 0),
        ],
    )
    sweep(store, Retention(Keep(24 * 3600)))
    assert left(store) == {"clock-behind", "clock-ahead", "newest"}
    store.close()


def test_the_newest_row_stays_so_that_rowids_never_return(tmp_path: Path) -> None:
    """A follower would miss a row that comes under a rowid it has seen."""
    store = stored(tmp_path / "store.db", [record(f"r{n}", "info", 30) for n in range(5)])
    sweep(store, Retention(Keep(3600)))
    assert left(store) == {"r4"}
    assert store.select("SELECT rowid FROM logs") == [(5,)]
    store.close()


def test_no_rule_means_nothing_to_do() -> None:
    """0 is for ever, everywhere."""
    assert not Retention()
    assert not Retention(Keep(0, {"debug": 0}), {"a.com": Keep()})
    assert Retention(Keep(0, {"debug": 1}))
    assert list(Retention(Keep(0, {"info": 5})).rules(["a.com"], NOW)) == [
        Rule(["a.com"], ["info"], NOW - 5 * 10**9, first_record_id((NOW - 5 * 10**9) // 10**6))
    ]


def put(
    store: EmbeddedStore, sweeps: Sweeper, name: str, stamped_ns: int, received_ns: int, level: str = "debug"
) -> None:
    fields = {"domain": "a.com", "time_unix_nano": stamped_ns}
    made = batch_of([Row(received(received_ns // 10**6) + name, fields=fields)])
    store.insert(rows(made.with_attributes({"logboom.triage.level": pl.Series([level])}), Limits()))
    sweeps.comes(received(received_ns // 10**6) + name)


@pytest.mark.slow
def test_a_row_goes_with_the_sweep_by_which_it_is_due_however_it_came_to_be(tmp_path: Path) -> None:
    """Sweeps of every step of two hours delete what a first look at everything would, from a store that goes on growing."""
    rng = random.Random(3)
    store, whole = EmbeddedStore(tmp_path / "store.db"), EmbeddedStore(tmp_path / "whole.db")
    store.open(), whole.open()
    retention = Retention(Keep(3600, {"info": 2 * 3600, "critical": 0}))
    sweeps = sweeper(store, retention, 3)
    number = 0
    for minute in range(0, 240, 5):
        now = NOW + minute * 60 * 10**9
        for _ in range(rng.randrange(4)):
            number += 1
            received_ns = now - rng.choice([0, 1, 90 * 60, 200 * 60]) * 10**9
            stamped_ns = received_ns + rng.choice([-4000, -2, 0, 4000]) * 10**9
            level = rng.choice(["debug", "info", "critical"])
            for each in (store, whole):
                put(each, sweeps, f"{number:05d}", stamped_ns, received_ns, level)
        asyncio.run(sweeps.sweep(now))
        asyncio.run(sweeper(whole, retention).sweep(now))
        assert left(store) == left(whole) | (left(store) & {f"{number:05d}"}), minute
    assert number > 50
    assert len(left(store)) < number
    store.close(), whole.close()


def steps_of(store: EmbeddedStore, work: Callable[[], Any]) -> int:
    """How many steps of SQLite's machine it took, in hundreds: about proportional to the rows that are read."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    store._opened().set_progress_handler(count, 100)
    work()
    store._opened().set_progress_handler(None, 0)
    return counted[0]


def test_a_sweep_reads_what_is_due_since_the_last_and_not_what_stays(tmp_path: Path) -> None:
    """20,000 rows of another level, older than the cut: the first sweep reads them, no other does."""
    others = [record(f"{n:05d}", "info", 2) for n in range(20_000)]
    store = stored(tmp_path / "store.db", [*others, record("newst", "info", 0)])
    sweeps = sweeper(store, Retention(Keep(0, {"debug": 3600})))
    first = steps_of(store, lambda: asyncio.run(sweeps.sweep(NOW)))
    put(store, sweeps, "DUE00", NOW - 3600 * 10**9, NOW - 3600 * 10**9)
    put(store, sweeps, "LAST0", NOW, NOW)
    second = steps_of(store, lambda: asyncio.run(sweeps.sweep(NOW + 60 * 10**9)))
    assert "DUE00" not in left(store)
    assert second * 100 < first


@pytest.mark.parametrize("again", ["a day later", "told", "rowids went back"])
def test_everything_is_looked_at_again(tmp_path: Path, again: str) -> None:
    """Old rows that somebody put there, with another file: after a day, or when the change is noticed."""
    clock = [0.0]
    store = stored(tmp_path / "store.db", [record(f"new{n}", "info", 0) for n in range(5)])
    sweeps = sweeper(store, Retention(Keep(3600)), clock=lambda: clock[0])
    asyncio.run(sweeps.sweep(NOW))
    (tmp_path / "store.db").rename(tmp_path / "moved.db")
    old = 1 if again == "rowids went back" else 9
    backup = stored(
        tmp_path / "store.db", [*(record(f"old{n}", "info", 30) for n in range(old)), record("newest", "info", 0)]
    )
    backup.close()
    if again == "a day later":
        clock[0] = 90_000.0
    elif again == "told":
        sweeps.forget()
    asyncio.run(sweeps.sweep(NOW))
    assert left(store) == {"newest"}
    store.close()


def events_of(store: EmbeddedStore, hours: Sequence[int], kind: str = "logboom.deployment") -> None:
    """A deployment so many hours ago each, in two domains, at every level."""
    made = [
        Row(
            received((NOW - ago * HOUR_NS) // 10**6) + f"e{ago:04d}",
            [("logboom.deployment.id", f"d{ago}"), ("logboom.triage.level", "debug")],
            fields={"domain": f"{ago % 2}.com", "time_unix_nano": NOW - ago * HOUR_NS},
        )
        for ago in hours
    ]
    batch = marked(batch_of(made), [kind] * len(made))
    store.insert(rows(batch, Limits()), described(batch, 1024))


@pytest.mark.parametrize("batch_rows", [1, 100])
@pytest.mark.parametrize(
    ("keep", "kept", "sent"),
    [
        (Keep(events=5 * 3600), [1, 2, 3, 4], ["new", "old"]),
        (Keep(3 * 3600, events=5 * 3600), [1, 2, 3, 4], ["new"]),
        (Keep(0, {"debug": 3600}), [1, 2, 3, 4, 6, 7], ["new"]),
        (Keep(), [1, 2, 3, 4, 6, 7], ["new", "old"]),
    ],
    ids=str,
)
def test_events_go_by_a_time_of_their_own(
    tmp_path: Path, keep: Keep, kept: list[int], sent: list[str], batch_rows: int
) -> None:
    """Whatever their level, and with them what they described; what was sent goes by its level."""
    store = stored(tmp_path / "store.db", [record("old", "debug", 9)])
    events_of(store, [1, 2, 3, 4, 6, 7])
    store.insert(
        rows(
            batch_of([Row(received(NOW // 10**6) + "new", fields={"domain": "a.com", "time_unix_nano": NOW})]), Limits()
        )
    )

    async def run(questions: Sequence[Question]) -> Any:
        return store.run(questions)

    asyncio.run(Upkeep(Retention(keep), batch_rows, run).sweep(NOW))
    assert left(store) == {*(f"e{ago:04d}" for ago in kept), *sent}
    assert store.select("SELECT count(*) FROM deployments") == [(len(kept),)]
    store.close()


@pytest.mark.parametrize(("domain", "stays"), [("1.com", 1), ("b.com", 0)])
def test_events_tables_and_counts_of_a_held_domain_stay(tmp_path: Path, domain: str, stays: int) -> None:
    """They have no level: whichever the hold names."""
    store = stored(tmp_path / "store.db", [record("info", "info", 9, domain="1.com")])
    events_of(store, [7])
    store.insert(
        rows(
            batch_of([Row(received(NOW // 10**6) + "new", fields={"domain": "c.com", "time_unix_nano": NOW})]), Limits()
        )
    )

    async def run(questions: Sequence[Question]) -> Any:
        return store.run(questions)

    holds = Holds((Hold(domain, "a claim", frozenset({"critical"})),))
    asyncio.run(Upkeep(Retention(EVERYTHING), 10, run, holds=holds).sweep(NOW))
    assert left(store) == {"new"} | ({"e0007"} if stays else set())
    assert store.select("SELECT count(*) FROM deployments") == [(stays,)]
    assert store.select("SELECT count(*) FROM log_minutes WHERE domain = '1.com'") == [(stays,)]
    store.close()


def test_the_look_for_old_events_reads_no_other_row(tmp_path: Path) -> None:
    """It costs the same beside 20,000 records that stay as beside 200."""
    steps = []
    for count in (200, 20_000):
        store = stored(tmp_path / f"{count}.db", [record(f"{n:05d}", "info", 9000) for n in range(count)])
        events_of(store, [1, 9000])
        parameters = ('["0.com", "1.com", "a.com"]', NOW, received(NOW // 10**6), 1)
        steps.append(steps_of(store, lambda store=store, asked=parameters: store.select(DELETE_EVENTS, asked)))
        store.close()
    assert abs(steps[0] - steps[1]) <= 1
