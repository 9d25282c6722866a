"""Listeners that others reach and nobody guards: a warning where one domain is served, refused where there are several.

One who sends to an unguarded listener chooses the domain; with one domain there is nothing to choose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.component import Config, OpenToOthers, ShowsRecords
from collector.errors import Problem
from collector.settings.service import ServiceConfig
from collector.settings.tree import Node, Place, locate

_CURE_OF_READING = (
    "add login: {} (logboom login prints a link), with authenticators: [api_keys] or others; or listen on localhost"
)
_CURE = "listen on localhost, or ask who sends (auth.authenticator, or tls.client_ca_file)"


@dataclass(frozen=True, slots=True)
class OpenListener:
    """An address without authentication that other machines reach; `accepted`: the operator wrote so."""

    receiver: str
    option: str
    endpoint: str
    accepted: bool
    place: Place


def open_listeners(receiver: str, config: Config, node: Node) -> Iterator[OpenListener]:
    """Those of a receiver; `node` is where its options were written."""
    if not isinstance(config, OpenToOthers):
        return
    for option, endpoint in config.open_to_others().items():
        place = locate(node, option.split("."), node.place).node.place
        yield OpenListener(receiver, option, endpoint, config.allow_anonymous, place)


def refused(listener: OpenListener, service: ServiceConfig, giving: Sequence[str]) -> Problem | None:
    """Why this one may not start. `giving`: extensions whose credentials belong to domains."""
    served = service.domains.served()
    if len(served) > 1:
        why = f"{len(served)} domains are served ({', '.join(served)})"
    elif giving:
        why = f"extensions.{giving[0]} lets several domains send"
    elif service.security.strict:
        why = "service.security.strict is on"
    else:
        return None
    return Problem(f"{_said(listener)}, and {why}", *listener.place, code="config/open-listener", hint=_CURE)


def warned(listener: OpenListener) -> str | None:
    """What the operator should know, unless he wrote that he does."""
    return None if listener.accepted else f"{_said(listener)}; {_CURE}, or accept it with allow_anonymous: true"


def shown_to_anybody(extension: str, config: Config, node: Node) -> Iterator[Problem]:
    """Listeners that show records to whoever reaches them. No option accepts that: what is read is gone."""
    if not isinstance(config, ShowsRecords):
        return
    for option, endpoint in config.shown_to_anybody().items():
        place = locate(node, option.split("."), node.place).node.place
        said = (
            f"{extension}.{option}: {endpoint} can be reached from other machines, and nobody is asked who reads there"
        )
        yield Problem(said, *place, code="config/open-console", hint=_CURE_OF_READING)


def _said(listener: OpenListener) -> str:
    return (
        f"{listener.receiver}.{listener.option}: {listener.endpoint} can be reached from other machines and nothing checks "
        "who sends"
    )
