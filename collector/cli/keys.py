"""`logboom keys`: the API keys of a data directory. A running logboom follows within a second.

Only `create` and `rotate` know a key, and print it once; what is kept is its SHA-256.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.domains.keys import Key, KeyKind, NewKey, digest_of, id_in, is_whole, new_key
from collector.moments import moment, seconds, shown

if TYPE_CHECKING:
    from collector.domains.key_store import KeyStore

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

DataDir = Annotated[Path, typer.Option(help="The data directory of `logboom run`.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Ident = Annotated[str, typer.Argument(metavar="ID", help="A key's id, as `logboom keys list` shows it.")]
_HERE = Path("logboom-data")


class Where(StrEnum):
    """Who checks the key."""

    LOGBOOM = "logboom"
    CLOUDFLARE = "cloudflare"


@app.command(cls=PlainCommand)
def create(
    domain: Annotated[str, typer.Option(help="Whose records are sent, or read, with it. It is known from now on.")],
    kind: Annotated[
        KeyKind, typer.Option(help="What it is for; `browser` for web pages, where everybody can read it.")
    ] = (KeyKind.INGEST),
    origin: Annotated[list[str] | None, typer.Option(help="A web page that may send with it; may be repeated.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Where requests may come from; may be repeated.")] = None,
    expires: Annotated[str | None, typer.Option(help="Until when it is good: 90d, 2027-01-31.")] = None,
    not_before: Annotated[str | None, typer.Option(help="From when on it is good.")] = None,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, in the place of what its kind may; may be repeated.")
    ] = None,
    multi_domain: Annotated[
        bool, typer.Option("--multi-domain", help="It may send for other known domains, too.")
    ] = False,
    for_: Annotated[
        Where,
        typer.Option(
            "--for", help="Who checks it; `cloudflare`: nothing is kept here, the Worker's secret is printed."
        ),
    ] = Where.LOGBOOM,
    data_dir: DataDir = _HERE,
    json_: Json = False,
) -> None:
    """Make a key, and print it once.

    \b
      logboom keys create --domain tamyla.com
      logboom keys create --domain tamyla.com --kind browser --origin https://www.tamyla.com
      logboom keys create --domain tamyla.com --kind reader --scope logs:read --scope operate
    """
    made = new_key(kind)
    now = int(time.time())
    try:
        key = _made(
            made, kind, domain, now, name=name, multi_domain=multi_domain, origins=origin or [], networks=network or [], scopes=scope or [],
            expires_at=moment(expires, now) if expires else None, not_before=moment(not_before, now) if not_before else None,
        )  # fmt: skip
    except ValueError as error:
        misused(str(error))
    if for_ is Where.CLOUDFLARE:
        secret = {key.domain: [key.digest.hex()]}
        _print(
            made, json_, {"domain": key.domain, "secret": secret}, f"INGEST_KEYS of the Worker: {json.dumps(secret)}"
        )
        return
    with _store(data_dir) as store:
        store.add(key)
    if kind is KeyKind.BROWSER and not key.origins:
        typer.echo("warning: every web page may send with this key: name yours with --origin", err=True)
    _print(made, json_, {}, "send it as: authorization: Bearer KEY" if key.kind.letter in "ip" else "")


@app.command("list", cls=PlainCommand)
def list_(
    domain: Annotated[str | None, typer.Option(help="Only those of this domain.")] = None,
    data_dir: DataDir = _HERE,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """List keys, the oldest first: whose they are, whether they are good, when they were last used."""
    with _store(data_dir) as store:
        found = [key for key in store.all() if domain is None or key.domain == domain]
    if json_:
        for key in found:
            typer.echo(json.dumps(_facts(key)))
    else:
        _print_table(found)


@app.command(cls=PlainCommand)
def rotate(
    ident: Ident,
    overlap: Annotated[str, typer.Option(help="How long the old key stays good beside the new one.")] = "7d",
    data_dir: DataDir = _HERE,
    json_: Json = False,
) -> None:
    """Make the successor of a key, with the same rights, and let the old one end."""
    now = int(time.time())
    try:
        ends_at = int(now + seconds(overlap))
    except ValueError:
        misused(f"{overlap!r} is no duration: write 7d, 12h")
    with _store(data_dir) as store:
        old = store.find(ident)
        if objection := old.objection(now):
            refuse(f"the key {ident} is {objection}: make a new one with `logboom keys create`")
        made = new_key(old.kind)
        successor = replace(
            old, id=made.id, digest=made.digest, created_at=now, not_before=None, expires_at=None, last_used=None, successor=""
        )  # fmt: skip
        store.rotate(successor, ident, ends_at)
    _print(made, json_, {"predecessor": ident, "ends_at": ends_at}, f"{ident} ends {shown(ends_at)} UTC")


@app.command(cls=PlainCommand)
def revoke(ident: Ident, data_dir: DataDir = _HERE, json_: Json = False) -> None:
    """Let nobody in by a key any more, from now on."""
    with _store(data_dir) as store:
        store.revoke(ident, int(time.time()))
    typer.echo(json.dumps({"id": ident, "revoked": True}) if json_ else f"{ident} is revoked")


@app.command(cls=PlainCommand)
def check(
    key: Annotated[
        str, typer.Argument(help="A key; `-` reads it from standard input, so that no history keeps it.")
    ] = "-",
    data_dir: DataDir = _HERE,
    json_: Json = False,
) -> None:
    """Say whether a key is good, whose it is and what it may do; exit code 1 when it is not."""
    text = (sys.stdin.readline() if key == "-" else key).strip()
    if not text:
        misused("no key was given")
    with _store(data_dir) as store:
        found = next((one for one in store.all() if one.digest == digest_of(text)), None)
    reason = found.objection(time.time()) if found is not None else "unknown" if is_whole(text) else "malformed"
    facts = {"good": not reason, "reason": reason, "sha256": digest_of(text).hex(), **(_facts(found) if found else {})}
    if json_:
        typer.echo(json.dumps(facts if found else {**facts, "id": id_in(text)}))
    elif found is not None and not reason:
        typer.echo(f"good: {found.kind} key {found.id} of {found.domain}")
    if reason:
        refuse(f"the key is {reason}" + (f" ({found.id} of {found.domain})" if found else ""))


def _made(made: NewKey, kind: KeyKind, domain: str, now: int, **more: Any) -> Key:
    """Raises ValueError, with a sentence, for what a key can't say."""
    from collector.domains.credential import SCOPES
    from collector.domains.names import domain_name
    from collector.domains.origins import checked_origin

    if strange := sorted(set(more["scopes"]) - SCOPES):
        raise ValueError(f"there is no scope {strange[0]}: there are {', '.join(sorted(SCOPES))}")
    more["origins"] = [checked_origin(text) for text in more["origins"]]
    more["networks"] = [str(ip_network(text, strict=False)) for text in more["networks"]]
    return Key(made.id, kind, domain_name(domain), made.digest, created_at=now, **more)


