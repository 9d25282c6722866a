"""Signed links and buttons as commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import xxhash

from collector.alert_commands import ISSUES
from collector.control.command import command
from collector.control.record import ControlRecord
from collector.receivers.hooks.hook import HookOrder
from collector.reserved import COMMANDS
from collector.signed_links import VERBS, Act

_MOST_WHO = 200
_OF_ISSUE: Mapping[str, str] = {"ack": "acknowledge", "resolve": "resolve"}


def asked(act: Act, token: str, attempt: str, who: str) -> HookOrder:
    """What follows from an act: the same for the same `attempt` (a click). What is done once its owner does once: it knows what it refused, and
    an id that was refused is not asked again for a day."""
    verb = VERBS[act.verb]
    id_ = xxhash.xxh3_128_hexdigest(f"{token}\0{attempt}".encode())
    via = f"{verb.done} by {f'a message of {act.via}' if act.via else 'a link'}"
    record = command(verb.command, act.domain, act.attributes(), who=who[:_MOST_WHO], why=via, id_=id_)
    return HookOrder(record, partial(_of_issues, record, act))


def _of_issues(first: ControlRecord, act: Act, answer: Mapping[str, Any]) -> Sequence[ControlRecord]:
    """The group's issues are acknowledged or resolved with it."""
    if act.verb not in _OF_ISSUE:
        return ()
    who, why = (str(first.attributes.get(f"logboom.command.{name}", "")) for name in ("who", "why"))
    name = f"{COMMANDS}issue.{_OF_ISSUE[act.verb]}"
    return [
        command(name, act.domain, {"logboom.issue.id": issue}, who=who, why=why, id_=f"{first.id}.{issue}"[:64])
        for issue in str(answer.get(ISSUES, "")).split(",")
        if issue
    ]
