"""`logboom audit`: who did and read what; whether anything of it was changed since; the key that vouches for it."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.audit.found import by_domain, of_lines
from collector.audit.verifying import Verified, verified
from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.reading_store import past, reading
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile
from collector.moments import shown
from collector.scope import Scope
from collector.visible import visible

if TYPE_CHECKING:
    from collector.audit.checkpoint import Checkpoint

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_HERE = Path("logboom-data")
_SQLITE = b"SQLite format 3\0"
_ALSO = ("audit",)
Json = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]


@app.callback()
def audit() -> None:
    """Who did and read what, in a chain for each domain."""


@app.command("list", cls=PlainCommand)
def list_(
    domain: Domain = None,
    since: Annotated[str, typer.Option(help="Since when: 7d, 2027-01-31.")] = "7d",
    limit: Annotated[int, typer.Option(min=1, help="At most so many of each domain, the newest.")] = 100,
    data_dir: DataDir = _HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
    json_: Json = False,
) -> None:
    """Entries, the newest first."""
    from collector.store import audit_reading

    begin, end = past(since), audit_reading.LAST
    with reading(data_dir, store, Scope.chosen(domain), "audit log", config, _ALSO) as connection:
        of = [domain] if domain is not None else audit_reading.domains(connection)
        rows = [row for each in of for row in audit_reading.newest(connection, each, begin, end, limit)]
    for row in sorted(rows, key=lambda row: (-row["time_unix_nano"], row["domain"], -row["seq"])):
        typer.echo(json.dumps(_facts(row)) if json_ else visible(_line(row)))
    if not rows:
        typer.echo("nothing was audited in that time", err=True)


@app.command(cls=PlainCommand)
def verify(
    domain: Domain = None,
    checkpoints: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where checkpoints are kept: lines of JSON that another destination has, or another store. `store`: in the store itself, "
            "where whoever changes it can change them, too; `-`: standard input.",
        ),
    ] = "store",
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEX", help="As `logboom audit key` shows it; without it that of DATA_DIR. May be repeated."
        ),
    ] = None,
    data_dir: DataDir = _HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
    json_: Json = False,
) -> None:
    """Say whether the chains are whole, and where one breaks; exit code 1 when one does."""
    from collector.store import audit_reading

    keys, now = _keys(public_key, data_dir), time.time_ns()
    with reading(data_dir, store, Scope.chosen(domain), "audit log", config, _ALSO) as connection:
        there = [domain] if domain is not None else audit_reading.domains(connection)
        if checkpoints == "store":
            given = {each: list(audit_reading.checkpoints(connection, each)) for each in there}
        else:
            given = by_domain(_elsewhere(checkpoints))
        every = [domain] if domain is not None else sorted({*there, *given})
        results = [
            verified(each, audit_reading.chain(connection, each), given.get(each, []), keys, now) for each in every
        ]
    for result in results:
        typer.echo(json.dumps(_result(result))) if json_ else _print(result)
    if any(result.findings for result in results):
        raise typer.Exit(1)
    if not any(result.entries for result in results):
        refuse("there is no entry to verify")


@app.command(cls=PlainCommand)
def key(
    data_dir: DataDir = _HERE, json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Print the public key by which checkpoints are verified. Keep it where the audited cannot write."""
    from collector.audit.key import SigningKey, key_id

    if not data_dir.is_dir():
        refuse(f"there is no data directory at {data_dir}")
    try:
        public = SigningKey(data_dir).public
    except OSError as error:
        refuse(str(error))
    typer.echo(json.dumps({"key": key_id(public), "ed25519": public.hex()}) if json_ else public.hex())


def _keys(given: Sequence[str] | None, data_dir: Path) -> list[bytes]:
    from collector.audit.key import FILE, SigningKey

    try:
        keys = [bytes.fromhex(text.strip()) for text in given or ()]
    except ValueError:
        misused("a public key is 64 hexadecimal digits, as `logboom audit key` shows it")
    if any(len(each) != 32 for each in keys):
        misused("a public key is 64 hexadecimal digits, as `logboom audit key` shows it")
    if keys or not (data_dir / FILE).is_file():  # a key is not made to verify with
        return keys
    try:
        return [SigningKey(data_dir).public]
    except OSError as error:
        refuse(str(error))


def _elsewhere(source: str) -> list[Checkpoint]:
    """From a file; ends the command where it can't be read, or has none."""
    from collector.store import audit_reading
    from collector.store.reading import NoStore, opened

    try:
        if source == "-":
            found = list(of_lines(sys.stdin))
        elif _is_store(Path(source)):
            with opened(Path(source), Scope.everything()) as connection:
                found = list(audit_reading.all_checkpoints(connection))
        else:
            with Path(source).open(encoding="utf-8", errors="replace") as lines:
                found = list(of_lines(lines))
    except (OSError, NoStore, sqlite3.Error) as error:
        refuse(f"the checkpoints can't be read: {error}")
    if not found:
        refuse(f"{source} holds no checkpoint")
    return found


def _is_store(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "entry": json.loads(row["entry"] or "{}")}


def _line(row: dict[str, Any]) -> str:
    said = json.loads(row["entry"] or "{}")
    who, place = row["who"] or "nobody known", f" from {row['address']}" if row["address"] else ""
    why = f"; why: {row['why']}" if row["why"] else ""
    at = shown(int(row["time_unix_nano"]) // 10**9)
    return f"{at}  {row['domain']} {row['seq']}  {row['action']}  {who}{place}  {said.get('what', '')}{why}"


def _result(result: Verified) -> dict[str, Any]:
    facts = asdict(result)
    return {**facts, "whole": not result.findings, "findings": [each._asdict() for each in result.findings]}


def _print(result: Verified) -> None:
    named = visible(result.domain)
    for finding in result.findings:
        typer.echo(visible(f"{named}: {finding.kind} at {finding.seq}: {finding.sentence}"))
    vouched = f"checkpoints vouch for it up to {result.signed}" if result.signed else "no checkpoint vouches for it"
    strange = f"; {result.strange} checkpoint(s) of keys that were not given" if result.strange else ""
    state = "is broken" if result.findings else "is whole"
    span = f"entries {result.first} to {result.last}" if result.entries else "no entries"
    typer.echo(f"{named}: the chain {state}: {span}; {vouched}{strange}")
