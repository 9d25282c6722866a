"""Commands of people to a running logboom: sent, waited for, and told what became of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.visible import visible

if TYPE_CHECKING:
    from collector.control.asking import Told
    from collector.control.record import ControlRecord, Value

Why = Annotated[str, typer.Option(help="For the record.")]
Wait = Annotated[bool, typer.Option(help="Until it is done, 10 s at most; else until it is on disk.")]
Json = Annotated[bool, typer.Option("--json", help="What became of it as a JSON object.")]


def tell(
    name: str,
    domain: str,
    attributes: Mapping[str, Value],
    data_dir: Path,
    *,
    done: str,
    why: str,
    wait: bool,
    json_: bool,
) -> None:
    """Send a command of ours; see `carry_out`. `done`: it in words, as a thing that happened."""
    from collector.control.command import command, user
    from collector.control.record import Unfit

    try:
        record = command(name, domain, attributes, who=user(), why=why, body=f"{name} of {user()}: {done}")
    except Unfit as problem:
        misused(str(problem))
    carry_out(record, data_dir, done=done, wait=wait, json_=json_)


def carry_out(record: ControlRecord, data_dir: Path, *, done: str, wait: bool, json_: bool) -> None:
    """Hand a command over, and say what became of it; ends the program where nobody took it, or it was refused."""
    told = handed_over(record, data_dir, wait=wait)
    refused = next((each for each in told.settled if not each.applied), None)
    if json_:
        sys.stdout.write(json.dumps(asdict(told)) + "\n")
    elif refused is None:
        way = "done" if told.settled else f"on its way, {told.before} before it" if wait else "on its way"
        typer.echo(visible(f"{way}: {done} ({told.id})"))
    if refused is not None:
        refuse(refused.reason)


def handed_over(record: ControlRecord, data_dir: Path, *, wait: bool) -> Told:
    """What became of a command; ends the program where nobody took it."""
    from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, ask

    try:
        return ask(data_dir, record, MOST_WAIT_SECS if wait else 0.0)
    except (NotRunning, NotTaken) as problem:
        refuse(str(problem))
