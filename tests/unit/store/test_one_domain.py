"""Whoever reads for one domain learns nothing of another: whatever is asked, the answer is the same as if others had other rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.scope import Scope
from collector.store import reading, schema
from collector.store.embedded import EmbeddedStore
from collector.store.projection import Projection
from collector.store.projections import PROJECTIONS
from collector.store.reading import QueryRefused, opened, query
from counterparts.examples import examples

DECLARED, UNDECLARED = "parrots", "secrets"
MADE = (
    f"CREATE TABLE {DECLARED} (domain TEXT, body TEXT)",
    f"CREATE TABLE {UNDECLARED} (domain TEXT, body TEXT)",
    f"CREATE INDEX {DECLARED}_by_body ON {DECLARED} (body)",
)
NAMES = (*schema.OF_DOMAINS, DECLARED, UNDECLARED, "logboom_migrations", "sqlite_master", "sqlite_temp_master", "sqlite_schema", "dbstat",
         "sqlite_sequence", "sqlite_stat1", "sqlite_dbpage", "a_cte")  # fmt: skip
Question = st.SearchStrategy[str]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Two stores in which a.com has the same rows, and b.com others; each with a table of domains and one that is none."""
    patch = pytest.MonkeyPatch()
    patch.setattr(reading, "OF_DOMAINS", (*schema.OF_DOMAINS, DECLARED))
    paths = [tmp_path_factory.mktemp("store") / "store.db" for _ in range(2)]
    for path, others in zip(paths, (["BRAVO"], ["CHARLIE", "DELTA"]), strict=True):
        store = EmbeddedStore(path)
        store.open()
        store.close()
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in MADE:
                connection.execute(statement)
            rows = [("a.com", "ALPHA"), ("a.com", "ALFA"), *(("b.com", body) for body in others)]
            for table in (DECLARED, UNDECLARED):
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
            for number, (domain, body) in enumerate(rows):
                _log(connection, f"{number:026}", domain, body)
                for projection in PROJECTIONS:
                    _described(connection, projection, domain, body)
                connection.execute(
                    "INSERT INTO log_minutes VALUES (?, 7, 'info', ?, '', '', '', '', 1)", (domain, body)
                )
                for table in ("pattern_minutes", "issue_minutes"):
                    connection.execute(f"INSERT INTO {table} VALUES (?, 7, 'info', ?, 1)", (domain, body))
            connection.execute("ANALYZE")
            # logboom makes no statistics: plans follow the rows of whoever did
            connection.execute("UPDATE sqlite_stat1 SET stat = '5 1'")
    yield paths
    patch.undo()


def _log(connection: sqlite3.Connection, record_id: str, domain: str, body: str) -> None:
    given = {"record_id": record_id, "domain": domain, "body": body}
    columns = connection.execute("PRAGMA table_info(logs)").fetchall()
    values = {
        name: given.get(name, 0 if "INT" in kind else "{}")
        for _, name, kind, needed, default, _ in columns
        if name in given or (needed and default is None)
    }
    places = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO logs ({', '.join(values)}) VALUES ({places})", tuple(values.values()))


def _described(connection: sqlite3.Connection, projection: Projection, domain: str, body: str) -> None:
    """A row whose every text is the marker."""
    values = [domain, *(body if column.kind == "TEXT" else 7 for column in projection.all_columns[1:])]
    names = ", ".join(column.name for column in projection.all_columns)
    connection.execute(f"INSERT INTO {projection.name} ({names}) VALUES ({', '.join('?' * len(values))})", values)


tables: Question = st.builds(
    "{}{}".format, st.sampled_from(["", "main.", "temp.", "MAIN."]), st.sampled_from([*NAMES, "LOGS"])
)
columns: Question = st.sampled_from(["*", "body", "domain", "count(*)", "rowid", "max(body)", "group_concat(body)", "1", "x.*", "sql", "name", "service", "sum(n)", "event_id", "status", "url"])  # fmt: skip
conditions: Question = st.sampled_from(["1", "domain = 'b.com'", "body > 'B'", "rowid > 2", "x.body LIKE '%A%'"])


