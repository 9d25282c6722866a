"""A reading connection reads, and cannot be talked into anything else, nor into another domain's rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.reading import NoStore, QueryRefused, opened, query
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with two rows of a.com and one of b.com."""
    path = tmp_path / "store.db"
    store = EmbeddedStore(path)
    store.open()
    made = [Row(f"r{n}", [("n", n)], fields={"domain": domain}) for n, domain in enumerate(["a.com", "b.com", "a.com"])]
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    return path


READS = {
    "select": ("SELECT record_id FROM logs ORDER BY 1", [("r0",), ("r1",), ("r2",)]),
    "aggregate": ("SELECT domain, count(*) FROM logs GROUP BY 1 ORDER BY 1", [("a.com", 2), ("b.com", 1)]),
    "common table": ("WITH x AS (SELECT * FROM logs) SELECT count(*) FROM x", [(3,)]),
    "recursive": ("WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 3) SELECT n FROM c", None),
    "json path": ("SELECT sum(attributes ->> '$.n') FROM logs", [(3,)]),
    "json_each": ("SELECT j.key FROM logs, json_each(attributes) AS j GROUP BY 1", [("n",)]),
    "json_tree": ("SELECT count(*) FROM json_tree('[1]')", [(2,)]),
    "window": ("SELECT row_number() OVER (ORDER BY record_id) FROM logs", [(1,), (2,), (3,)]),
    "plan": ("EXPLAIN QUERY PLAN SELECT * FROM logs", None),
    "columns": ("PRAGMA table_info(logs)", None),
    "columns as a table": ("SELECT name FROM pragma_table_info('logs') LIMIT 1", [("record_id",)]),
    "schema": ("SELECT name FROM sqlite_master WHERE name = 'logs'", [("logs",)]),
    "time": ("SELECT datetime(0, 'unixepoch')", [("1970-01-01 00:00:00",)]),
}


@pytest.mark.parametrize(("statement", "wanted"), READS.values(), ids=READS.keys())
def test_reading_works(path: Path, statement: str, wanted: list[tuple[object, ...]] | None) -> None:
    """Everything a SELECT can do."""
    with opened(path, Scope.everything()) as connection:
        values = query(connection, statement).values
    assert values == wanted if wanted is not None else values


WRITES = {
    "insert": "INSERT INTO logs (record_id) VALUES ('x')",
    "replace": "REPLACE INTO logs SELECT * FROM logs",
    "update": "UPDATE logs SET body = 'forged'",
    "delete": "DELETE FROM logs",
    "upsert in a common table": "WITH x AS (SELECT 1) DELETE FROM logs",
    "drop": "DROP TABLE logs",
    "create": "CREATE TABLE t (x)",
    "create temporary": "CREATE TEMP TABLE t (x)",
    "create view": "CREATE TEMP VIEW v AS SELECT 1",
    "alter": "ALTER TABLE logs ADD COLUMN x",
    "index": "CREATE INDEX i ON logs (body)",
    "trigger": "CREATE TEMP TRIGGER t AFTER INSERT ON logs BEGIN SELECT 1; END",
    "virtual table": "CREATE VIRTUAL TABLE temp.f USING fts5(x)",
    "attach": "ATTACH DATABASE 'other.db' AS other",
    "detach": "DETACH DATABASE main",
    "vacuum": "VACUUM",
    "vacuum into": "VACUUM INTO 'copy.db'",
    "reindex": "REINDEX",
    "analyze": "ANALYZE",
    "begin": "BEGIN IMMEDIATE",
    "savepoint": "SAVEPOINT s",
    "pragma that unlocks": "PRAGMA query_only = OFF",
    "pragma that writes": "PRAGMA user_version = 7",
    "pragma journal": "PRAGMA journal_mode = DELETE",
    "pragma checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
    "pragma writable schema": "PRAGMA writable_schema = ON",
    "pragma as a table": "SELECT * FROM pragma_wal_checkpoint",
    "schema": "UPDATE sqlite_master SET sql = ''",
    "extension": "SELECT load_extension('x')",
    "tokenizer": "SELECT fts3_tokenizer('x', x'00')",
    "several statements": "SELECT 1; DELETE FROM logs",
}


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("domain", [None, "a.com"])
def test_writing_is_refused(path: Path, tmp_path: Path, statement: str, domain: str | None) -> None:
    """The statement fails, the rows and the schema stay, and no file appears."""
    with opened(path, Scope.everything()) as connection:
        before = [query(connection, text).values for text in ("SELECT * FROM logs", "SELECT * FROM sqlite_master")]
    with (
        opened(path, Scope.chosen(domain)) as connection,
        pytest.raises((QueryRefused, sqlite3.Error, sqlite3.Warning)),
    ):
        query(connection, statement)
    with opened(path, Scope.everything()) as connection:
        after = [query(connection, text).values for text in ("SELECT * FROM logs", "SELECT * FROM sqlite_master")]
    assert after == before
    assert {file.name for file in tmp_path.iterdir()} <= {"store.db", "store.db-wal", "store.db-shm"}
    assert not Path("copy.db").exists()
    assert not Path("other.db").exists()


