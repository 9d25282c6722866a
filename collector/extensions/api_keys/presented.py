"""The key that a request shows, wherever senders without our SDK put one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from collector.domains.resolver import RequestFacts
from collector.errors import InvalidPayload

AUTHORIZATION = "authorization"


class Presented(NamedTuple):
    """A key's text, maybe not one of ours; empty where none could be made out. `in_url`: everybody on the way may know it."""

    text: str
    in_url: bool = False


class Places:
    """Where a key may stand.

    Args:
        headers: lower-case names.
        parameter: of the URL; empty for none.
    """

    def __init__(self, headers: Sequence[str], parameter: str) -> None:
        self._headers = headers
        self._parameter = parameter

    def look(self, request: RequestFacts) -> Presented | None:
        """None where nothing was shown. Raises InvalidPayload: more than one key."""
        there = [
            name for name in self._headers if request.header(name) is not None
        ]  # a look-up; `values` goes through all
        found = [(name, value) for name in there for value in request.values(name)]
        if not found:
            return self._in_url(request)
        if len(found) > 1:
            raise InvalidPayload(f"more than one credential ({', '.join(name for name, _ in found)})")
        name, value = found[0]
        return Presented(_of_authorization(value) if name == AUTHORIZATION else value.strip()) if value else None

    def _in_url(self, request: RequestFacts) -> Presented | None:
        values = request.parameters(self._parameter) if self._parameter else ()
        if len(values) > 1:
            raise InvalidPayload(f"more than one parameter {self._parameter}")
        return Presented(values[0], in_url=True) if values and values[0] else None


def _of_authorization(value: str) -> str:
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    match scheme.lower():
        case "bearer" | "splunk":
            return rest
        case "apikey":  # Elastic's senders show base64 of id:key
            return rest if rest.startswith("lb") else _decoded(rest).rpartition(":")[2]
        case "basic":
            return _decoded(rest).partition(":")[2]
        case _:
            return ""


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
