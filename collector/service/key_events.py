"""Events about credentials that people make and take back: told by one ingest process, also to the domain that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collector.component import CredentialChange
from collector.control.catalogue import KEY_CREATED, KEY_EXPIRING, KEY_REVOKED, KEY_ROTATED
from collector.control.event import ServiceEvent
from collector.control.reporter import Reporter

_EVENTS: Mapping[str, ServiceEvent] = {
    "created": KEY_CREATED, "rotated": KEY_ROTATED, "revoked": KEY_REVOKED, "expiring": KEY_EXPIRING,
}  # fmt: skip


def tell_changes(reporter: Reporter, changes: Iterable[CredentialChange]) -> None:
    """Each as an event of its own."""
    for change in changes:
        said: dict[str, str | int] = {
            "user.id": change.id, "logboom.domain": change.domain, "logboom.name": change.name,
            "logboom.predecessor": change.predecessor, "logboom.days": change.days,
        }  # fmt: skip
        told = {name: value for name, value in said.items() if value}
        reporter.tell(_EVENTS[change.what], _sentence(change), told, concerned=change.domain)


def _sentence(change: CredentialChange) -> str:
    whose = f"the key {change.id} of {change.domain}"
    if change.what == "expiring":
        return f"{whose} ends within {change.days} day(s)"
    if change.what == "rotated":
        return f"{whose} was created, in the place of {change.predecessor}"
    return f"{whose} was {change.what}"