ESCAPES = {
    "the table behind": "SELECT record_id FROM main.logs",
    "count the table behind": "SELECT count(*) FROM main.logs",
    "a common table of the view's name": "WITH logs AS (SELECT record_id FROM main.logs) SELECT * FROM logs",
    "a common table of the other view's name": "WITH logs_ AS (SELECT record_id FROM main.logs) SELECT * FROM logs_",
    "a subquery": "SELECT (SELECT max(record_id) FROM main.logs)",
    "an alias": "SELECT x.record_id FROM main.logs AS x",
    "a union": "SELECT record_id FROM logs UNION SELECT record_id FROM main.logs",
    "the rowid behind": "SELECT rowid FROM main.logs",
    "upper case": "SELECT record_id FROM MAIN.LOGS",
    "the definition of the view": "SELECT sql FROM sqlite_temp_master",
    "the definition by its other name": "SELECT sql FROM sqlite_temp_schema",
    "pages": "SELECT * FROM dbstat",
    "exists": "SELECT EXISTS (SELECT 1 FROM main.logs WHERE domain = 'b.com')",
}


@pytest.mark.parametrize("statement", ESCAPES.values(), ids=ESCAPES.keys())
def test_a_domain_cannot_reach_beyond_itself(path: Path, statement: str) -> None:
    """Whatever way the table is named."""
    with opened(path, Scope.of("a.com")) as connection, pytest.raises((QueryRefused, sqlite3.Error)):
        query(connection, statement)


@pytest.mark.parametrize(
    ("domain", "ids"), [("a.com", ["r0", "r2"]), ("b.com", ["r1"]), ("c.com", []), ("a.com' OR '1", []), ("", [])]
)
def test_a_domain_sees_its_own_rows(path: Path, domain: str, ids: list[str]) -> None:
    """The same SQL works; a domain is a value, not SQL."""
    with opened(path, Scope.chosen(domain)) as connection:
        seen = query(connection, "SELECT l.record_id FROM logs AS l WHERE l.body = 'text' ORDER BY 1").values
        assert seen == [(record_id,) for record_id in ids]
        assert query(connection, "SELECT count(*) FROM logs").values == [(len(ids),)]
        assert query(connection, "WITH x AS (SELECT * FROM logs) SELECT count(*) FROM x").values == [(len(ids),)]


def test_a_domains_view_still_uses_the_indexes(path: Path) -> None:
    """The condition on the domain reaches the table's indexes through both views."""
    with opened(path, Scope.of("a.com")) as connection:
        for condition, index in (("triage_level = 'critical'", "logs_urgent"), ("true", "logs_domain_time")):
            statement = f"SELECT body FROM logs WHERE {condition} ORDER BY time_unix_nano DESC LIMIT 5"
            (step,) = query(connection, f"EXPLAIN QUERY PLAN {statement}").values
            assert index in str(step[3])


@pytest.mark.parametrize(("limit", "count", "more"), [(0, 3, False), (2, 2, True), (3, 3, False), (9, 3, False)])
def test_a_limit_says_whether_there_was_more(path: Path, limit: int, count: int, more: bool) -> None:
    """0 is all."""
    with opened(path, Scope.everything()) as connection:
        rows = query(connection, "SELECT record_id, domain FROM logs", limit=limit)
    assert (list(rows.columns), len(rows.values), rows.more) == (["record_id", "domain"], count, more)


def test_an_endless_query_is_stopped(path: Path) -> None:
    """And the connection is good for the next one."""
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    with opened(path, Scope.everything()) as connection:
        with pytest.raises(QueryRefused, match=r"stopped after 0\.05 s"):
            query(connection, endless, timeout_secs=0.05)
        assert query(connection, "SELECT 1").values == [(1,)]


def test_what_is_no_store_is_said(tmp_path: Path) -> None:
    """No file, a directory, a text file, another database."""
    (tmp_path / "text").write_text("hello" * 500)
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.close()
    for name, sentence in {
        "absent": "there is no store at",
        ".": "there is no store at",
        "text": "can't be read as a store",
        "other": "has no table logs",
    }.items():
        with pytest.raises(NoStore, match=sentence), opened(tmp_path / name, Scope.everything()):
            pass
    assert not (tmp_path / "absent").exists()
