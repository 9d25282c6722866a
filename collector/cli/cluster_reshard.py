"""`logboom cluster reshard`: another number of partitions, while the machines run. See docs/scale-out.md."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir
from collector.visible import visible

if TYPE_CHECKING:
    from collector.cluster.connecting import Remembered
    from collector.cluster.generation import Generation
    from collector.cluster.hearing import Hearing

_WITHIN_SECS = 300.0


def register(app: typer.Typer) -> None:
    """Make it one of the commands of a group."""
    app.command(cls=PlainCommand)(reshard)


def reshard(
    partitions: Annotated[
        int | None, typer.Option(min=1, max=256, metavar="N", help="How many there are to be.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    delete_old: Annotated[
        bool,
        typer.Option(
            "--delete-old",
            help="Delete the topics of earlier generations, and of what was given up before the last attempt.",
        ),
    ] = False,
    within: Annotated[
        float, typer.Option(min=10, metavar="SECONDS", help="Give up when it is not done in so many seconds.")
    ] = _WITHIN_SECS,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Move the cluster to another number of partitions: senders are told to wait meanwhile."""
    from collector.errors import LogboomError

    if delete_old == (partitions is not None):
        misused("say how many there are to be (--partitions N), or --delete-old")
    try:
        cluster, found = _found(data_dir)
        if partitions is None:
            _delete_old(cluster, found, dry_run)
        elif partitions == cluster.partitions:
            refuse(f"the cluster has {partitions} partitions")
        elif dry_run:
            _show(cluster, found, partitions)
        else:
            _run(cluster, partitions, data_dir, within)
    except LogboomError as error:
        refuse(visible(str(error)))


def _found(data_dir: Path) -> tuple[Remembered, Generation]:
    """The cluster as it is now, and what is true of it."""
    from collector.cluster.connecting import connect, remembered
    from collector.cluster.generation import current

    cluster = remembered(data_dir)
    if cluster is None:
        refuse(
            f"{data_dir} is no machine's of a cluster: start `logboom run` with service.ledger.kafka first, or say which with --data-dir"
        )
    found = current(connect(cluster.options), cluster.options)
    if found is None:
        refuse(f"topic {cluster.options.root_topic} is gone")
    return cluster._replace(options=cluster.options.of_generation(found.number), partitions=found.partitions), found


def _run(cluster: Remembered, partitions: int, data_dir: Path, within: float) -> None:
    from collector.cluster.connecting import connect
    from collector.cluster.resharding import Resharding

    by = f"{os.environ.get('USER', 'somebody')} on {socket.gethostname()}, process {os.getpid()}"
    scratch = data_dir / "cluster" / f"resharding-{os.getpid()}"
    said: list[str] = []

    def say(stage: str) -> None:
        if said[-1:] != [stage]:
            said[:] = [stage]
            sys.stderr.write(visible(stage) + "\n")

    moving = Resharding(
        connect, cluster.options, cluster.partitions, scratch, of_none, by=by, say=say, within_secs=within
    )
    made = moving.run(partitions)
    typer.echo(
        f"the cluster has {made.partitions} partitions: generation {made.number}, machines go on within seconds. Write service.ledger.partitions: "
        f"{made.partitions} on all of them; once nothing is missing, `logboom cluster reshard --delete-old` frees the old topics"
    )


def of_none(component: str, name: bytes, value: bytes) -> tuple[str, bytes] | None:
    """Whose state of no domain is (`collector.ledger.sharing_out.OfNone`): an erasure is of the domain that it is about, and begins anew
    where it has not ended; what stores said of themselves is asked again."""
    from collector.errors import StorageError
    from collector.pipeline.republishing import KEEPER as STORES
    from collector.privacy.tombstones import KEEPER, PREFIX, Tombstone

    if component == STORES:
        return None
    if component == KEEPER and name.startswith(PREFIX):
        tombstone = Tombstone.decoded(value)
        if not tombstone.ended_unix_nano:
            tombstone = replace(tombstone, places={}, on_the_way="")
        return tombstone.domain, tombstone.encoded()
    raise StorageError(
        f"component {component} keeps something of no domain, and nobody knows to which partition it belongs"
    )


def _show(cluster: Remembered, found: Generation, partitions: int) -> None:
    from collector.cluster.connecting import connect
    from collector.cluster.hearing import Hearing

    with Hearing(connect(cluster.options), cluster.options, cluster.partitions) as hearing:
        hearing.listen()
        for line in _lines(cluster, found, partitions, hearing):
            typer.echo(visible(line))
        if problems := hearing.problems():
            refuse(visible("; ".join(problems)))


def _lines(cluster: Remembered, found: Generation, partitions: int, hearing: Hearing) -> Iterator[str]:
    from collector.cluster.hearing import on_its_way

    new = cluster.options.of_generation(found.tried + 1)
    yield f"{cluster.partitions} partitions (generation {found.number}) become {partitions}: topics {new.names}.*"
    if found.move is not None:
        yield f"{found.move.by} does so now: {found.move.stage}"
    yield f"doors: {', '.join(sorted(set(hearing.doors) - set(hearing.dead_doors()))) or 'none'}"
    if dead := hearing.dead_doors():
        yield f"not heard of for a minute, and not waited for: {', '.join(dead)}"
    for number, status in sorted(hearing.statuses.items()):
        if waiting := on_its_way(status):
            yield f"partition {number} is worked off first: {', '.join(waiting)}"
    yield "senders are told to wait (503, UNAVAILABLE) until what waits is processed and delivered, and what is kept has moved"


def _delete_old(cluster: Remembered, found: Generation, dry_run: bool) -> None:
    from collector.cluster.connecting import connect
    from collector.cluster.leftovers import delete, leftovers

    wire = connect(cluster.options)
    left = leftovers(wire, cluster.options, found)
    if not left:
        typer.echo("there are no topics of earlier generations")
    elif dry_run:
        typer.echo("\n".join(left))
    else:
        delete(wire, cluster.options, found)
        typer.echo(f"deleted: {', '.join(left)}")
