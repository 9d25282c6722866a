"""`logboom deadletter`: what a destination refused for good, or what no decoder could read, and giving it another try.

A dead letter is named `<partition>:<number>`. `list` and `show` read; `replay` and `delete` leave a request that the
partition's worker takes up within seconds, or at the next start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir
from collector.scope import Scope
from collector.visible import escaped_json, visible, visible_json

if TYPE_CHECKING:
    from collector.backend.interface import Desk, FiledLetter, LetterFilter
    from collector.ledger.deadletters import Action

_WIDE = 240  # columns, where the output is no terminal: a line stays a line

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Ids = Annotated[list[str] | None, typer.Argument(help="Dead letters, such as 0:17.")]
All = Annotated[bool, typer.Option("--all", help="All that the filters choose.")]
Exporter = Annotated[str | None, typer.Option(help="Only this exporter's, such as otlp/main.")]
Domain = Annotated[str | None, typer.Option(help="Only this domain's records; no others can be reached.")]
Filters = tuple[str | None, str | None]
"""Exporter and reason, as they were given."""
Reason = Annotated[str | None, typer.Option(help="Only those whose reason holds this text.")]


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
    with _desk(data_dir, domain) as desk:
        found = desk.letters(_filter((exporter, reason)))
    (_print_json if json_ else _print_table)(found[:limit], len(found))


@app.command(cls=PlainCommand)
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A dead letter, such as 0:17.")],
    domain: Domain = None,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Print the records of a dead letter as OTLP JSON."""
    from collector.batch import LogBatch
    from collector.pipeline.decode import decode
    from otlp_wire import encode_json

    with _desk(data_dir, domain) as desk:
        [letter] = desk.named([id_])
        content = desk.content(letter)
        batch = content if isinstance(content, LogBatch) else decode(content).batch
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
    _request(data_dir, "replay", ids, all_, domain, (exporter, reason))


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
    _request(data_dir, "delete", ids, all_, domain, (exporter, reason))


def _request(
    data_dir: Path, action: Action, ids: list[str] | None, everything: bool, domain: str | None, filters: Filters
) -> None:
    if bool(ids) == everything:
        misused("name dead letters, or choose with --all and filters (see `logboom deadletter list`)")
    with _desk(data_dir, domain) as desk:
        chosen = desk.named(ids) if ids else desk.letters(_filter(filters))
        if not chosen:
            refuse("no dead letter is of that kind (see `logboom deadletter list`)")
        desk.request(action, chosen)
    records = sum(each.info.records for each in chosen)
    typer.echo(
        f"asked to {action} {len(chosen)} dead letters with {records} records; "
        "the worker takes them up within seconds, or when logboom is started"
    )


def _filter(filters: Filters) -> LetterFilter:
    from collector.backend.interface import LetterFilter

    exporter, reason = filters
    return LetterFilter(exporter=exporter, reason=reason)


@contextmanager
def _desk(data_dir: Path, domain: str | None) -> Iterator[Desk]:
    from collector.backend.interface import NoSuchDeadLetter
    from collector.cluster.offline import desk_of
    from collector.errors import LogboomError

    try:
        yield desk_of(data_dir, Scope.chosen(domain))
    except NoSuchDeadLetter as error:
        refuse(f"{error} (see `logboom deadletter list`)")
    except LogboomError as error:
        refuse(str(error))


def _print_table(chosen: Sequence[FiledLetter], total: int) -> None:
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


def _rows(chosen: Sequence[FiledLetter]) -> Iterator[tuple[str, ...]]:
    for each in chosen:
        info = each.info
        since = datetime.fromtimestamp(info.created_unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield each.id, info.owner, since, str(info.records), ", ".join(info.by_domain), info.reason


def _print_json(chosen: Sequence[FiledLetter], total: int) -> None:
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
