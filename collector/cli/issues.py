"""`logboom issues`: what goes wrong, and what is done about it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.endings import misused, no_store, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir, Domain, StoreFile, store_path
from collector.scope import Scope
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    import sqlite3

    from collector.control.asking import Told

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="ID", help="The issue's id, or how it begins.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Why = Annotated[str, typer.Option(help="For the record.")]
States = Annotated[
    list[str] | None, typer.Option("--state", help="Only in this state, or `all`; open ones without it.")
]
Since = Annotated[str, typer.Option(help="Seen within this time, such as 12h or 7d, or since a date.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
HERE = Path("logboom-data")


@app.callback()
def options(context: typer.Context) -> None:
    """Issues: errors by their cause. Without a subcommand: the open ones."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list", cls=PlainCommand)
def list_(
    domain: Domain = None,
    state: States = None,
    since: Since = "30d",
    limit: Most = 50,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
) -> None:
    """List issues, the most urgent first."""
    from collector.cli.issue_views import table
    from collector.store.issue_reading import OPEN, STATES, listed

    states = STATES if state and "all" in state else tuple(state or OPEN)
    unknown = [name for name in states if name not in STATES]
    if unknown:
        misused(f"there is no state {unknown[0]!r}; there is {', '.join(STATES)}, all")
    with _opened(data_dir, store, domain) as connection:
        rows = listed(connection, states, _since(since), limit)
    if json_:
        sys.stdout.write("".join(visible_json(row) + "\n" for row in rows))
    else:
        typer.echo(table(rows) if rows else "no issues")


@app.command(cls=PlainCommand)
def show(
    id_: Id, domain: Domain = None, json_: Json = False, data_dir: DataDir = HERE, store: StoreFile = None
) -> None:
    """Show all of an issue: trend, who is affected, samples, why it is one, what changed and where to look, what happened to it."""
    from collector.causes.explaining import explain_issue
    from collector.cli.issue_views import as_object, page
    from collector.store.issue_reading import whole

    with _opened(data_dir, store, domain) as connection:
        found = whole(connection, _one(connection, id_))
        explained = explain_issue(connection, found.issue["domain"], found.issue["issue_id"])
    typer.echo(visible_json(as_object(found, explained)) if json_ else page(found, explained))


@app.command(cls=PlainCommand)
def resolve(
    id_: Id,
    version: Annotated[
        str, typer.Option(help="Resolved from this service.version on; older ones may still have it.")
    ] = "",
    next_release: Annotated[bool, typer.Option("--next-release", help="From the next version on.")] = False,
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """It is mended. Seen again, it has regressed."""
    said = {"version": version, "next_release": next_release}
    _do("resolve", id_, {name: value for name, value in said.items() if value}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def archive(
    id_: Id,
    until: Annotated[str, typer.Option(help="`escalating`, `condition` or `forever`.")] = "",
    events: Annotated[int, typer.Option(min=0, help="Until so many more events.")] = 0,
    users: Annotated[int, typer.Option(min=0, help="Until so many more users.")] = 0,
    for_: Annotated[str, typer.Option("--for", help="For this time, such as 7d.")] = "",
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """Nobody need look at it until it escalates, until so many more events or users, for a time, or for ever."""
    from collector.cli.moments import seconds

    try:
        lasts = int(seconds(for_)) if for_ else 0
    except ValueError as problem:
        misused(str(problem))
    conditional = bool(events or users or lasts)
    said = {
        "until": until or ("condition" if conditional else "escalating"),
        "events": events,
        "users": users,
        "seconds": lasts,
    }
    _do("archive", id_, {name: value for name, value in said.items() if value}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def unarchive(id_: Id, why: Why = "", domain: Domain = None, json_: Json = False, data_dir: DataDir = HERE) -> None:
    """Somebody should look at it again."""
    _do("unarchive", id_, {}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def assign(
    id_: Id,
    assignee: Annotated[str, typer.Argument(metavar="WHO", help="`anna`, `team:auth`; empty: nobody.")],
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """Who looks after it."""
    _do("assign", id_, {"assignee": assignee}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def ack(id_: Id, why: Why = "", domain: Domain = None, json_: Json = False, data_dir: DataDir = HERE) -> None:
    """Somebody has seen it."""
    _do("acknowledge", id_, {}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def merge(
    id_: Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER…", help="Issues that are the same fault.")],
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """Make others part of it, for ever."""
    with _opened(data_dir, None, domain) as connection:
        names = [_one(connection, other)["issue_id"] for other in others]
    _do("merge", id_, {"with": ",".join(names)}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def split(
    id_: Id,
    grouping: Annotated[str, typer.Argument(metavar="GROUPING", help="A grouping of it, as `show` names them.")],
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """Make a part of it an issue of its own again."""
    _do("split", id_, {"grouping": grouping}, why, domain, data_dir, json_=json_)


@app.command(cls=PlainCommand)
def priority(
    id_: Id,
    value: Annotated[str, typer.Argument(metavar="PRIORITY", help="`low`, `medium`, `high`; `auto`: by its level.")],
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """How much it matters, whatever its level."""
    _do("priority", id_, {"priority": value}, why, domain, data_dir, json_=json_)


def _do(
    verb: str, id_: str, said: Mapping[str, Any], why: str, domain: str | None, data_dir: Path, *, json_: bool
) -> None:
    """Hand the command over, and wait for what becomes of it."""
    from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, ask
    from collector.control.command import command, user
    from collector.control.record import Unfit

    with _opened(data_dir, None, domain) as connection:
        issue = _one(connection, id_)
    attributes = {
        "logboom.issue.id": issue["issue_id"],
        **{f"logboom.issue.{key}": value for key, value in said.items()},
    }
    try:
        record = command(f"logboom.command.issue.{verb}", issue["domain"], attributes, who=user(), why=why)
        told = ask(data_dir, record, MOST_WAIT_SECS)
    except (NotRunning, NotTaken, Unfit) as problem:
        refuse(str(problem))
    _say(told, json_=json_)


def _say(told: Told, *, json_: bool) -> None:
    refused = next((each for each in told.settled if not each.applied), None)
    if refused is not None:
        refuse(refused.reason)
    snapshot = next((dict(each.snapshot) for each in told.settled), {"queued": told.before})
    if json_:
        typer.echo(visible_json(snapshot))
    elif told.settled:
        typer.echo(visible(f"issue {snapshot['id']} is {snapshot['state']}: {snapshot['title']}"))
    else:
        typer.echo(f"on its way, {told.before} before it")


def _one(connection: sqlite3.Connection, id_: str) -> dict[str, Any]:
    from collector.store.issue_reading import Ambiguous, found

    try:
        issue = found(connection, id_)
    except Ambiguous as problem:
        misused(str(problem))
    if issue is None:
        refuse(f"there is no issue {visible(id_)} (`logboom issues list --state all` shows them)")
    return issue


def _since(text: str) -> int:
    from collector.cli.moments import moment, seconds

    try:
        now = time.time()
        at = moment(text, now) if "-" in text else now - seconds(text)
    except ValueError as problem:
        misused(str(problem))
    return int(at * 1e9)


@contextmanager
def _opened(data_dir: Path, store: Path | None, domain: str | None) -> Iterator[sqlite3.Connection]:
    import sqlite3

    from collector.store.reading import NoStore, opened

    try:
        with opened(store_path(data_dir, store), Scope.chosen(domain)) as connection:
            yield connection
    except NoStore as error:
        no_store(str(error))
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        refuse("the store has no issues: it was made by an older logboom, which this one has not opened yet")
