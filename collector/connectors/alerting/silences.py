"""Silences: who asked for quiet, about what, until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import msgpack
import re2

from collector.component import State
from collector.matchers import Matcher, all_match, parse, re2_options

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


_Asked = Sequence[tuple[str, Silence]]
"""Expressions, and whose each of them is."""


def _sets_of(given: _Asked) -> Iterator[tuple[Any, _Asked]]:
    """Expressions of a label that are asked together, anchored at both ends: RE2 bounds how large they are together, so these may be several
    sets. One that is in none is too large by itself."""
    expressions = re2.Set.FullMatchSet(re2_options())
    try:
        for expression, _ in given:
            expressions.Add(expression)
        expressions.Compile()
    except re2.error:
        half = len(given) // 2
        for part in (given[:half], given[half:]) if half else ():
            yield from _sets_of(part)
    else:
        yield expressions, given


class Silences:
    """All of a domain, made to be asked often: those that name a label's value are looked up, those that have an expression for one are found
    by all expressions at once, the others are gone through."""

    def __init__(self, kept: Sequence[Silence]) -> None:
        self.all = kept
        self._by_value: defaultdict[tuple[str, str], list[Silence]] = defaultdict(list)
        by_expression: defaultdict[str, list[tuple[str, Silence]]] = defaultdict(list)
        self._others = []
        for one in kept:
            plain = next((each for each in one.matchers if each.op == "=" and each.value), None)
            expression = next((each for each in one.matchers if each.op == "=~"), None)
            if plain is not None:
                self._by_value[plain.name, plain.value].append(one)
            elif expression is not None:
                by_expression[expression.name].append((expression.value, one))
            else:
                self._others.append(one)
        self._by_expression = [(name, *one) for name, given in by_expression.items() for one in _sets_of(given)]
        together = {silence.id for _, _, given in self._by_expression for _, silence in given}
        self._others += [one for given in by_expression.values() for _, one in given if one.id not in together]

    def hold(self, labels: Mapping[str, str], now: int) -> bool:
        """Whether one of them keeps an alert back."""
        named = (one for item in labels.items() for one in self._by_value.get(item, ()))
        found = (
            given[at][1]
            for name, expressions, given in self._by_expression
            for at in expressions.Match(labels.get(name, "")) or ()
        )
        return any(one.holds(labels, now) for one in chain(named, found, self._others))


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
    return Silences([one for row in msgpack.unpackb(kept) if (one := _of_row(row)) is not None])


def _of_row(row: Sequence[Any]) -> Silence | None:
    """None: what it is about cannot be read (names with blanks were once kept without quotes); the others hold nevertheless."""
    id_, text, starts, ends, who, why = row
    try:
        return Silence(id_, parse(text), starts, ends, who, why)
    except ValueError:
        return None
