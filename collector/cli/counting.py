"""How many stored records a query takes, by level or the values of a field, for people and programs."""

from __future__ import annotations

import json
import time

import typer

from collector.cli.endings import FAILED, misused
from collector.query.fields import FIELDS, Kind, field_of
from collector.query.problems import nearest
from collector.query.summing import Asked, by_field
from collector.store.reading import Readable
from collector.visible import visible


def counted(connection: Readable, asked: Asked, by: str, most: int, budget_secs: float, *, json_: bool) -> None:
    """The most frequent values; ends the command where there is no such field, or nothing was found."""
    field = field_of(by)
    if field is None or field.kind is Kind.BODY:
        near = nearest(by, FIELDS)
        misused(
            f"there is no field {by!r} to count by{f'; did you mean {near}?' if near else ''}; an attribute is @{by}"
        )
    counts = by_field(connection, asked, field, budget_secs)
    found = sorted(counts.by_value.items(), key=lambda one: (-one[1], one[0] or ""))[:most]
    for value, n in found:
        shown = visible("(none)" if value is None else value)
        typer.echo(json.dumps({by: value, "records": n}) if json_ else f"{n:>12,}  {shown}")
    if not json_:
        typer.echo(f"{counts.by_value.total():>12,}  in all")
    if not counts.complete:
        back = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(-(-counts.counted_to // 10**9)))
        typer.echo(f"not all of it: counted back to {back} in {budget_secs:g} s; --timeout 0 counts the rest", err=True)
    if not found:
        raise typer.Exit(FAILED)
