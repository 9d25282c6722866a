"""`logboom anomalies`: what was unusual, by subject, with the numbers behind it."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.endings import misused, no_store, refuse
from collector.cli.store_path import DataDir, Domain, StoreFile, store_path
from collector.scope import Scope
from collector.visible import visible, visible_json

_TIMEOUT_SECS = 30.0


def anomalies(
    domain: Domain = None,
    since: Annotated[str, typer.Option(help="Told within this time, such as 12h or 7d, or since a date.")] = "1d",
    pages: Annotated[bool, typer.Option("--pages", help="Those alone that called somebody.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line instead of text.")] = False,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
) -> None:
    """List anomalies, the newest first: what was expected, what was seen, since when, how sure.

    A mark stands in front of those that called somebody. Of one event all the numbers:
      logboom query "SELECT * FROM logs WHERE record_id = '…'"
    """
    found = _found(data_dir, store, domain, _since(since), pages=pages, limit=limit)
    if json_:
        sys.stdout.write("".join(visible_json(each) + "\n" for each in found))
    else:
        typer.echo("\n".join(_line(each) for each in found) if found else "no anomalies")


def _found(
    data_dir: Path, store: Path | None, domain: str | None, since_unix_nano: int, *, pages: bool, limit: int
) -> list[dict[str, Any]]:
    from collector.store.anomaly_reading import listed
    from collector.store.reading import NoStore, QueryRefused, opened, query

    try:
        with opened(store_path(data_dir, store), Scope.chosen(domain)) as connection:

            def ask(statement: str) -> Any:
                return query(connection, statement, timeout_secs=_TIMEOUT_SECS)

            return listed(ask, since_unix_nano, pages=pages, most=limit)
    except NoStore as error:
        no_store(str(error))
    except QueryRefused as error:
        refuse(str(error))
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        refuse("the store has no events: it was made by an older logboom, which this one has not opened yet")


def _line(each: Mapping[str, Any]) -> str:
    mark = "!" if each["page"] else " "
    state = "over" if each.get("over") else "open" if each["kind"] not in ("new_pattern", "new_value") else ""
    return visible(f"{mark} {each['since']}  {state:<5}{each['domain']}  {each['text']}  ({each['record_id']})")


def _since(text: str) -> int:
    from collector.cli.moments import moment, seconds

    try:
        now = time.time()
        at = moment(text, now) if "-" in text else now - seconds(text)
    except ValueError as problem:
        misused(str(problem))
    return int(at * 1e9)
