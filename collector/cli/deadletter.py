"""`logboom deadletter`: what a destination refused for good, or what no decoder could read, and giving it another try.

A dead letter is named `<partition>:<number>`. `list` and `show` read; `replay` and `delete` leave a request that the
partition's worker takes up within seconds, or at the next start.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir
from collector.visible import escaped_json, visible, visible_json

if TYPE_CHECKING:
    from collector.ledger.deadletters import Action, DeadLetterInfo
    from collector.ledger.reader import PartitionReader

_WIDE = 240  # columns, where the output is no terminal: a line stays a line

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Ids = Annotated[list[str] | None, typer.Argument(help="Dead letters, such as 0:17.")]
All = Annotated[bool, typer.Option("--all", help="All that the filters choose.")]
Exporter = Annotated[str | None, typer.Option(help="Only this exporter's, such as otlp/main.")]
Domain = Annotated[str | None, typer.Option(help="Only those with records of this domain.")]
Reason = Annotated[str | None, typer.Option(help="Only those whose reason holds this text.")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dead letter and where it is."""

    partition: Path
    info: DeadLetterInfo

    @property
    def id(self) -> str:
        """What people name it by."""
        return f"{self.partition.name}:{self.info.id}"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which dead letters are meant; None = any."""

    exporter: str | None = None
    domain: str | None = None
    reason: str | None = None

    def choose(self, info: DeadLetterInfo) -> bool:
        """Whether this one is."""
        return (
            self.exporter in (None, info.owner.removeprefix("exporter/"))
            and (self.domain is None or self.domain in info.by_domain)
            and (self.reason is None or self.reason in info.reason)
        )


@app.command("list", cls=PlainCommand)
def list_(
    exporter: Exporter = None,
    domain: Domain = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="The oldest this many.")] = 100,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """List dead letters with their reasons, oldest first in each partition."""
    found = _find(data_dir, Filters(exporter, domain, reason))
    (_print_json if json_ else _print_table)(found[:limit], len(found))


@app.command(cls=PlainCommand)
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A dead letter, such as 0:17.")],
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Print the records of a dead letter as OTLP JSON."""
    from collector.ledger.codec import decode_batch, decode_entries, is_batch
    from collector.pipeline.decode import decode
    from otlp_wire import encode_json

    [chosen] = _named(data_dir, [id_])
    with _reading(chosen.partition) as reader:
        content = reader.dead_letter_content(chosen.info.id)
        batch = decode_batch(content) if is_batch(content) else decode(decode_entries(content)).batch
    typer.echo(escaped_json(encode_json(batch).decode()))


@app.command(cls=PlainCommand)
def replay(
    ids: Ids = None,
    all_: All = False,
    exporter: Exporter = None,
    domain: Domain = None,
    reason: Reason = None,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Send dead letters to the exporter (or the pipeline) that they come from once more."""
    _request(data_dir, "replay", ids, all_, Filters(exporter, domain, reason))


@app.command(cls=PlainCommand)
def delete(
    ids: Ids = None,
    all_: All = False,
    exporter: Exporter = None,
    domain: Domain = None,
    reason: Reason = None,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Give dead letters up for good."""
    _request(data_dir, "delete", ids, all_, Filters(exporter, domain, reason))


def _request(data_dir: Path, action: Action, ids: list[str] | None, everything: bool, filters: Filters) -> None:
    from collector.errors import StorageError
    from collector.ledger.deadletters import request

    if bool(ids) == everything:
        misused("name dead letters, or choose with --all and filters (see `logboom deadletter list`)")
    chosen = _named(data_dir, ids) if ids else _find(data_dir, filters)
    if not chosen:
        refuse("no dead letter is of that kind (see `logboom deadletter list`)")
    by_partition: defaultdict[Path, list[int]] = defaultdict(list)
    for each in chosen:
        by_partition[each.partition].append(each.info.id)
    try:
        for partition, numbers in by_partition.items():
            request(partition, action, numbers)
    except StorageError as error:
        refuse(str(error))
    records = sum(each.info.records for each in chosen)
    typer.echo(
        f"asked to {action} {len(chosen)} dead letters with {records} records; "
        "the worker takes them up within seconds, or when logboom is started"
    )


def _find(data_dir: Path, filters: Filters) -> list[Chosen]:
    found = []
    for partition in _partitions(data_dir):
        with _reading(partition) as reader:
            infos = reader.dead_letters(limit=sys.maxsize)
        found += [Chosen(partition, info) for info in infos if filters.choose(info)]
    return found


def _named(data_dir: Path, ids: Sequence[str]) -> list[Chosen]:
    known = {chosen.id: chosen for chosen in _find(data_dir, Filters())}
    if missing := [id_ for id_ in ids if id_ not in known]:
        refuse(f"no such dead letter: {', '.join(missing)} (see `logboom deadletter list`)")
    return [known[id_] for id_ in dict.fromkeys(ids)]


def _partitions(data_dir: Path) -> list[Path]:
    found = [path for path in (data_dir / "partition").glob("*") if path.name.isdigit()]
    if not found:
        refuse(f"{data_dir} is no data directory of logboom: say which with --data-dir DIR")
    return sorted(found, key=lambda path: int(path.name))


@contextmanager
def _reading(partition: Path) -> Iterator[PartitionReader]:
    from collector.errors import StorageError
    from collector.ledger.reader import PartitionReader

    try:
        reader = PartitionReader.open(partition)
        try:
            yield reader
        finally:
            reader.close()
    except StorageError as error:
        refuse(str(error))


def _print_table(chosen: Sequence[Chosen], total: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not total:
        typer.echo("no dead letters")
        return
    table = Table("id", "owner", "since (UTC)", "records", "domains", "reason", box=None, header_style="bold")
    for row in _rows(chosen):
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
    if total > len(chosen):
        typer.echo(f"… and {total - len(chosen)} more (--limit)")


def _rows(chosen: Sequence[Chosen]) -> Iterator[tuple[str, ...]]:
    for each in chosen:
        info = each.info
        since = datetime.fromtimestamp(info.created_unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield each.id, info.owner, since, str(info.records), ", ".join(info.by_domain), info.reason


def _print_json(chosen: Sequence[Chosen], total: int) -> None:
    del total
    for each in chosen:
        info = each.info
        line = {
            "id": each.id,
            "owner": info.owner,
            "pipeline": info.pipeline,
            "reason": info.reason,
            "records": info.records,
            "by_domain": dict(info.by_domain),
            "size_bytes": info.size_bytes,
            "created_unix_ms": info.created_unix_ms,
            "raw": info.raw,
        }
        typer.echo(visible_json(line))
