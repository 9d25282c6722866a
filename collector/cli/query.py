"""`logboom query`: SQL on the embedded store, read-only."""

from __future__ import annotations

import difflib
import re
import sqlite3
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.archive import Options, opened_archive
from collector.cli.d1_store import d1_store, is_d1
from collector.cli.endings import misused, no_store, refuse
from collector.cli.noted_reading import note_reading
from collector.cli.row_formats import as_csv, as_json, as_table
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile, store_path
from collector.cli.time_limit import TooLong, time_limit
from collector.scope import Scope
from collector.store.csv_cells import Csv

if TYPE_CHECKING:
    from collector.store.reading import Rows


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


_FORMULAS = "CSV: with --no-formulas a text that a spreadsheet would calculate (=, +, -, @ first) gets a ' in front."


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT statement; `-` reads it from standard input.")],
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to print the rows.")] = Format.table,
    json_: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    formulas: Annotated[bool, typer.Option("--keep-formulas/--no-formulas", help=_FORMULAS)] = True,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    config: StoreConfig = None,
    domain: Domain = None,
    archive: Annotated[
        str, typer.Option(help="Ask an archive instead: a folder, s3://…; DuckDB's SQL, attributes are maps.")
    ] = "",
    option: Options = None,
    since: Annotated[str, typer.Option(help="With --archive: since a date, or how long ago, such as 30d.")] = "24h",
    until: Annotated[str, typer.Option(metavar="TIME", help="With --archive: to when; now without it.")] = "0s",
    most_bytes: Annotated[
        str, typer.Option(metavar="SIZE", help="With --archive: refuse to read more of it than this; 0 = however much.")
    ] = "4GiB",
    limit: Annotated[int, typer.Option(min=0, help="Rows at most; 0 = all.")] = 1000,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds before it is stopped, printing included; 0 = never.")
    ] = 30.0,
) -> None:
    """Ask the embedded store, while logboom writes to it. Only reading is possible.

    The table is `logs`, one row a record: record_id, domain, time_unix_nano, severity_number, severity_text, body,
    service_name, environment, source_type, error_type, component, endpoint, triage_level, triage_rule, pattern_id, trace_id,
    span_id, event_name, attributes and resource (JSON objects), and more: `PRAGMA table_xinfo(logs)`. `log_minutes` has
    their number n by domain, minute, level, service, component, endpoint, environment, error_type; `pattern_minutes` by domain,
    minute, level, pattern_id.

    \b
    How much, by level:
      logboom query "SELECT triage_level, count(*) FROM logs GROUP BY 1"
    The last hour, minute by minute:
      logboom query "SELECT minute, level, sum(n) FROM log_minutes
                     WHERE minute > unixepoch() / 60 - 60 GROUP BY 1, 2"
    What is critical in one domain:
      logboom query --domain tamyla.com \\
        "SELECT body FROM logs WHERE triage_level = 'critical'"
    By an attribute:
      logboom query "SELECT attributes ->> '$.\\"http.route\\"', count(*)
                     FROM logs GROUP BY 1"
    All of one trace, as JSON:
      logboom query -f json \\
        "SELECT * FROM logs WHERE trace_id = '4bf92f3577b34da6a3ce929d0e0e4736'"
    """
    statement = sys.stdin.read() if sql == "-" else sql
    asked = _Asked(statement, data_dir, store, config or [], domain, limit, timeout)
    began = time.monotonic()
    rows = _of_archive(asked, _Archived(archive, option, since, until, most_bytes)) if archive else _answer(asked)
    csv = Csv(formulas=formulas, terminal=sys.stdout.isatty())
    try:
        with time_limit(timeout, began):
            text = _text(rows, Format.json if json_ else format_, csv)
    except TooLong:
        refuse(f"the query was stopped after {timeout:g} s, while its answer was made ready to print (--timeout)")
    sys.stdout.write(text)
    sys.stdout.flush()
    if rows.more:
        typer.echo(f"only the first {limit} rows are shown: --limit 0 shows all", err=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement, and the store that it is for."""

    statement: str
    data_dir: Path
    store: Path | None
    config: list[str]
    domain: str | None
    limit: int
    timeout_secs: float


@dataclass(frozen=True, slots=True)
class _Archived:
    """An archive, and of when."""

    place: str
    option: list[str] | None
    since: str
    until: str
    most_bytes: str


def _of_archive(asked: _Asked, archived: _Archived) -> Rows:
    from collector.archive.sql import Asked, QueryError
    from collector.archive.sql import query as run
    from collector.cli.reading_store import past
    from collector.console.slow_questions import shape_of
    from collector.units import parse_size

    now = time.time()
    first, last = past(archived.since, now), past(archived.until, now)
    if first >= last:
        misused("it ends before it begins: --since is later than --until")
    try:
        most = parse_size(archived.most_bytes)
    except ValueError as problem:
        misused(f"--most-bytes: {problem}")
    domains = None if asked.domain is None else [asked.domain]
    note_reading(
        asked.data_dir, Scope.chosen(asked.domain), f"archive query {shape_of(asked.statement)}", asked.statement
    )
    with opened_archive(archived.place, archived.option) as archive:
        try:
            return run(archive, Asked(asked.statement, domains, first, last, asked.limit, asked.timeout_secs, most))
        except QueryError as problem:
            refuse(str(problem))
        except ModuleNotFoundError:
            refuse("SQL on an archive needs the extra: pip install 'logboom[archive]'")


def _answer(asked: _Asked) -> Rows:
    """The rows; ends the program with a sentence when there are none to be had."""
    from collector.store.reading import NoStore, QueryRefused

    try:
        return _rows(asked)
    except NoStore as error:
        no_store(str(error))
    except QueryRefused as error:
        refuse(str(error))
    except (sqlite3.Error, sqlite3.Warning) as error:
        refuse(_sql_mistake(str(error)))


def _rows(asked: _Asked) -> Rows:
    from collector.console.slow_questions import shape_of
    from collector.store.d1_reading import query as run_on_d1
    from collector.store.reading import opened
    from collector.store.reading import query as run

    note_reading(asked.data_dir, Scope.chosen(asked.domain), f"query {shape_of(asked.statement)}", asked.statement)
    if asked.store is not None and is_d1(asked.store):
        with d1_store(asked.store, asked.config, asked.domain, asked.data_dir) as d1:
            question = run_on_d1(d1.database, asked.statement, scope=Scope.chosen(asked.domain), limit=asked.limit)
            return d1.wait(question, asked.timeout_secs)
    with opened(store_path(asked.data_dir, asked.store), Scope.chosen(asked.domain)) as connection:
        return run(connection, asked.statement, limit=asked.limit, timeout_secs=asked.timeout_secs)


def _text(rows: Rows, how: Format, csv: Csv) -> str:
    if how is Format.csv:
        return as_csv(rows, csv)
    return as_json(rows) if how is Format.json else as_table(rows)


def _sql_mistake(message: str) -> str:
    from collector.store.rows import COLUMNS

    if match := re.search(r"no such column: (?:\w+\.)*(\w+)", message):
        near = difflib.get_close_matches(match.group(1), COLUMNS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        return f"{message}\n{meant}The columns of logs are: {', '.join(COLUMNS)}"
    if "no such table" in message:
        return f"{message}\nThe table of records is logs."
    return message
