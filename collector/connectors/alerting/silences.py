"""Silences: who asked for quiet, about what, until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import msgpack

from collector.component import State
from collector.matchers import Matcher, all_match, parse

_NAME = b"s"
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


class Silences:
    """All of a domain, made to be asked often: those that name a label's value are looked up, the others gone through."""

    def __init__(self, kept: Sequence[Silence]) -> None:
        self.all = kept
        self._by_value: defaultdict[tuple[str, str], list[Silence]] = defaultdict(list)
        self._others = []
        for one in kept:
            plain = next((each for each in one.matchers if each.op == "=" and each.value), None)
            if plain is None:
                self._others.append(one)
            else:
                self._by_value[plain.name, plain.value].append(one)

    def hold(self, labels: Mapping[str, str], now: int) -> bool:
        """Whether one of them keeps an alert back."""
        named = (one for item in labels.items() for one in self._by_value.get(item, ()))
        return any(one.holds(labels, now) for one in chain(named, self._others))


def of(state: State) -> Silences:
    """Those that a domain keeps; some may be over."""
    kept = state.get(_NAME)
    return _NONE if kept is None else _read(kept)


def keep(state: State, one: Silence, now: int) -> bool:
    """Write it, in the place of one with the same id; those that are over are forgotten. False: there are too many."""
    kept = [row for row in msgpack.unpackb(state.get(_NAME) or b"\x90") if row[0] != one.id and row[3] > now]
    if len(kept) >= MOST:
        return False
    state.put(_NAME, msgpack.packb([*kept, [one.id, one.text, one.starts, one.ends, one.who, one.why]]))
    return True


_NONE = Silences(())


@lru_cache(64)
def _read(kept: bytes) -> Silences:
    return Silences([
        Silence(id_, parse(text), starts, ends, who, why) for id_, text, starts, ends, who, why in msgpack.unpackb(kept)
    ])  # fmt: skip
