"""`logboom anomalies`: what was unusual, by subject, with the numbers behind it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.reading_store import past, reading
from collector.cli.store_path import DataDir, Domain, StoreFile
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
    found = _found(data_dir, store, domain, past(since), pages=pages, limit=limit)
    if json_:
        sys.stdout.write("".join(visible_json(each) + "\n" for each in found))
    else:
        typer.echo("\n".join(_line(each) for each in found) if found else "no anomalies")


def _found(
    data_dir: Path, store: Path | None, domain: str | None, since_unix_nano: int, *, pages: bool, limit: int
) -> list[dict[str, Any]]:
    from collector.store.anomaly_reading import listed
    from collector.store.reading import query

    with reading(data_dir, store, Scope.chosen(domain), "events") as connection:

        def ask(statement: str) -> Any:
            return query(connection, statement, timeout_secs=_TIMEOUT_SECS)

        return listed(ask, since_unix_nano, pages=pages, most=limit)


def _line(each: Mapping[str, Any]) -> str:
    mark = "!" if each["page"] else " "
    state = "over" if each.get("over") else "open" if each["kind"] not in ("new_pattern", "new_value") else ""
    return visible(f"{mark} {each['since']}  {state:<5}{each['domain']}  {each['text']}  ({each['record_id']})")
