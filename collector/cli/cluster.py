"""`logboom cluster`: the machines that share the work over Kafka (`service.ledger.kafka`), as the owners of partitions tell of themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.cluster_reshard import register
from collector.cli.endings import refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.cluster.generation import Generation, Move

_WIDE = 240  # columns, where the output is no terminal: a line stays a line
_STALE_SECS = 10.0

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
register(app)


@app.callback()
def _group() -> None:
    """Machines that share the work over Kafka."""


@app.command(cls=PlainCommand)
def status(
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line, one for each partition.")] = False,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Show the owner of each partition, and what waits there for pipelines and exporters."""
    generation, told = _told(data_dir)
    rows = [
        {**_row(number, told.get(number, {})), "generation": generation.number}
        for number in range(generation.partitions)
    ]
    if generation.move is not None:
        sys.stderr.write(visible(_moves(generation.move)) + "\n")
    if json_:
        for row in rows:
            typer.echo(visible_json(row))
    else:
        typer.echo(f"generation {generation.number}, {generation.partitions} partitions")
        _print_table(rows)
    if not all(row["owner"] for row in rows):
        refuse("partitions without an owner: what was accepted there waits until a machine takes them")


def _moves(move: Move) -> str:
    return f"{move.by} moves the cluster to {move.partitions} partitions (generation {move.generation}); senders are told to wait: {move.stage}"


def _told(data_dir: Path) -> tuple[Generation, Mapping[int, Mapping[str, Any]]]:
    from collector.cluster.connecting import connect, remembered
    from collector.cluster.generation import current
    from collector.cluster.status import read_all
    from collector.errors import LogboomError

    try:
        cluster = remembered(data_dir)
        if cluster is None:
            refuse(
                f"{data_dir} is no machine's of a cluster: start `logboom run` with service.ledger.kafka first, or say which with --data-dir"
            )
        wire = connect(cluster.options)
        generation = current(wire, cluster.options)
        if generation is None:
            refuse(f"topic {cluster.options.root_topic} is gone")
        topic = cluster.options.of_generation(generation.number).topic("status")
        return generation, read_all(wire, topic, generation.partitions)
    except LogboomError as error:
        refuse(str(error))


def _row(number: int, status: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a partition; one of which nothing was heard for a while has no owner."""
    age_secs = max(0.0, time.time() - status.get("at_unix_ms", 0) / 1000)
    fresh = bool(status) and age_secs < _STALE_SECS
    return {
        "partition": number, "owner": status["owner"] if fresh else "", "worker": status.get("worker", 0),
        "address": status.get("address", ""), "at_unix_ms": status.get("at_unix_ms", 0),
        "waiting_bytes": status.get("waiting_bytes", 0), "lag": status.get("lag", {}), "queues": status.get("queues", {}),
        "domains": status.get("domains", {}),
    }  # fmt: skip


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("partition", "owner", "worker", "not processed", "not delivered", box=None, header_style="bold")
    for row in rows:
        cells = str(row["partition"]), row["owner"] or "NOBODY", str(row["worker"]), _lag(row), _queues(row)
        table.add_row(*(Text(visible(cell)) for cell in cells))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _lag(row: Mapping[str, Any]) -> str:
    return ", ".join(_waiting(row["lag"])) or "-"


def _queues(row: Mapping[str, Any]) -> str:
    return ", ".join(_waiting(row["queues"])) or "-"


def _waiting(of: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, each in sorted(of.items()):
        if each.get("records"):
            yield f"{name} {each['records']} records"
