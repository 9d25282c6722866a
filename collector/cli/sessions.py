"""`logboom sessions`: who is logged in to the console of a data directory, and their end, which counts with the next request."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.moments import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.domains.session_store import Session, SessionStore

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

DataDir = Annotated[Path, typer.Option(help="The data directory of `logboom run`.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
_HERE = Path("logboom-data")


@app.command("list", cls=PlainCommand)
def list_(data_dir: DataDir = _HERE, json_: Json = False) -> None:
    """List sessions, the newest first: who, by what, from where, until when. Those that nobody used for long are among them."""
    now = time.time()
    with _store(data_dir) as store:
        found = [session for session in store.all() if session.expires_at > now]
    if json_:
        for session in found:
            typer.echo(json.dumps(_facts(session)))
    else:
        _print_table(found)


@app.command(cls=PlainCommand)
def end(
    ident: Annotated[
        str, typer.Argument(metavar="[ID]", help="A session's id, as `logboom sessions list` shows it.")
    ] = "",
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    data_dir: DataDir = _HERE,
    json_: Json = False,
) -> None:
    """End a session, or all: whoever is in it must log in again. What they logged in with stays good."""
    if bool(ident) == all_:
        misused("name a session, or --all")
    with _store(data_dir) as store:
        ended = store.end_of(ident)
    if not ended and ident:
        refuse(f"there is no session {ident}")
    typer.echo(json.dumps({"ended": ended}) if json_ else f"{ended} ended")


@contextmanager
def _store(data_dir: Path) -> Iterator[SessionStore]:
    """Of a data directory; ends the command with a sentence where it can't be had."""
    from collector.domains.access_file import FILE
    from collector.domains.session_store import SessionStore, SessionsUnreadable

    if not (data_dir / FILE).is_file():
        refuse(f"nobody was ever let in to {data_dir}")
    try:
        yield SessionStore(data_dir / FILE)
    except SessionsUnreadable as error:
        refuse(str(error))


def _facts(session: Session) -> dict[str, Any]:
    """All but its mark."""
    return {
        "id": session.id, "who": session.who, "login": session.login, "scopes": sorted(session.scopes),
        "domains": None if session.domains is None else sorted(session.domains), "address": session.address,
        "created_at": session.created_at, "used_at": session.used_at, "expires_at": session.expires_at,
    }  # fmt: skip


def _print_table(found: list[Session]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from collector.visible import visible

    if not found:
        typer.echo("no sessions")
        return
    table = Table("id", "who", "by", "from", "domains", "last used (UTC)", "ends (UTC)", box=None, header_style="bold")
    for each in found:
        domains = "all" if each.domains is None else ", ".join(sorted(each.domains))
        row = (each.id, each.who, each.login, each.address, domains, shown(each.used_at), shown(each.expires_at))
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(width=240).print(table)
