"""Migrations: from nothing, from an older file, and not over somebody else's."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.errors import StorageError
from collector.store import schema
from collector.store.embedded import EmbeddedStore
from collector.store.inserting import insert_statement
from collector.store.rows import COLUMNS, TABLE_COLUMNS, Limits, insertable, rows
from collector.testing.row_batch import Row, batch_of


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements on the file as anybody could; the last one's rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(statement).fetchall() for statement in statements][-1]
    finally:
        connection.close()


def opened(path: Path, **options: bool) -> None:
    store = EmbeddedStore(path, **options)
    store.open()
    store.close()


ALWAYS = {
    "logs_domain_time", "logs_urgent", "logs_error_trace", "logs_events", "deployments_by_time", "notifications_by_time",
    "logs_patterns", "patterns_by_time", "issues_by_time", "issue_activity_by_time", "silences_by_end", "responses_by_time",
    "audit_by_time", "audit_by_expiry",
}  # fmt: skip


def indexes(path: Path) -> set[str]:
    return {str(name) for (name,) in sql(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")}


def test_an_empty_path_gets_the_whole_schema(tmp_path: Path) -> None:
    """Tables, indexes, history; the file is for its owner alone; the columns are those that rows are written in."""
    path = tmp_path / "new" / "store.db"
    opened(path)
    assert tuple(row[1] for row in sql(path, "PRAGMA table_info(logs)")) == TABLE_COLUMNS
    assert {row[1] for row in sql(path, "PRAGMA table_xinfo(logs)")} == {*TABLE_COLUMNS, *COLUMNS}
    assert indexes(path) == ALWAYS
    assert sql(path, "SELECT version, name FROM logboom_migrations") == [
        (migration.version, migration.name) for migration in schema.migrations()
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert sql(path, "PRAGMA journal_mode") == [("wal",)]


def test_versions_count_from_one_without_gaps() -> None:
    """The number in the file name is the version, and the next one is always the next."""
    assert [migration.version for migration in schema.migrations()] == list(range(1, len(schema.migrations()) + 1))


def test_migrations_are_in_the_dialect_that_d1_shares() -> None:
    """No statement that D1 refuses, none over its 100,000 bytes, at most 100 columns."""
    statements = [statement for migration in schema.migrations() for statement in migration.statements]
    assert all(statement.split()[0] in {"CREATE", "ALTER", "DROP", "UPDATE", "INSERT"} for statement in statements)
    assert max(len(statement.encode()) for statement in statements) < 100_000
    assert len(COLUMNS) <= 100


def test_an_older_file_gets_what_is_missing_and_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store made by this version is opened by one that knows a further migration."""
    path = tmp_path / "store.db"
    store = EmbeddedStore(path)
    store.open()
    store.insert(rows(batch_of([Row("a")]), Limits()))
    store.close()
    known = schema.migrations()
    newer = schema.Migration(len(known) + 1, "0999_more", ("ALTER TABLE logs ADD COLUMN more TEXT",))
    monkeypatch.setattr(schema, "migrations", lambda: (*known, newer))
    with pytest.raises(StorageError, match=r"needs migrations \(0999_more\) and auto_migrate is off"):
        opened(path, auto_migrate=False)
    opened(path)
    assert sql(path, "SELECT record_id, more FROM logs") == [("a", None)]
    assert sql(path, "SELECT max(version) FROM logboom_migrations") == [(newer.version,)]
    opened(path, auto_migrate=False)


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema and history change together or not at all."""
    path = tmp_path / "store.db"
    known = schema.migrations()
    broken = schema.Migration(len(known) + 1, "0999_broken", ("CREATE TABLE half (x)", "CREATE TABLE logs (x)"))
    monkeypatch.setattr(schema, "migrations", lambda: (*known, broken))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        opened(path)
    assert sql(path, "SELECT count(*) FROM sqlite_master") == [(0,)]


HISTORY = "CREATE TABLE logboom_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_unix_ms INTEGER)"
FOREIGN: dict[str, tuple[tuple[str, ...], str]] = {
    "a table logs of somebody else": (("CREATE TABLE logs (line TEXT)",), "that logboom did not make"),
    "a newer logboom": (
        (HISTORY, "INSERT INTO logboom_migrations VALUES (1, '0001_logs', 0), (999, '0999_future', 0)"),
        "written by a newer logboom .schema 999.*install that version",
    ),
    "another history": (
        (HISTORY, "INSERT INTO logboom_migrations VALUES (1, '0001_other', 0)"),
        "foreign schema: its migration 1 is '0001_other', ours is '0001_logs'",
    ),
}


@pytest.mark.parametrize(("statements", "sentence"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_database_that_is_not_ours_is_refused_untouched(
    tmp_path: Path, statements: tuple[str, ...], sentence: str
) -> None:
    """The sentence says what was found and what to do; tables stay as they were."""
    path = tmp_path / "store.db"
    sql(path, *statements)
    before = sql(path, "SELECT name, sql FROM sqlite_master")
    with pytest.raises(StorageError, match=sentence):
        opened(path)
    assert sql(path, "SELECT name, sql FROM sqlite_master") == before


def test_a_file_that_is_no_database_is_an_error_of_sqlite(tmp_path: Path) -> None:
    """It is not overwritten."""
    path = tmp_path / "store.db"
    path.write_bytes(b"this is somebody's text file, long enough to look at" * 20)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        opened(path)
    assert path.read_bytes().startswith(b"this is somebody's")


def test_optional_indexes_follow_the_setting(tmp_path: Path) -> None:
    """Named ones are made, others of ours dropped; None leaves all; an index of the user's own stays."""
    path = tmp_path / "store.db"
    always = {*ALWAYS, "mine"}
    opened(path)
    sql(path, "CREATE INDEX mine ON logs (event_name)")

    def reopen(wanted: list[str] | None) -> set[str]:
        store = EmbeddedStore(path, indexes=wanted)
        store.open()
        store.close()
        return indexes(path)

    assert reopen(list(schema.OPTIONAL_INDEXES)) == always | {f"logs_by_{name}" for name in schema.OPTIONAL_INDEXES}
    assert reopen(["service"]) == always | {"logs_by_service"}
    assert reopen(None) == always | {"logs_by_service"}
    assert reopen([]) == always