class _store:  # noqa: N801 - reads as a word: with _store(…) as store
    """The keys of a data directory; ends the command with a sentence when they can't be had."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def __enter__(self) -> KeyStore:
        from collector.domains.key_store import FILE, KeyStore

        return KeyStore(self._data_dir / FILE)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        from collector.errors import LogboomError

        if isinstance(error, LogboomError):
            refuse(str(error))


def _print(made: NewKey, as_json: bool, more: dict[str, Any], note: str) -> None:
    if as_json:
        typer.echo(json.dumps({"id": made.id, "key": made.text, **more}))
        return
    typer.echo(made.text)
    typer.echo(f"This is the only time that the key is shown; its id is {made.id}.", err=True)
    if note:
        typer.echo(note, err=True)


def _state(key: Key) -> str:
    return key.objection(time.time()) or "good"


def _facts(key: Key) -> dict[str, Any]:
    """All but its hash."""
    facts = {name: value for name, value in asdict(key).items() if name != "digest"}
    return {**facts, "kind": str(key.kind), "state": _state(key), "scopes": sorted(key.scopes or key.kind.scopes)}


def _print_table(keys: Sequence[Key]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from collector.visible import visible

    if not keys:
        typer.echo("no keys")
        return
    table = Table(
        "id", "domain", "kind", "state", "name", "ends (UTC)", "last used (UTC)", box=None, header_style="bold"
    )
    for key in keys:
        row = (key.id, key.domain, str(key.kind), _state(key), key.name, shown(key.expires_at), shown(key.last_used))
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 240).print(table)
