"""What is done about issues on the command line: each is a command for who keeps them, answered when it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.commanding import handed_over
from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir, Domain
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.control.asking import Told

Id = Annotated[str, typer.Argument(metavar="ID", help="The issue's id, or how it begins.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Why = Annotated[str, typer.Option(help="For the record.")]
HERE = Path("logboom-data")


def add_to(app: typer.Typer) -> None:
    """Each of them as a subcommand."""
    verbs: tuple[Callable[..., None], ...] = (resolve, archive, unarchive, assign, ack, merge, split, priority)
    for verb in verbs:
        app.command(cls=PlainCommand)(verb)


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
    """It is mended: seen again, it has regressed."""
    said = {"version": version, "next_release": next_release}
    _do("resolve", id_, {name: value for name, value in said.items() if value}, why, domain, data_dir, json_=json_)


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
    from collector.moments import seconds

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


def unarchive(id_: Id, why: Why = "", domain: Domain = None, json_: Json = False, data_dir: DataDir = HERE) -> None:
    """Somebody should look at it again."""
    _do("unarchive", id_, {}, why, domain, data_dir, json_=json_)


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


def ack(id_: Id, why: Why = "", domain: Domain = None, json_: Json = False, data_dir: DataDir = HERE) -> None:
    """Somebody has seen it."""
    _do("acknowledge", id_, {}, why, domain, data_dir, json_=json_)


def merge(
    id_: Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER…", help="Issues that are the same fault.")],
    why: Why = "",
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
) -> None:
    """Make others part of it, for ever."""
    from collector.cli.issues import issues_of, one

    with issues_of(data_dir, None, domain) as connection:
        names = [one(connection, other)["issue_id"] for other in others]
    _do("merge", id_, {"with": ",".join(names)}, why, domain, data_dir, json_=json_)


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
    from collector.cli.issues import issues_of, one
    from collector.control.command import command, user
    from collector.control.record import Unfit

    with issues_of(data_dir, None, domain) as connection:
        issue = one(connection, id_)
    attributes = {
        "logboom.issue.id": issue["issue_id"],
        **{f"logboom.issue.{key}": value for key, value in said.items()},
    }
    try:
        record = command(f"logboom.command.issue.{verb}", issue["domain"], attributes, who=user(), why=why)
    except Unfit as problem:
        refuse(str(problem))
    _say(handed_over(record, data_dir, wait=True), json_=json_)


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
