"""How SQLite finds the rows of every statement of the store: by the rowid or an index, never by a walk through the table.

The plans are the same with and without statistics, with and without the optional indexes: a store of years is asked by them.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from collector.query import Query
from collector.scope import Scope
from collector.store import audit_reading, d1, erasing, minutes, retention, schema, sweeping
from collector.store.d1_reading import _packing
from collector.store.describing import Described
from collector.store.embedded import EmbeddedStore, upsert_statement
from collector.store.following import BY_ID, LAST_OF_DOMAIN, NEWEST, Question, Wanted
from collector.store.inserting import PREPARE, insert_statement, joined_statement
from collector.store.minutes import LOG_MINUTES, PATTERN_MINUTES
from collector.store.projection import Projection
from collector.store.projections import PROJECTIONS
from collector.store.rows import COLUMNS, Limits, rows
from collector.testing.row_batch import Row, batch_of

ROOT = Path(__file__).parents[3]
BY_ROWID = "SEARCH logs USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
WANTED = {
    "all": Wanted(Scope.everything()),
    "domain": Wanted(Scope.of("a.com")),
    "domain, level": Wanted(Scope.of("a.com"), level="warning"),
    "level": Wanted(Scope.everything(), level="critical"),
    "everything": Wanted(Scope.of("a.com"), "info", "checkout", "DataService"),
    "a query": Wanted(Scope.everything(), also=Question(*Query("domain:a.com").filtering())),
    "a query of a domain": Wanted(
        Scope.of("a.com"),
        also=Question(*Query("pattern:p trace:00* (service:x OR issue:y) id:r* level:critical").filtering()),
    ),
}
EACH = "SEARCH logs USING INTEGER PRIMARY KEY (rowid=?)"
WALKS = {
    "time": "SEARCH logs USING COVERING INDEX logs_domain_time (domain=?)",
    "rowid": "SEARCH logs USING INTEGER PRIMARY KEY (rowid<?)",
    "level": "SEARCH logs USING COVERING INDEX logs_urgent (domain=? AND triage_level=?)",
}


@pytest.fixture(scope="module", params=["new", "with statistics", "with every index"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("store") / "store.db"
    indexes = list(schema.OPTIONAL_INDEXES) if request.param == "with every index" else None
    store = EmbeddedStore(path, indexes=indexes)
    store.open()
    made = [Row(f"r{n:04d}", fields={"domain": f"{n % 3}.com", "severity_number": n % 24}) for n in range(3000)]
    levels = pl.Series([("critical", "warning", "info", "debug", None)[n % 5] for n in range(3000)])
    store.insert(rows(batch_of(made).with_attributes({"logboom.triage.level": levels}), Limits()))
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(PREPARE)
    if request.param == "with statistics":
        connection.execute("ANALYZE")
    yield connection
    connection.close()


def plan(store: sqlite3.Connection, question: Question) -> list[str]:
    """How the table is read, step by step, and what is sorted."""
    found = store.execute(f"EXPLAIN QUERY PLAN {question.statement}", tuple(question.parameters))
    steps = [step.replace(" main.logs", " logs") for *_, step in found]
    return [step for step in steps if re.search(r"\blogs\b|TEMP B-TREE", step)]


def on_d1(question: Question) -> Question:
    """As it is asked there."""
    packed = _packing(question)
    return Question(packed.sql, packed.parameters)


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_fresh_rows_are_found_by_rowid(store: sqlite3.Connection, wanted: Wanted) -> None:
    """And nothing is sorted: a poll that finds nothing reads nothing."""
    question = wanted.fresh(5, 9, 100)
    assert plan(store, question) == plan(store, on_d1(question)) == [BY_ROWID]


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_the_last_of_new_rows_and_their_number_are_found_by_rowid(store: sqlite3.Connection, wanted: Wanted) -> None:
    assert plan(store, wanted.last(5, 9)) == plan(store, wanted.count(5, 9)) == [BY_ROWID]


@pytest.mark.parametrize(
    ("name", "walks"),
    [
        ("all", ["rowid"]),
        ("level", ["rowid"]),
        ("domain", ["time"]),
        ("domain, level", ["time", "level", "level"]),
        ("everything", ["time"]),
        ("a query", ["rowid"]),
        ("a query of a domain", ["time"]),
    ],
)
def test_a_backlog_walks_an_index_as_far_as_it_must(store: sqlite3.Connection, name: str, walks: list[str]) -> None:
    """By time within a domain, by rowid over all; each row is then looked up. Nothing is sorted."""
    questions = WANTED[name].backlog(9, 10)
    expected = [[WALKS[walk], EACH] for walk in walks]
    assert [plan(store, question) for question in questions] == expected
    assert [plan(store, on_d1(question)) for question in questions] == expected


STATEMENTS: dict[str, tuple[Question, list[str]]] = {
    "newest row": (Question(NEWEST, ()), ["SEARCH logs"]),
    "last row of a domain": (Question(LAST_OF_DOMAIN, ("a.com", 9)), [WALKS["time"]]),
    "rowid of an id": (Question(BY_ID, ("r0001",)), ["SEARCH logs USING INDEX sqlite_autoindex_logs_1 (record_id=?)"]),
    "insert": (Question(insert_statement(2), [None] * 2 * len(COLUMNS)), []),
    "insert, without what is NULL": (Question(joined_statement(("record_id", "body"), ("body",), (), 2), [""] * 4), []),
    "insert, joined with what all say": (
        Question(joined_statement(("record_id", "body"), ("body",), ("domain",), 2), [""] * 6),
        [],
    ),
    "insert on D1": (Question(d1.INSERT, ("[]",)), []),
    "domains": (
        Question(retention.DOMAINS, ()),
        ["SEARCH logs USING COVERING INDEX logs_…", "SEARCH logs USING COVERING INDEX logs_… (domain>?)"],
    ),
    "retention, by time": (
        Question(sweeping.BY_TIME, ("a.com", 0, 1, "0", 9, '["info"]', 10)),
        [EACH, "SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>? AND time_unix_nano<?)"],
    ),
    "retention, by receipt": (
        Question(sweeping.BY_RECEIPT, ('["a.com"]', "", 1, "0", 9, '["info"]', 10)),
        [EACH, "SEARCH logs USING INDEX sqlite_autoindex_logs_1 (record_id>? AND record_id<?)"],
    ),
    "retention, by arrival": (
        Question(sweeping.BY_ARRIVAL, ('["a.com"]', 0, 1, "0", 9, '["info"]', 10)),
        [EACH, BY_ROWID],
    ),
    "retention of events": (
        Question(retention.DELETE_EVENTS, ('["a.com"]', 1, "0", 9)),
        [EACH, "SEARCH logs USING INDEX logs_events (domain=? AND time_unix_nano<?)", "SEARCH logs"],
    ),
    "candidates of an erasure": (
        Question(erasing.CANDIDATES, ("a.com", 0, 0, 9, "z", "42", "42")),
        ["SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>?)", "USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR ORDER BY"],
    ),
    "found of a person": (
        Question(erasing.FOUND, ("a.com", 0, 0, 9, "z", "42", "42")),
        ["SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>?)", "USE TEMP B-TREE FOR ORDER BY", EACH, "USE TEMP B-TREE FOR ORDER BY"],
    ),
    "erased rows": (Question(erasing.DELETE_ROWS, ("[]",)), [EACH, "SEARCH logs"]),
    "the newest row is emptied": (Question(erasing.EMPTY_NEWEST, ("[]",)), [EACH, "SEARCH logs"]),
    "a domain is erased": (
        Question(erasing.DELETE_DOMAIN, ("a.com", "z", 9)), [EACH, "SEARCH logs USING INDEX logs_domain_time (domain=?)", "SEARCH logs"]
    ),
    "of a domain the newest row is emptied": (Question(erasing.EMPTY_OF_DOMAIN, ("a.com", "z")), [EACH, "SEARCH logs"]),
    "rows of a domain are counted": (
        Question(erasing.COUNT_DOMAIN, ("a.com", "z")), ["SEARCH logs USING INDEX logs_domain_time (domain=?)", "SEARCH logs"]
    ),
    "a pattern's rows, of those that people look at": (
        Question("SELECT body FROM logs WHERE domain = 'a' AND pattern_id = 'p' AND (triage_level = 'critical' OR triage_level = 'warning') ORDER BY time_unix_nano DESC", ()),
        ["SEARCH logs USING INDEX logs_patterns (domain=? AND pattern_id=?)"],
    ),
    "a domain's view": (
        Question("WITH logs AS (SELECT * FROM main.logs WHERE domain = 'a') SELECT body FROM logs WHERE time_unix_nano > 7", ()),
        ["SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>?)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_other_statement(store: sqlite3.Connection, name: str) -> None:
    """`SEARCH logs` without more: the newest row, by its rowid. Any index that begins with the domain serves `domains`."""
    question, expected = STATEMENTS[name]
    found = plan(store, question)
    assert (
        [re.sub(r"logs_\w+", "logs_…", step) for step in found] == expected if name == "domains" else found == expected
    )


EACH_KEY = (
    "SEARCH m USING PRIMARY KEY (domain=? AND minute=? AND level=? AND service=? AND component=? AND endpoint=?"
    " AND environment=? AND error_type=?)"
)
ADDING = [EACH_KEY, "SEARCH m USING PRIMARY KEY (domain=? AND minute=?)"]
EACH_PATTERN = "SEARCH m USING PRIMARY KEY (domain=? AND minute=? AND level=? AND pattern_id=?)"
ADDING_PATTERNS = [EACH_PATTERN, ADDING[1]]
LAST_ROWS = ["SEARCH logs USING INTEGER PRIMARY KEY (rowid>?)", "SEARCH logs"]
MARK = "SCAN log_minutes_uncounted"  # one row
PIECE = "SEARCH logs USING INTEGER PRIMARY KEY (rowid<?)"
MINUTES: dict[str, tuple[Question, list[str]]] = {
    "add counted": (Question(LOG_MINUTES.add_counted(2), [None] * 20), ADDING),
    "add inserted": (Question(LOG_MINUTES.add_inserted, (1,)), [*LAST_ROWS, *ADDING]),
    "add on D1": (Question(LOG_MINUTES.add_changed, ()), [*LAST_ROWS, *ADDING]),
    "add on D1 beside others": (Question(LOG_MINUTES.add_kept, ()), [*LAST_ROWS, *ADDING]),
    "add patterns counted": (Question(PATTERN_MINUTES.add_counted(2), [None] * 14), ADDING_PATTERNS),
    "add patterns inserted": (Question(PATTERN_MINUTES.add_inserted, (1,)), [*LAST_ROWS, *ADDING_PATTERNS]),
    "add patterns on D1": (Question(PATTERN_MINUTES.add_kept, ()), [*LAST_ROWS, *ADDING_PATTERNS]),
    "add a piece of the past": (Question(minutes.ADD_PIECE, (9,)), [BY_ROWID, PIECE, MARK, MARK, *ADDING]),
    "mark it": (Question(minutes.MARK_PIECE, (9,)), [MARK, PIECE, MARK]),
    "retention": (
        Question(LOG_MINUTES.delete, ('["a.com"]', 9, 9)),
        [
            "SEARCH log_minutes USING PRIMARY KEY (domain=? AND minute=?)",
            "SEARCH log_minutes USING PRIMARY KEY (domain=? AND minute<?)",
        ],
    ),
    "domains": (
        Question(retention.domains_of("log_minutes"), ()),
        ["SEARCH log_minutes USING PRIMARY KEY", "SEARCH log_minutes USING PRIMARY KEY (domain>?)"],
    ),
    "a minute's counts in a domain's view": (
        Question("WITH log_minutes AS (SELECT * FROM main.log_minutes WHERE domain = 'a') SELECT level, sum(n) FROM log_minutes WHERE minute > 7 GROUP BY 1", ()),
        ["SEARCH main.log_minutes USING PRIMARY KEY (domain=? AND minute>?)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MINUTES)
def test_counts_are_found_by_their_keys_and_rows_to_count_by_rowid(store: sqlite3.Connection, name: str) -> None:
    """What is sorted is what the statement adds or shows, never the tables."""
    question, expected = MINUTES[name]
    found = store.execute(f"EXPLAIN QUERY PLAN {question.statement}", tuple(question.parameters))
    tables = re.compile(r"(SEARCH|SCAN) (main\.)?(logs|m|log_minutes\w*)\b")
    assert [step for *_, step in found if tables.match(step)] == expected


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_tables_of_events_are_found_by_their_keys_and_times(store: sqlite3.Connection, projection: Projection) -> None:
    """Written by the key, read by time within a domain, swept by time."""
    table, time = projection.name, projection.aged_by
    upsert = upsert_statement(projection, 2)
    asked = {
        upsert: [None] * 2 * len(projection.all_columns),
        d1_upsert(projection): ("[]",),
        projection.delete_old: ('["a.com"]', 1, 9),
        f"WITH {table} AS (SELECT * FROM main.{table} WHERE domain = 'a') SELECT * FROM {table} ORDER BY {time} DESC": (),
    }
    steps = [
        step
        for statement, parameters in asked.items()
        for *_, step in store.execute(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
        if re.search(rf"\b{table}\b|TEMP B-TREE", step)
    ]
    keys = " AND ".join(f"{column.name}=?" for column in projection.primary_key)
    by_time = next(iter(projection.indexes))
    assert steps == [
        f"SEARCH {table} USING PRIMARY KEY ({keys})",
        f"SEARCH {table} USING COVERING INDEX {by_time} (domain=? AND {time}<?)",
        f"SEARCH main.{table} USING INDEX {by_time} (domain=?)",
    ]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (audit_reading.NEWEST, "audit USING INDEX audit_by_time (domain=? AND time_unix_nano>? AND time_unix_nano<?)"),
        (audit_reading.CHAIN, "audit USING PRIMARY KEY (domain=? AND (seq,hash)>(?,?))"),
        (audit_reading.LAST_ENTRY, "audit USING PRIMARY KEY (domain=?)"),
        (audit_reading.CHECKPOINTS, "logs USING INDEX logs_(events \\(domain=\\?\\)|by_event .*)"),
    ],
    ids=["newest", "chain", "last", "checkpoints"],
)
def test_the_audit_log_is_read_by_its_key_and_its_time(store: sqlite3.Connection, statement: str, found: str) -> None:
    """Nothing is sorted."""
    plan = store.execute(f"EXPLAIN QUERY PLAN {statement}", [1] * (statement.count("?")))
    (step,) = [step for *_, step in plan]
    assert step == f"SEARCH {found}" or re.fullmatch(f"SEARCH {found}", step)


def d1_upsert(projection: Projection) -> str:
    empty = pl.DataFrame(
        [[None] * len(projection.all_columns)], [one.name for one in projection.all_columns], orient="row"
    )
    [statement] = d1.describing(Described(projection, empty))
    return statement.sql


KNOWN = {
    "collector.store.following: SELECT max(rowid) AS newest FROM": "newest row",
    "collector.store.following: SELECT logs.rowid AS rowid, {}": "fresh, backlog",
    "collector.store.following: SELECT rowid AS at FROM": "backlog",
    "collector.store.following: SELECT record_id, rowid FROM logs": "last",
    "collector.store.following: SELECT max(at) AS newest, count(*)": "last row of a domain",
    "collector.store.following: SELECT count(*) FROM logs WHERE": "count",
    "collector.store.following: SELECT rowid, domain FROM logs": "rowid of an id",
    "collector.store.erasing: WITH slice AS MATERIALIZED (": "candidates of an erasure, found of a person",
    "collector.store.erasing: DELETE FROM logs WHERE rowid": "erased rows, a domain is erased",
    "collector.store.erasing: UPDATE logs SET body =": "emptied",
    "collector.store.erasing: SELECT next, records FROM logboom_erasures": "one row, by the id",
    "collector.store.erasing: INSERT OR REPLACE INTO logboom_erasures": "one row",
    "collector.store.erasing: UPDATE logboom_erasures SET records =": "one row, by the id",
    "collector.store.erasing: DELETE FROM logboom_erasures WHERE rowid": "what is above a thousand rows, by the rowid",
    "collector.store.erasing: SELECT count(*) {} AND NOT": "rows of a domain are counted",
    "collector.store.erasing: DELETE FROM {} WHERE domain": "all of a domain, by the key",
    "collector.store.erasing: SELECT {} FROM {} WHERE": "tables of events of a domain, once for each erasure",
    "collector.store.erasing: UPDATE {} SET {} WHERE": "tables of events, by the key",
    "collector.store.retention: WITH RECURSIVE seen(domain) AS (": "domains",
    "collector.store.sweeping: DELETE FROM logs WHERE rowid": "retention",
    "collector.store.rollup: WITH read({}) AS NOT MATERIALIZED": "add",
    "collector.store.rollup: SELECT domain, time_unix_nano / {},": "add inserted, on D1, a piece of the past",
    "collector.store.rollup: UPDATE logboom_store SET inserted =": "one row",
    "collector.store.rollup: DELETE FROM {} WHERE (domain,": "retention of counts",
    "collector.store.reading: SELECT max(through) FROM {}": "one row",
    "collector.store.reading: SELECT counted FROM {}": "a constant",
    "collector.store.minutes: UPDATE log_minutes_uncounted SET through =": "mark it",
    "collector.store.d1: INSERT INTO logs ({}) SELECT": "insert on D1",
    "collector.store.d1_reading: SELECT {} FROM ({})": "fresh, backlog on D1",
    "collector.store.d1_reading: WITH {}answer({}) AS ( {}": "the user's own, in a domain's view",
    "collector.store.retention: DELETE FROM logs WHERE rowid": "retention of events",
    "collector.store.issue_reading: SELECT {} FROM issues WHERE": "what people ask, for some issues",
    "collector.store.issue_reading: SELECT state, count(*) FROM issues": "what people ask: all issues",
    "collector.store.issue_reading: SELECT domain, issue_id, min((minute -": "what people ask: minutes of a time of some issues, by their key",
    "collector.store.issue_reading: SELECT issue_id FROM issues WHERE": "what people ask: merged issues of a domain",
    "collector.store.issue_reading: SELECT DISTINCT minute FROM issue_minutes": "what people ask: minutes of some issues, by their key, until one is found",
    "collector.store.issue_reading: SELECT {} AS level, logs.*": "what people ask, by time, within what a question may take",
    "collector.store.audit_reading: SELECT {} FROM audit WHERE": "the audit log",
    "collector.store.audit_reading: SELECT seq, hash, previous, entry,": "the audit log",
    "collector.store.audit_reading: SELECT seq, time_unix_nano FROM audit": "the audit log",
    "collector.store.audit_reading: SELECT attributes FROM logs WHERE": "the audit log",
    "collector.store.deployment_reading: SELECT {} FROM deployments WHERE": "what people ask, by time",
    "collector.store.issue_reading: SELECT * FROM issues WHERE": "what people ask, by the id",
    "collector.store.issue_reading: SELECT * FROM issue_activity WHERE": "what people ask, by the id",
    "collector.store.repair_times: SELECT domain, issue_id, ifnull(component, ''),": "what people ask: activities of issues",
    "collector.store.anomaly_reading: SELECT domain, record_id, time_unix_nano, event_name,": "what people ask",
    "collector.store.report_reading: SELECT domain, service, sum(n *": "what people ask",
    "collector.store.report_reading: SELECT level, (minute - ?1)": "what people ask",
    "collector.store.report_reading: SELECT level, sum(n * (minute": "what people ask",
    "collector.store.kept_reading: SELECT domain, sum(n) AS records": "what people ask: all minutes of a time",
    "collector.store.kept_reading: SELECT avg(size) FROM (SELECT length(CAST(ifnull(body,": "what people ask: the newest 200 rows of a domain, by its time",
    "collector.store.report_reading: SELECT name FROM sqlite_master WHERE": "what people ask",
    "collector.store.report_reading: WITH seen AS (SELECT domain,": "what people ask",
    "collector.store.pattern_reading: SELECT domain, pattern_id, level, min((minute": "what people ask: all minutes of a time",
    "collector.store.pattern_reading: SELECT domain, pattern_id, avg({} +": "what people ask: the newest rows, by rowid",
    "collector.store.pattern_reading: SELECT DISTINCT domain, pattern_id FROM": "what people ask, by the index of patterns",
    "collector.store.pattern_reading: SELECT domain, pattern_id, count(*) FROM": "what people ask: all minutes of a time",
    "collector.store.pattern_reading: SELECT level, sum(n) FROM pattern_minutes": "what people ask: all minutes",
    "collector.store.pattern_reading: SELECT {} FROM patterns": "what people ask: all patterns, 10,000 a domain",
    "collector.store.pattern_reading: SELECT * FROM patterns WHERE": "what people ask, by the id",
    "collector.store.pattern_reading: SELECT pattern_id FROM patterns WHERE": "what people ask: all patterns",
    "collector.store.projection: INSERT INTO {} ({}) {}": "tables of events",
    "collector.store.projection: DELETE FROM {} WHERE ({})": "tables of events",
    "collector.store.projection: CREATE TABLE IF NOT EXISTS": "a migration is written from it",
    "collector.store.projection: CREATE INDEX IF NOT EXISTS": "a migration is written from it",
    "collector.store.d1: SELECT {} FROM json_each(?1) WHERE": "tables of events",
    "collector.store.mark: UPDATE logboom_store SET name =": "one row, in a migration",
    "collector.store.mark: SELECT name, changes FROM logboom_store": "one row",
    "collector.store.mark: UPDATE logboom_store SET changes =": "one row",
    "collector.store.changes: PRAGMA table_info({})": "no table",
    "collector.store.changes: SELECT name FROM sqlite_master WHERE": "of an empty store, when a migration is written",
    "collector.store.reading: CREATE TEMP VIEW {} AS": "a domain's view",
    "collector.store.reading: SELECT quote(?)": "no table",
    "collector.store.reading: SELECT * FROM {}('[]') LIMIT": "no table",
    "collector.store.reading: PRAGMA query_only = ON": "no table",
    "collector.store.schema: CREATE TABLE IF NOT EXISTS": "once in a schema's life",
    "collector.store.schema: SELECT version, name FROM logboom_migrations": "a handful of rows, at a start",
    "collector.store.schema: INSERT INTO logboom_migrations (version, name,": "at a migration",
    "collector.store.schema: SELECT name FROM sqlite_master WHERE": "a handful of rows, at a start",
    "collector.store.schema: DROP INDEX IF EXISTS {}": "at a change of options",
    "collector.store.schema: CREATE INDEX IF NOT EXISTS": "at a change of options: the one walk there must be",
    "collector.store.d1: SELECT name FROM sqlite_master WHERE": "a handful of rows, at a start",
    "collector.store.inserting: INSERT INTO logs ({}) {}": "insert",
    "collector.store.inserting: SELECT {} FROM {} WHERE": "insert, joined with what all say",
    "collector.store.inserting: CREATE TEMP TABLE said (number": "once a connection",
    "collector.store.inserting: INSERT INTO temp.said VALUES ({})": "a handful of rows, of one batch",
    "collector.store.inserting: DELETE FROM temp.said": "all of them",
    "collector.store.embedded: SELECT name FROM sqlite_master WHERE": "a handful of rows, at a start",
    "collector.store.embedded: PRAGMA {}": "no table",
    "collector.store.embedded: PRAGMA page_size = 8192": "no table",
    "collector.store.embedded: PRAGMA journal_mode = WAL": "no table",
    "collector.store.embedded: PRAGMA wal_checkpoint(TRUNCATE)": "no table",
    "collector.store.embedded: BEGIN IMMEDIATE": "no table",
    "collector.store.embedded: COMMIT": "no table",
    "collector.store.embedded: ROLLBACK": "no table",
    "collector.store.copying: SELECT 1 FROM sqlite_master WHERE": "a handful of rows, at a backup",
    "collector.store.copying: PRAGMA synchronous = OFF": "no table",
    "collector.store.copying: PRAGMA quick_check(3)": "every page there is, when somebody asks whether they are whole",
    "collector.store.log_follower: SELECT count(*) FROM sqlite_master": "a handful of rows: holds the log where it is",
    "collector.store.log_follower: PRAGMA wal_autocheckpoint = 0": "no table",
    "collector.store.log_follower: PRAGMA wal_checkpoint(PASSIVE)": "no table",
    "collector.store.log_follower: BEGIN": "no table",
    "collector.store.log_follower: BEGIN IMMEDIATE": "no table",
    "collector.store.log_follower: ROLLBACK": "no table",
}
"""Every statement in the code of the store, and which test above has its plan, or why it needs none."""


def test_every_statement_of_the_store_has_a_plan() -> None:
    """A new one fails here until it stands above."""
    files = [*ROOT.glob("collector/store/*.py"), *ROOT.glob("exporters/sqlite/*.py"), *ROOT.glob("exporters/d1/*.py")]
    found = {f"{module(path)}: {start}" for path in files for start in statements(path)}
    assert found == set(KNOWN)


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def statements(path: Path) -> Iterator[str]:
    """The first five words of each literal that is SQL; {} for what is filled in."""
    verbs = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "DROP", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK"}
    tree = ast.parse(path.read_text())
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        words = text.split()
        if words and words[0] in verbs and "…" not in words:
            yield " ".join(words[:5])