def _wider(inner: Question) -> Question:
    return st.one_of(
        st.builds("SELECT {} FROM ({}) AS x WHERE {}".format, columns, inner, conditions),
        st.builds("{} UNION ALL {}".format, inner, inner),
        st.builds("{} EXCEPT {}".format, inner, inner),
        st.builds("SELECT ({}), EXISTS ({})".format, inner, inner),
        st.builds("WITH {}(body) AS ({}) SELECT * FROM {} AS x".format, st.sampled_from(NAMES), inner, tables),
        st.builds("SELECT {} FROM {} AS x WHERE body IN ({})".format, columns, tables, inner),
        st.builds("SELECT x.body, y.* FROM {} AS x LEFT JOIN {} AS y ON x.domain <> y.domain".format, tables, tables),
        st.builds("SELECT body, count(*) OVER (PARTITION BY domain) FROM {} AS x".format, tables),
        st.builds("SELECT * FROM pragma_{}('{}')".format, st.sampled_from(["table_info", "index_list", "table_list"]), st.sampled_from(NAMES)),
        st.builds("EXPLAIN QUERY PLAN {}".format, inner),
    )  # fmt: skip


questions: Question = st.recursive(st.builds("SELECT {} FROM {} AS x WHERE {}".format, columns, tables, conditions), _wider, max_leaves=6)  # fmt: skip


def _answer(path: Path, statement: str, domain: str) -> object:
    with opened(path, Scope.chosen(domain)) as connection:
        try:
            return query(connection, statement, limit=50, timeout_secs=20).values
        except QueryRefused:
            return "refused"
        except (sqlite3.Error, sqlite3.Warning) as error:
            return f"{type(error).__name__}"


@pytest.mark.slow
@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions)
def test_any_question_has_one_answer_whatever_others_have(stores: list[Path], statement: str) -> None:
    """Rows, counts, plans, and whether it is refused."""
    one, other = (_answer(path, statement, "a.com") for path in stores)
    assert one == other
    assert not any(marker in str(one) for marker in ("BRAVO", "CHARLIE", "DELTA"))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("logs", "body"),
        (DECLARED, "body"),
        ("log_minutes", "service"),
        ("pattern_minutes", "pattern_id"),
        ("issue_minutes", "issue_id"),
        *((one.name, "event_id") for one in PROJECTIONS if not one.confidential),
    ],
)
def test_the_own_rows_are_seen(stores: list[Path], table: str, column: str) -> None:
    """In every table of domains."""
    assert _answer(stores[0], f"SELECT {column} FROM {table} ORDER BY 1", "a.com") == [("ALFA",), ("ALPHA",)]
    assert _answer(stores[0], f"SELECT {column} FROM {table}", "b.com") == [("BRAVO",)]


@pytest.mark.parametrize("table", schema.CONFIDENTIAL)
def test_what_is_confidential_is_seen_by_whoever_names_it_and_of_the_own_domains(
    stores: list[Path], table: str
) -> None:
    """A reader of records has no such table."""
    assert _answer(stores[0], f"SELECT count(*) FROM {table}", "a.com") in ("refused", "OperationalError")
    assert _answer(stores[0], f"SELECT count(*) FROM main.{table}", "a.com") == "refused"
    with opened(stores[0], Scope.of("a.com"), schema.CONFIDENTIAL) as connection:
        assert query(connection, f"SELECT event_id FROM {table} ORDER BY 1").values == [("ALFA",), ("ALPHA",)]


def test_the_own_counts_are_seen(stores: list[Path]) -> None:
    """Sums over a domain's minutes are its own."""
    assert _answer(stores[1], "SELECT service, n FROM log_minutes ORDER BY 1", "a.com") == [("ALFA", 1), ("ALPHA", 1)]
    assert _answer(stores[1], "SELECT sum(n) FROM log_minutes", "b.com") == [(2,)]
    assert _answer(stores[1], "SELECT count(*) FROM main.log_minutes", "b.com") == "refused"


def test_what_is_no_table_of_domains_is_not_there(stores: list[Path]) -> None:
    """Also one that has a column `domain`: it has to be declared."""
    for table in (UNDECLARED, "log_minutes_uncounted", "logboom_migrations", "logboom_store", "dbstat", "sqlite_stat1"):
        assert _answer(stores[0], f"SELECT count(*) FROM {table}", "a.com") in ("refused", "OperationalError")


def test_tables_of_domains_have_a_domain(stores: list[Path]) -> None:
    """What the migrations make."""
    with opened(stores[0], Scope.everything()) as connection:
        for table in schema.OF_DOMAINS:
            assert "domain" in {row[1] for row in query(connection, f"PRAGMA table_info({table})").values}
