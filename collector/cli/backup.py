"""`logboom backup`: copies of a data directory, made while logboom runs, and what there is of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir

if TYPE_CHECKING:
    from collector.backup.manifest import Snapshot
    from collector.backup.repository import Repository

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Place = Annotated[
    str, typer.Argument(help="A folder, or s3://bucket/prefix, gs://… or az://… (with the extra `backup`).")
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", help="Of the object storage, such as endpoint=https://…; credentials: AWS_ACCESS_KEY_ID …"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]
SnapshotId = Annotated[str | None, typer.Option(help="Which one; the newest without it.")]


@app.command(cls=PlainCommand)
def create(
    place: Place,
    data_dir: DataDir = Path("logboom-data"),
    keep: Annotated[int, typer.Option(min=0, help="Then delete all but the newest this many; 0 = none.")] = 0,
    option: Options = None,
    json_: Json = False,
) -> None:
    """Take a snapshot of journals, ledger and stores, of one moment, while logboom runs or not.

    What the target has already is not sent again.
    """
    from collector.backup.snapshots import take
    from collector.cluster.offline import frozen_of
    from collector.store.copying import stores_of

    with _repository(place, option, create=True) as repository, repository.alone():
        snapshot = take(repository, lambda: frozen_of(data_dir), stores_of(data_dir))
        pruned = repository.prune(keep) if keep else []
    if json_:
        typer.echo(json.dumps(_row(snapshot) | {"pruned": pruned}))
    else:
        typer.echo(f"snapshot {snapshot.id}: {len(snapshot.files)} files, {_mib(snapshot.size)}, of which "
                   f"{_mib(snapshot.stored_bytes)} were new and were stored (compressed)")  # fmt: skip
        if pruned:
            typer.echo(f"deleted {len(pruned)} older ones")


@app.command("list", cls=PlainCommand)
def list_(place: Place, option: Options = None, json_: Json = False) -> None:
    """List the snapshots, oldest first."""
    with _repository(place, option) as repository:
        found = [repository.snapshot(id_) for id_ in repository.ids()]
    for snapshot in found:
        typer.echo(json.dumps(_row(snapshot)) if json_ else _line(snapshot))
    if not found and not json_:
        typer.echo("no snapshots")


@app.command(cls=PlainCommand)
def verify(
    place: Place,
    snapshot: SnapshotId = None,
    all_: Annotated[bool, typer.Option("--all", help="Every snapshot.")] = False,
    option: Options = None,
    json_: Json = False,
) -> None:
    """Read all of a snapshot, as a restore would, and compare every byte with its checksums.

    Exit code 1 when one can't be restored.
    """
    from collector.backup.snapshots import verify as read_all
    from collector.errors import LogboomError

    damaged = 0
    with _repository(place, option) as repository:
        for id_ in repository.ids() if all_ else [snapshot]:
            try:
                chosen = repository.snapshot(id_)
                said: dict[str, object] = {"id": chosen.id, "ok": True, "read_bytes": read_all(repository, chosen)}
            except LogboomError as error:
                damaged += 1
                said = {"id": id_, "ok": False, "problem": str(error)}
            typer.echo(json.dumps(said) if json_ else _verdict(said))
    if damaged:
        raise typer.Exit(1)


@app.command(cls=PlainCommand)
def prune(
    place: Place,
    keep: Annotated[int, typer.Option(min=1, help="The newest this many stay.")],
    option: Options = None,
) -> None:
    """Delete all but the newest snapshots, and what only they had."""
    with _repository(place, option) as repository, repository.alone():
        typer.echo(f"deleted {len(repository.prune(keep))} snapshots")


@contextmanager
def _repository(place: str, option: list[str] | None, *, create: bool = False) -> Iterator[Repository]:
    from collector.backup.repository import Repository
    from collector.errors import LogboomError
    from collector.object_storage import open_target

    options = dict(each.split("=", 1) for each in option or [] if "=" in each)
    if len(options) != len(option or []):
        misused("--option takes KEY=VALUE, each key once")
    try:
        yield Repository.open(open_target(place, options), create=create)
    except LogboomError as error:
        refuse(str(error))


opened = _repository
"""For `logboom restore`."""


def _row(snapshot: Snapshot) -> dict[str, object]:
    found = asdict(snapshot) | {"size": snapshot.size, "files": [part.path for part in snapshot.files]}
    return found | {"followed": [part.path for part in snapshot.files if part.tail is not None]}


def _line(snapshot: Snapshot) -> str:
    made = datetime.fromtimestamp(snapshot.created_unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    followed = ", followed" if any(part.tail is not None for part in snapshot.files) else ""
    return f"{snapshot.id}  {made} UTC  {_mib(snapshot.size):>12}  logboom {snapshot.logboom}{followed}"


def _verdict(said: dict[str, object]) -> str:
    return f"{said['id']}  whole, {said['read_bytes']} bytes read" if said["ok"] else f"{said['id']}  {said['problem']}"


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"
