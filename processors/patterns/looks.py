"""What stands in the places of wildcards: its kind, how many different values, the most frequent ones.

Not every record is looked at, but each pattern's first, and later ones ever more seldom; so counts are of looks. The most frequent
values are kept by space-saving (a new one takes the place and the count of the least), how many there are is told by a bitmap of hashes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import re2
import xxhash

TOP, BITS, VALUE_CHARACTERS, MOST_WILDCARDS = 8, 256, 60, 12

_KINDS = (
    ("int", re.compile(r"[+-]?\d{1,18}")),
    ("float", re.compile(r"[+-]?\d+[.,]\d+(?:[eE][+-]?\d+)?")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("ip", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?")),
    ("time", re.compile(r"(?:\d{4}-\d\d-\d\d)?[T ]?(?:\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?)?Z?")),
    ("duration", re.compile(r"\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)")),
    ("size", re.compile(r"\d+(?:\.\d+)? ?(?:[KMGTP]i?B|B|bytes?)")),
    ("boolean", re.compile(r"true|false")),
    ("hex", re.compile(r"(?:0x)?[0-9a-fA-F]{6,}")),
    ("url", re.compile(r"[a-z][a-z0-9+.-]*://\S*")),
    ("path", re.compile(r"(?:/[^/\s]+)+/?")),
    ("word", re.compile(r"[\w.$-]+")),
)


def kind_of(value: str) -> str:
    """What a value looks like."""
    return next((name for name, form in _KINDS if value and form.fullmatch(value)), "text")


class Parameter(NamedTuple):
    """One wildcard. `least` and `most` of values that are numbers."""

    kind: str
    distinct: int
    top: list[tuple[str, int]]
    least: float | None = None
    most: float | None = None


class Looks:
    """What was seen in the places of a pattern's wildcards. `seen`: lines that were looked at."""

    def __init__(self, seen: int = 0, places: Sequence[_Place] = ()) -> None:
        self.seen = seen
        self._places = list(places)

    def add(self, values: Sequence[str]) -> None:
        """What one line has in the places, from left to right."""
        self.seen += 1
        if len(values) != len(self._places):  # the template became another one
            self._places = [_Place() for _ in values[:MOST_WILDCARDS]]
        for place, value in zip(self._places, values, strict=False):
            place.add(value[:VALUE_CHARACTERS])

    def parameters(self) -> list[Parameter]:
        """Of each wildcard."""
        return [place.parameter() for place in self._places]

    def plain(self) -> list[Any]:
        """As JSON."""
        return [self.seen, *(place.plain() for place in self._places)]

    @classmethod
    def of(cls, plain: list[Any]) -> Looks:
        """What `plain` gave."""
        return cls(plain[0], [_Place(*place) for place in plain[1:]])


class _Place:
    def __init__(
        self,
        kind: str = "",
        top: dict[str, int] | None = None,
        bits: str = "0",
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        self._kind, self._top, self._bits, self._least, self._most = kind, top or {}, int(bits, 16), least, most

    def add(self, value: str) -> None:
        kind = kind_of(value)
        self._kind = (
            kind if self._kind in ("", kind) else ("float" if {kind, self._kind} == {"int", "float"} else "text")
        )
        self._bits |= 1 << xxhash.xxh3_64_intdigest(value.encode()) % BITS
        if kind in ("int", "float"):
            number = float(value.replace(",", "."))
            self._least = number if self._least is None else min(self._least, number)
            self._most = number if self._most is None else max(self._most, number)
        taken = 0
        if value not in self._top and len(self._top) == TOP:
            least = min(self._top, key=lambda known: self._top[known])
            taken = self._top.pop(least)
        self._top[value] = self._top.get(value, taken) + 1

    def parameter(self) -> Parameter:
        empty = BITS - self._bits.bit_count()
        distinct = round(BITS * math.log(BITS / max(empty, 1)))
        top = sorted(self._top.items(), key=lambda item: (-item[1], item[0]))
        return Parameter(self._kind, distinct, top, self._least, self._most)

    def plain(self) -> list[Any]:
        return [self._kind, self._top, f"{self._bits:x}", self._least, self._most]


def values_in(template: str, line: str) -> list[str] | None:
    """What stands in the places of the wildcards of a template in a line; None where the line is put otherwise.

    RE2 finds it in linear time, whatever the line.
    """
    form = _form(template)
    found = None if form is None else form.fullmatch(line)
    return None if found is None else [group.strip() for group in found.groups()]


@lru_cache(maxsize=4096)
def _form(template: str) -> Any:
    pieces = [r"\s+".join(map(re2.escape, piece.split())) for piece in re.split(r"\s*<\*>\s*", template)]
    if not 2 <= len(pieces) <= MOST_WILDCARDS + 1:
        return None
    return re2.compile(r"\s*" + r"\s*(\S.*?)\s*".join(pieces) + r"\W*")
