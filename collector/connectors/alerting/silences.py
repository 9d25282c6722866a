"""Silences: who asked for quiet, about what, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgpack

from collector.component import State
from collector.connectors.alerting.matchers import Matcher, all_match, parse

PREFIX = b"s/"
MOST = 1000
"""Of a domain, at once."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One of them. Times in ns."""

    id: str
    matchers: Sequence[Matcher]
    starts: int
    ends: int
    who: str
    why: str

    def holds(self, labels: Mapping[str, str], now: int) -> bool:
        """Whether an alert is kept back by it."""
        return self.starts <= now < self.ends and all_match(self.matchers, labels)

    @property
    def text(self) -> str:
        """Its matchers, as they are written."""
        return "{" + ", ".join(str(one) for one in self.matchers) + "}"


def keep(state: State, one: Silence) -> None:
    """Write it."""
    state.put(PREFIX + one.id.encode(), msgpack.packb([one.text, one.starts, one.ends, one.who, one.why]))


def get(state: State, id_: str) -> Silence | None:
    """The one with an id."""
    found = state.get(PREFIX + id_.encode())
    return None if found is None else _read(id_.encode(), found)


def active(state: State, now: int) -> Sequence[Silence]:
    """Those that are not over; the others are forgotten."""
    found = []
    for name, value in state.scan(PREFIX):
        one = _read(name.removeprefix(PREFIX), value)
        if one.ends > now:
            found.append(one)
        else:
            state.delete(name)
    return found


@lru_cache(4096)
def _read(name: bytes, value: bytes) -> Silence:
    text, starts, ends, who, why = msgpack.unpackb(value)
    return Silence(name.decode(), parse(text), starts, ends, who, why)
