"""What pages and the API are asked, alike: `domain`, `q`, `from`, `to`. A URL says all of it, so it can be handed on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import HTTPConnection

from collector.console.parts import visitor
from collector.console.refusal import NotFound, Refused, no_query
from collector.console.visitor import Visitor
from collector.moments import seconds
from collector.query.problems import QueryError
from collector.query.query import Query
from collector.scope import Scope

_NANO = 10**9
_NOW = re.compile(r"now(?:-(?P<ago>.+))?")
_UNIX_NANO = re.compile(r"\d{16,19}")
_FRACTION = re.compile(r"[.,](\d{1,9})\d*(?=Z|[+-]\d|$)")
_LONGEST_NAME = 253
MOST_UNIX_NANO = (1 << 63) - 1
"""As late as a store knows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Records of whom, which, of which time.

    Args:
        domain: the one that was chosen; empty: all that the visitor may see.
        since, until: nanoseconds, the end is no part of it; what `from` and `to` mean now.
        from_, to: as they were written.
    """

    scope: Scope
    domain: str
    query: Query
    since: int
    until: int
    from_: str
    to: str


def asked(parameters: Mapping[str, str], visitor: Visitor, default_from: str = "now-1h") -> Asked:
    """Of the parameters of a request.

    Raises:
        Refused: one of them is none (400), or the domain is not theirs (404).
    """
    from_, to = parameters.get("from") or default_from, parameters.get("to") or "now"
    now = time.time_ns()
    since, until = moment(from_, now, "from"), moment(to, now, "to")
    if since >= until:
        raise Refused(400, "the time ends before it begins: from is not before to")
    scope, domain = scope_of(parameters, visitor)
    return Asked(scope, domain, query_of(parameters.get("q", "")), since, until, from_, to)


def scope_of(parameters: Mapping[str, str], visitor: Visitor) -> tuple[Scope, str]:
    """Of the parameter `domain`, within what the visitor may see. Raises `NotFound`."""
    domain = parameters.get("domain", "")
    if not domain:
        return visitor.scope, ""
    if len(domain) > _LONGEST_NAME or domain not in visitor.scope:
        raise NotFound("such domain")
    return Scope.of(domain), domain


def theirs(request: HTTPConnection) -> None:
    """Of every route: a domain that its URL names is one of the visitor's. Raises `NotFound`, as for one that nobody has."""
    who = visitor(request)
    for name in request.query_params.getlist("domain"):
        scope_of({"domain": name}, who)


def query_of(text: str) -> Query:
    """Raises `Refused`, with the place."""
    try:
        return Query(text)
    except QueryError as error:
        raise no_query(error) from error


def moment(text: str, now: int, name: str) -> int:
    """`now`, `now-1h`, RFC 3339 to the nanosecond, or nanoseconds since 1970; within what a store knows. Raises `Refused`."""
    try:
        at = _unix_nano(text.strip(), now)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise Refused(
            400,
            f"{name} is no time: write now-1h, 2027-01-31T12:00:00Z, or nanoseconds since 1970",
            {"parameter": name},
        )
    return min(max(at, 0), MOST_UNIX_NANO)


def _unix_nano(text: str, now: int) -> int | None:
    """None, ValueError, OverflowError: it is no time."""
    if found := _NOW.fullmatch(text):
        return now - int(seconds(found["ago"]) * _NANO) if found["ago"] else now
    if _UNIX_NANO.fullmatch(text):
        return int(text)
    at = datetime.fromisoformat(text)
    fraction = _FRACTION.search(text)
    digits = int(fraction[1].ljust(9, "0")) if fraction else 0
    return None if at.tzinfo is None else int(at.replace(microsecond=0).timestamp()) * _NANO + digits
