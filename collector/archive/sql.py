"""SQL on archived records: DuckDB over the objects of the domains and the time that are asked for, in memory, and nothing else can be reached.

The table is `logs`, with the columns of `collector.archive.schema`; of a record that was written twice, it has both. What stands in an object storage is
fetched first, to a folder that goes with the answer: DuckDB's own client is downloaded at its first use, and asks for whatever a statement names.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from collector.archive.catalog import Listed
from collector.archive.reading import Archive
from collector.archive.schema import SCHEMA, TIME
from collector.errors import LogboomError
from collector.store.reading import Rows

_SETTINGS = (
    "SET python_enable_replacements = false",  # a name that is no table is none of this program's variables
    "SET enable_external_access = false",
    "SET TimeZone = 'UTC'",
    "SET lock_configuration = true",
)


class QueryError(LogboomError):
    """The statement is none that can be answered, or took too long; the text is for people."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement, and what `logs` is to hold: records of these domains (None: of all) and of a time in nanoseconds, whose end is no part of it.

    Args:
        limit: rows at most; 0: all.
        timeout_secs: 0: however long it takes; what must be fetched first is no part of it.
        most_bytes: of objects that are read; 0: however many.
    """

    statement: str
    domains: Sequence[str] | None
    since: int
    until: int
    limit: int = 0
    timeout_secs: float = 0.0
    most_bytes: int = 0


def query(archive: Archive, asked: Asked) -> Rows:
    """The answer.

    Raises:
        QueryError: see there; or more would have to be read than may be.
        TargetError: the storage can't be asked.
        ModuleNotFoundError: the extra `archive` is not installed.
    """
    import duckdb

    listed = _objects(archive, asked)
    with _files(archive, listed) as files, duckdb.connect(":memory:") as connection:
        connection.register("logs", _dataset(files, asked))
        for setting in _SETTINGS:
            connection.execute(setting)
        stop = threading.Timer(asked.timeout_secs, connection.interrupt)
        if asked.timeout_secs:
            stop.start()
        try:
            return _answer(connection, asked)
        except duckdb.InterruptException:
            raise QueryError(f"the query was stopped after {asked.timeout_secs:g} s (--timeout)") from None
        except duckdb.Error as error:
            raise QueryError(str(error)) from None
        finally:
            stop.cancel()


def _answer(connection: Any, asked: Asked) -> Rows:
    statements = connection.extract_statements(asked.statement)
    if len(statements) != 1:
        raise QueryError("it takes one statement")
    answer = connection.execute(statements[0])
    columns = [column[0] for column in answer.description or ()]
    rows = answer.fetchmany(asked.limit + 1) if asked.limit else answer.fetchall()
    most = asked.limit or len(rows)
    return Rows(columns, [tuple(map(_plain, row)) for row in rows[:most]], len(rows) > most)


def _objects(archive: Archive, asked: Asked) -> list[Listed]:
    domains = archive.domains() if asked.domains is None else asked.domains
    listed = [each for domain in domains for each in archive.objects(domain, asked.since, asked.until)]
    size = sum(each.size for each in listed)
    if asked.most_bytes and size > asked.most_bytes:
        raise QueryError(
            f"{len(listed):,} objects of {size >> 20:,} MiB would have to be read, and {asked.most_bytes >> 20:,} MiB may be: "
            "ask for less time (--since, --until), one domain (--domain), or let it read more (--most-bytes)"
        )
    return listed


@contextmanager
def _files(archive: Archive, listed: Sequence[Listed]) -> Iterator[list[str]]:
    parts = urlsplit(archive.url)
    if parts.scheme in ("", "file"):
        root = Path(unquote(parts.path) if parts.scheme else archive.url).expanduser().absolute()
        yield [str(root / each.path) for each in listed]
        return
    with TemporaryDirectory(prefix="archive-") as folder:
        files = []
        for number, each in enumerate(listed):
            file = Path(folder) / f"{number}.parquet"
            file.write_bytes(archive.catalog.target.get(each.path))
            files.append(str(file))
        yield files


def _dataset(files: Sequence[str], asked: Asked) -> Any:
    if not files:
        return SCHEMA.empty_table()
    first, last = (pa.scalar(nanos, pa.int64()).cast(TIME) for nanos in (asked.since, asked.until))
    within = (pc.field("time") >= first) & (pc.field("time") < last)
    if asked.domains is not None:
        within &= pc.field("domain").isin(list(asked.domains))
    return ds.dataset(files, schema=SCHEMA, format="parquet").filter(within)


def _plain(value: Any) -> Any:
    """Values as they are printed elsewhere: ids in hex, moments in ISO 8601, the rest as it is."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else value
