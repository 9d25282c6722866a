"""`logboom patterns`: what is said again and again, and how it varies."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.commanding import Json as Told
from collector.cli.commanding import Wait, Why
from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand, PlainGroup
from collector.cli.reading_store import asking, past
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile
from collector.scope import Scope
from collector.visible import visible, visible_json

app = typer.Typer(cls=PlainGroup, invoke_without_command=True, add_completion=False, rich_markup_mode=None)

HERE = Path("logboom-data")
_TEMPLATE = 2000
"""Characters of a template that a decision is about."""


Order = StrEnum("Order", ["count", "new", "level"])
"""What comes first."""

Since = Annotated[str, typer.Option(help="With records within this time, such as 12h or 7d, or since a date.")]
By = Annotated[Order, typer.Option("--by", help="First: the most frequent, the newest, the most urgent.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Advised = Annotated[
    bool,
    typer.Option("--advice", help="What costs most, is neither critical nor a warning, and had no part in an issue."),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="The pattern's id, or how it begins.")]
Json = Annotated[bool, typer.Option("--json", help="A JSON object a line instead of text.")]


@app.callback()
def patterns(
    context: typer.Context,
    domain: Domain = None,
    since: Since = "1d",
    by: By = Order.count,
    limit: Most = 50,
    advice: Advised = False,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """List patterns: what records say without what varies, how often, and how that went. `show ID` shows all of one."""
    if context.invoked_subcommand is not None:
        return
    from collector.cli.pattern_views import as_object, costs, table
    from collector.store.pattern_reading import advised, as_objects, listed

    now = time.time_ns()
    begin = past(since)
    with asking(data_dir, store, Scope.chosen(domain), "patterns", config) as ask:
        costly = advised(ask, begin, now, limit) if advice else []
        found = [] if advice else listed(ask, begin, now, by, limit)
    if json_:
        rows = map(as_object, costly) if advice else as_objects(found, begin)
        sys.stdout.write("".join(visible_json(row) + "\n" for row in rows))
    elif advice:
        typer.echo("\n".join(costs(costly)) if costly else "nothing to advise: no harmless pattern had records")
    else:
        typer.echo("\n".join(table(found, begin)) if found else "no patterns")


@app.command(cls=PlainCommand)
def show(
    id_: Id,
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """Show a pattern: where it comes from, what stands in its places, samples."""
    from collector.cli.pattern_views import page
    from collector.store.pattern_reading import whole

    with asking(data_dir, store, Scope.chosen(domain), "patterns", config) as ask:
        found = _one(whole(ask, id_), id_)
    for row in found:
        typer.echo(visible_json(row) if json_ else "\n".join(visible(line) for line in page(row)))


@app.command(cls=PlainCommand)
def aggregate(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep counts of a pattern's records from now on. Errors and critical records are kept whole."""
    _decide("aggregate", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def sample(
    id_: Id,
    one_in: Annotated[int, typer.Option("--one-in", min=2, max=10_000, help="Keep one of so many records.")] = 10,
    why: Why = "",
    domain: Domain = None,
    wait: Wait = True,
    json_: Told = False,
    data_dir: DataDir = HERE,
) -> None:
    """Keep some of a pattern's records from now on. Errors and critical records are all kept."""
    _decide("sample", id_, {"one_in": one_in}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def drop(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep none of a pattern's records from now on. Errors and critical records are kept."""
    _decide("drop", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def keep(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep a pattern's records whole again, from now on."""
    _decide("keep", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


def _decide(
    verb: str, id_: str, said: dict[str, int], why: str, domain: str | None, data_dir: Path, *, wait: bool, json_: bool
) -> None:
    """Hand a decision over, for each domain that has the pattern."""
    from collector.cli.commanding import tell
    from collector.store.pattern_reading import whole

    with asking(data_dir, None, Scope.chosen(domain), "patterns") as ask:
        found = _one(whole(ask, id_), id_)
    for row in found:
        attributes = {
            "logboom.pattern.id": row["pattern_id"],
            "logboom.pattern.template": row["template"][:_TEMPLATE],
            **{f"logboom.pattern.{key}": n for key, n in said.items()},
        }
        done = f"{verb} {row['pattern_id']} of {row['domain']}: {row['template']}"
        tell(
            f"logboom.command.pattern.{verb}",
            row["domain"],
            attributes,
            data_dir,
            done=done,
            why=why,
            wait=wait,
            json_=json_,
        )


def _one(found: list[dict[str, Any]], id_: str) -> list[dict[str, Any]]:
    """A pattern, in each domain that has it; ends the program where there are none, or several."""
    if len({row["pattern_id"] for row in found}) > 1:
        misused(f"several patterns begin with {id_}: write more of it")
    if not found:
        refuse(f"there is no pattern {visible(id_)} (`logboom patterns` lists them)")
    return found
