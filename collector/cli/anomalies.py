"""`logboom anomalies`: what was unusual, by subject, with the numbers behind it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.reading_store import asking, past
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile
from collector.scope import Scope
from collector.visible import visible, visible_json


def anomalies(
    domain: Domain = None,
    since: Annotated[str, typer.Option(help="Told within this time, such as 12h or 7d, or since a date.")] = "1d",
    pages: Annotated[bool, typer.Option("--pages", help="Those alone that called somebody.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line instead of text.")] = False,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """List anomalies, the newest first: what was expected, what was seen, since when, how sure.

    A mark stands in front of those that called somebody. Of one event all the numbers:
      logboom query "SELECT * FROM logs WHERE record_id = '…'"
    """
    from collector.store.anomaly_reading import listed

    with asking(data_dir, store, Scope.chosen(domain), "events", config) as ask:
        found = listed(ask, past(since), pages=pages, most=limit)
    if json_:
        sys.stdout.write("".join(visible_json(each) + "\n" for each in found))
    else:
        typer.echo("\n".join(_line(each) for each in found) if found else "no anomalies")


def _line(each: Mapping[str, Any]) -> str:
    mark = "!" if each["page"] else " "
    state = "over" if each.get("over") else "open" if each["kind"] not in ("new_pattern", "new_value") else ""
    return visible(f"{mark} {each['since']}  {state:<5}{each['domain']}  {each['text']}  ({each['record_id']})")
