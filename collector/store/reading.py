"""A connection that can only read, whatever SQL it is given.

Three locks, each enough by itself for what it covers: the file is opened `mode=ro`, `query_only` is on, and an
authorizer admits selects, functions and a few describing PRAGMAs. For a scope of domains, the name of each table of domains
(`schema.OF_DOMAINS`) is a view of their rows, the table behind it can only be read through that view, and no other
table can be read at all.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from collector.errors import LogboomError
from collector.scope import Scope
from collector.store.schema import OF_DOMAINS, TABLES

_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo"})
_TABLE_FUNCTIONS = ("json_each", "json_tree", "pragma_table_info", "pragma_table_xinfo", "pragma_index_list")
"""First use makes an internal table, which the guard would refuse: so they are used once before it."""
_FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer"})
_ANYBODYS = frozenset({"sqlite_master", "sqlite_schema", *_TABLE_FUNCTIONS, "pragma_table_list", "pragma_index_info"})
"""What a connection of one domain reads besides its rows: the schema, and functions that are tables."""
UNCOUNTED, ALL_COUNTED = "log_minutes_uncounted", "log_minutes_all_counted"
"""The table that says through which row counts by minute lack them; and what a reader of some domains knows of it."""
_MAX_VALUE_BYTES = 64 << 20
"""A stored body has a MiB by default. Within one function nobody looks at the clock, so what one makes is bounded."""


class NoStore(LogboomError):
    """There is no store to read at this path."""


class QueryRefused(LogboomError):
    """The statement would do more than read, or it took too long."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A query's answer. `more`: there were further rows than asked for."""

    columns: Sequence[str]
    values: Sequence[tuple[object, ...]]
    more: bool = False


class Answer(Protocol):
    """What a statement gives: as much of `sqlite3.Cursor` as readers need. `description`: a tuple a column, its name first."""

    @property
    def description(self) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Readable(Protocol):
    """A store that can be asked, narrowed to whoever reads: the connection to a file (`opened`), or a D1 database
    (`d1_reading.D1Connection`)."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Answer:
        """Raises `sqlite3.Error`, and for D1 what the way there raises."""
        ...


@contextmanager
def opened(path: Path, scope: Scope, also: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
    """A read-only connection to the store at `path`, closed at the end.

    Args:
        also: tables of `CONFIDENTIAL` that the reader may see, within the scope.

    Raises:
        NoStore: nothing there, or not a store.
    """
    connection = connect(path)
    try:
        with guarded(connection, scope, also):
            yield connection
    finally:
        connection.close()


@contextmanager
def guarded(connection: sqlite3.Connection, scope: Scope, also: Sequence[str] = ()) -> Iterator[None]:
    """From here on the connection only reads, whatever SQL it is given, and only rows of the scope."""
    views = None if scope.is_everything else _narrow(connection, scope, also)
    for name in _TABLE_FUNCTIONS:
        connection.execute(f"SELECT * FROM {name}('[]') LIMIT 0")  # noqa: S608
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_Guard(views))
    yield


def connect(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open read-only, without the guard: for SQL of our own. Raises `NoStore`."""
    if not path.is_file():
        raise NoStore(f"there is no store at {path}")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, factory=factory)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        tables = {name for (name,) in connection.execute(TABLES)}
    except sqlite3.DatabaseError as error:
        connection.close()
        raise NoStore(f"{path} can't be read as a store: {error}") from error
    if "logs" not in tables:
        connection.close()
        raise NoStore(f"{path} has no table logs")
    return connection


def query(connection: sqlite3.Connection, statement: str, *, limit: int = 0, timeout_secs: float = 0.0) -> Rows:
    """Run one statement and take at most `limit` rows (0 = all).

    It is watched from a thread: counted in SQLite's steps, a single one may take as long as the whole.

    Raises:
        QueryRefused: it does more than read, or is not done after `timeout_secs` (0 = no limit).
        sqlite3.Error: SQLite does not understand it.
    """
    watch = threading.Timer(timeout_secs, connection.interrupt)
    if timeout_secs:
        watch.start()
    try:
        cursor = connection.execute(statement)
        values = cursor.fetchmany(limit + 1) if limit else cursor.fetchall()
    except sqlite3.DatabaseError as error:
        raise _explained(error, timeout_secs) from error
    finally:
        watch.cancel()
    columns = [column[0] for column in cursor.description or ()]
    cursor.close()
    return Rows(columns, values[:limit] if limit else values, more=bool(limit) and len(values) > limit)


def _explained(error: sqlite3.DatabaseError, timeout_secs: float) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        return QueryRefused(f"the query was stopped after {timeout_secs:g} s (--timeout)")
    if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
        return QueryRefused(f"only reading is allowed here ({error})")
    return error


def _narrow(connection: sqlite3.Connection, scope: Scope, also: Sequence[str]) -> dict[str, str]:
    """Put a view of the scope in front of each table of domains; gives the name that reading the table must come through.

    The name is random because SQLite tells the authorizer a view's name and a CTE's name alike."""
    literals = ", ".join(connection.execute("SELECT quote(?)", (domain,)).fetchone()[0] for domain in scope.sorted())
    there = {name for (name,) in connection.execute(TABLES)}
    views = {table: f"{table}_{secrets.token_hex(16)}" for table in (*OF_DOMAINS, *also) if table in there}
    for table, through in views.items():
        connection.execute(f"CREATE TEMP VIEW {through} AS SELECT * FROM main.{table} WHERE domain IN ({literals})")  # noqa: S608
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM {through}")  # noqa: S608
    counted = int(UNCOUNTED in there and all_counted(connection))
    connection.execute(f"CREATE TEMP VIEW {ALL_COUNTED} AS SELECT {counted} AS counted")
    return {**views, ALL_COUNTED: ALL_COUNTED}


def all_counted(connection: Readable) -> bool:
    """Whether counts by minute hold all rows, those of before there were counts, too. Whoever sees some domains alone is told as it was when
    the connection was narrowed: rows that are counted meanwhile only make an answer faster."""
    try:
        return bool(connection.execute(f"SELECT counted FROM {ALL_COUNTED}").fetchone()[0])  # noqa: S608
    except (sqlite3.DatabaseError, QueryRefused):  # a connection that is not narrowed
        return not connection.execute(f"SELECT max(through) FROM {UNCOUNTED}").fetchone()[0]  # noqa: S608


class _Guard:
    """The authorizer: called by SQLite for everything a statement would touch, while it is being prepared."""

    def __init__(self, views: Mapping[str, str] | None) -> None:
        self._views = views

    def __call__(self, action: int, what: str | None, which: str | None, db: str | None, via: str | None) -> int:
        allowed = self._allowed(action, what or "", which or "", db or "", via)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    def _allowed(self, action: int, what: str, which: str, database: str, via: str | None) -> bool:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                return True
            case sqlite3.SQLITE_READ:
                return self._views is None or _visible(self._views, what.lower(), database, via)
            case sqlite3.SQLITE_FUNCTION:
                return which.lower() not in _FORBIDDEN_FUNCTIONS
            case sqlite3.SQLITE_PRAGMA:
                return what.lower() in _PRAGMAS
            case _:
                return False


def _visible(views: Mapping[str, str], table: str, database: str, via: str | None) -> bool:
    """To a connection of one domain: its rows of the tables of domains, through their views, and what is anybody's."""
    if database == "temp":
        return table in views or table in views.values()
    return table in _ANYBODYS or (table in views and via == views[table])
