"""Retention deletes what is old by its own time and by its time of receipt, per domain and level, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.base32 import first_record_id
from collector.journal.entry import Entry
from collector.pipeline.record_ids import entry_part
from collector.store.embedded import EmbeddedStore
from collector.store.retention import DELETE_BATCH, DOMAINS, Keep, Retention
from collector.store.rows import Limits, rows
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


def sweep(store: EmbeddedStore, retention: Retention, batch_rows: int = 100) -> None:
    domains = [str(name) for (name,) in store.select(DOMAINS)]
    for domain, cut, cut_id, levels in retention.cuts(domains, NOW):
        while store.execute(DELETE_BATCH, (domain, cut, cut_id, json.dumps(levels), batch_rows)):
            pass


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
    assert list(Retention(Keep(0, {"info": 5})).cuts(["a.com"], NOW)) == [
        ("a.com", NOW - 5 * 10**9, first_record_id((NOW - 5 * 10**9) // 10**6), ["info"])
    ]
