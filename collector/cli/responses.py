"""`logboom responses`: what is done about alerts, what waits for a person; yes and no; the switch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.commanding import Json, Wait, Why, tell
from collector.cli.plain_command import PlainCommand
from collector.cli.reading_store import reading
from collector.cli.store_path import DataDir, Domain, StoreFile
from collector.moments import shown
from collector.query.told import RESPONSES
from collector.scope import Scope
from collector.visible import visible

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_HERE = Path("logboom-data")
_Id = Annotated[
    str, typer.Argument(metavar="ID", help="As `logboom responses list` and the message that asks show it.")
]
_OfDomain = Annotated[str, typer.Option(help="Whose responses.")]


@app.callback()
def responses() -> None:
    """Responses: what is done about alerts, under guard."""


@app.command("list", cls=PlainCommand)
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    domain: Domain = None,
    data_dir: DataDir = _HERE,
    store: StoreFile = None,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Those that wait for a person or are under way; how each stands."""
    with reading(data_dir, store, Scope.chosen(domain), "responses") as connection:
        found = connection.execute(RESPONSES, (all_, limit))
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found]
    for row in rows:
        if json_:
            typer.echo(
                json.dumps({**row, "labels": json.loads(str(row["labels"] or "{}")), "dry_run": bool(row["dry_run"])})
            )
        else:
            at, dry = shown(int(row["time_unix_nano"]) // 10**9), " (dry run)" if row["dry_run"] else ""
            why = f": {row['reason']}" if row["reason"] else ""
            said = f"{at}  {row['state']:12} {row['response_id']}  {row['domain']}  {row['name']}{dry}, {row['exporter']} on {row['target']}{why}"
            typer.echo(visible(said))
    if not rows:
        typer.echo("nothing waits, and nothing is under way" if not all_ else "nothing was ever proposed", err=True)


@app.command(cls=PlainCommand)
def approve(
    id_: _Id,
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Let it begin; all guards are asked once more."""
    from collector.responses.words import APPROVE, ID

    tell(APPROVE, domain, {ID: id_}, data_dir, done=f"approved {id_}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def deny(
    id_: _Id,
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """It is not to be done."""
    from collector.responses.words import DENY, ID

    tell(DENY, domain, {ID: id_}, data_dir, done=f"denied {id_}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def stop(
    domain: _OfDomain = "default", why: Why = "", wait: Wait = True, json_: Json = False, data_dir: DataDir = _HERE
) -> None:
    """Nothing is proposed or begun in a domain any more, until `resume`."""
    from collector.responses.words import STOP

    tell(STOP, domain, {}, data_dir, done=f"stopped responses in {domain}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def resume(
    domain: _OfDomain = "default", why: Why = "", wait: Wait = True, json_: Json = False, data_dir: DataDir = _HERE
) -> None:
    """Take `stop` back."""
    from collector.responses.words import RESUME

    tell(RESUME, domain, {}, data_dir, done=f"resumed responses in {domain}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def reset(
    exporter: Annotated[str, typer.Argument(metavar="EXPORTER", help="Who acts.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="On what.")],
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Close the breaker of a target: what did not help is tried again."""
    from collector.responses.words import EXPORTER, RESET, TARGET

    said = {EXPORTER: exporter, TARGET: target}
    tell(RESET, domain, said, data_dir, done=f"closed the breaker of {target}", why=why, wait=wait, json_=json_)
