"""Commands as the client makes them: who wants what of whom, and why."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping

from collector.control.record import ControlRecord, Unfit, Value, new_id
from collector.reserved import APPLIED, COMMANDS, REFUSED

DEPLOYMENT = f"{COMMANDS}deployment"
OWNER = "service"
"""Who takes the commands that no component of a configuration takes."""
ERASE = f"{COMMANDS}erase"
OWN_COMMANDS = (DEPLOYMENT, ERASE)


def command(
    name: str, domain: str, attributes: Mapping[str, Value], *, who: str, why: str = "", id_: str = "", body: str = ""
) -> ControlRecord:
    """A command of that event name.

    Args:
        who: in whose name.
        why: for the record; people read it later.
        id_: the same command sent again has the same; empty: a new one.

    Raises:
        Unfit: a part of it is too long, or none.
    """
    if not name.startswith(COMMANDS) or name in (APPLIED, REFUSED):
        raise Unfit(f"{name} is not the name of a command")
    id_ = id_ or new_id()
    own: dict[str, Value] = {"logboom.command.id": id_, "logboom.command.who": who}
    if why:
        own["logboom.command.why"] = why
    return ControlRecord(name, domain, body or f"{name} of {who}", {**attributes, **own}, id=id_)


def user() -> str:
    """Who uses this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