PLANS = {
    "a domain's newest": ("domain = 'd' ORDER BY time_unix_nano DESC", "logs_domain_time"),
    "critical": ("domain = 'd' AND triage_level = 'critical' ORDER BY time_unix_nano", "logs_urgent"),
    "warning": ("domain = 'd' AND triage_level = 'warning' AND time_unix_nano > 5", "logs_urgent"),
    "errors of a trace": ("trace_id = 'ab' AND severity_number >= 17", "logs_error_trace"),
    "a record": ("record_id = 'a'", "sqlite_autoindex_logs_1"),
}


@pytest.mark.parametrize(("condition", "index"), PLANS.values(), ids=PLANS.keys())
def test_the_indexes_serve_the_questions_they_are_for(tmp_path: Path, condition: str, index: str) -> None:
    """SQLite's planner proves the partial ones apply."""
    path = tmp_path / "store.db"
    opened(path)
    plan = sql(path, f"EXPLAIN QUERY PLAN SELECT body FROM logs WHERE {condition}")
    assert index in str(plan[0][3])
    assert not any("TEMP B-TREE" in str(step[3]) for step in plan)


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    """Each of several openers finds a whole schema; the history has every migration once."""
    path = tmp_path / "store.db"
    gate, errors = threading.Barrier(4), []

    def start() -> None:
        gate.wait()
        try:
            opened(path)
        except (StorageError, sqlite3.Error) as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sql(path, "SELECT count(*) FROM logboom_migrations") == [(len(schema.migrations()),)]


def test_one_json_parameter_inserts_the_same_rows(tmp_path: Path) -> None:
    """The way into D1: `json_each` over an array of arrays, times as strings, keeps every digit and every type."""
    path = tmp_path / "store.db"
    opened(path)
    source = rows(
        batch_of([Row(f"id{n}", [("n", n)], fields={"time_unix_nano": (1 << 60) + n}) for n in range(3)]), Limits()
    )
    picks = ", ".join(f"value ->> {at}" for at in range(len(COLUMNS)))
    through_json = f"INSERT INTO logs ({', '.join(TABLE_COLUMNS)}) SELECT {picks} FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING"
    connection = sqlite3.connect(path)
    read: Callable[[], list[tuple[object, ...]]] = lambda: connection.execute("SELECT * FROM logs").fetchall()  # noqa: E731
    connection.execute(through_json, (as_d1_parameter(insertable(source)),))
    by_json = read()
    connection.execute("DELETE FROM logs")
    connection.execute(insert_statement(3), [value for row in insertable(source).rows() for value in row])
    assert by_json == read()
    assert [row[2] for row in by_json] == [(1 << 60) + n for n in range(3)]
    connection.close()


def as_d1_parameter(frame: object) -> str:
    """Rows as JSON, 64-bit integers as strings, which D1's INTEGER columns turn back exactly."""
    import json

    import polars as pl

    assert isinstance(frame, pl.DataFrame)
    return json.dumps(frame.with_columns(pl.col("time_unix_nano").cast(pl.String)).rows())


def test_rows_of_an_old_store_stay_and_say_null_for_what_they_did_not_say(tmp_path: Path) -> None:
    """A store of the first schema, with an optional index: nothing is copied, every row reads as new ones do."""
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path, isolation_level=None)
    first = schema.migrations()[0]
    for statement in (schema.HISTORY, *first.statements, *schema.index_statements(["severity"], [])):
        connection.execute(statement)
    connection.execute(schema.RECORD, (first.version, first.name, 0))
    for severity, observed in ((0, 0), (-1, 5), (17, 7), (30, 0)):
        values = {
            **dict.fromkeys(name for name in COLUMNS if name not in ("generation", "pattern_id", "issue_id")),
            **dict.fromkeys(("record_id", "domain"), f"r{severity}"),
            **dict.fromkeys(("attributes", "resource"), "{}"),
            **dict.fromkeys(("body_is_json", "flags", "dropped_attributes_count"), 0),
            "time_unix_nano": 9,
            "trace_id": "ab",
            "severity_number": severity,
            "observed_time_unix_nano": observed,
        }
        connection.execute(
            f"INSERT INTO logs ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            list(values.values()),
        )
    connection.close()
    store = EmbeddedStore(path, indexes=["severity"])
    new = rows(batch_of([Row("r99", fields={"severity_number": 0})]), Limits())
    assert store.insert(new) == 1
    store.close()
    found = sql(path, "SELECT record_id, severity_number, observed_time_unix_nano FROM logs ORDER BY rowid")
    assert found == [("r0", None, None), ("r-1", None, 5), ("r17", 17, 7), ("r30", None, None), ("r99", None, None)]
    assert indexes(path) == {*ALWAYS, "logs_by_severity"}
    for query, index in (
        ("trace_id = 'ab' AND severity_number >= 17", "logs_error_trace"),
        ("domain = 'r17' AND severity_number = 17", "logs_by_severity"),
    ):
        ((*_, plan),) = sql(path, f"EXPLAIN QUERY PLAN SELECT record_id FROM logs WHERE {query}")
        assert index in str(plan)
