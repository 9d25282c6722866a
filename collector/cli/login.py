"""`logboom login`: a link that lets somebody into the console, once. Whoever may write the data directory may let people in."""

from __future__ import annotations

import getpass
import json
import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.endings import misused, refuse
from collector.moments import seconds

_HERE = Path("logboom-data")
_LOCAL = "http://localhost:8080"


class Role(StrEnum):
    """What whoever follows it may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    PRIVACY = "privacy"


def login(
    role: Annotated[Role, typer.Option(help="What whoever follows it may do.")] = Role.ADMIN,
    domain: Annotated[
        list[str] | None, typer.Option(help="Whose records they see; may be repeated. Without it: all.")
    ] = None,
    name: Annotated[str, typer.Option(help="Who they are; without it, who you are on this machine.")] = "",
    expires: Annotated[str, typer.Option(help="How long the link is good.")] = "10m",
    url: Annotated[
        str, typer.Option(help="Where browsers reach the console; without it, where it last said it is.")
    ] = "",
    data_dir: Annotated[Path, typer.Option(help="The data directory of `logboom run`.")] = _HERE,
    json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Print a link that lets somebody into the console, once.

    \b
      logboom login
      logboom login --role viewer --domain tamyla.com --name anna --expires 1h
    """
    from collector.domains.access_file import FILE
    from collector.domains.credential import ROLES
    from collector.domains.names import domain_name
    from collector.domains.session_store import Link, SessionStore, SessionsUnreadable, new_token

    if not data_dir.is_dir():
        refuse(f"there is no data directory {data_dir}")
    try:
        domains = frozenset(domain_name(each) for each in domain) if domain else None
        ends_at = int(time.time() + seconds(expires))
    except ValueError as error:
        misused(str(error))
    store, token = SessionStore(data_dir / FILE), new_token()
    try:
        address = (url or store.console_address()).rstrip("/")
        store.add_link(token, Link(name or _who(), ROLES[role], domains, ends_at))
    except SessionsUnreadable as error:
        refuse(str(error))
    link = f"{address or _LOCAL}/login?link={token}"
    if json_:
        typer.echo(
            json.dumps({"link": link, "expires_at": ends_at, "role": str(role), "domains": domains and sorted(domains)})
        )
        return
    typer.echo(link)
    typer.echo(f"It lets in once, within {expires}.", err=True)
    if not address:
        typer.echo(
            "No console that asks for a login ran on this data directory yet: name its address with --url.", err=True
        )


def _who() -> str:
    """By which name the operating system knows whoever runs this; a container may have none for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
