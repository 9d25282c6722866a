"""Texts in which people have marked what must be hidden, and how well something finds it.

A line is a JSON object: `class` (`none`: nothing in it is to be hidden), `what` exactly, `text`, and `hidden`, the parts of the text that are
to be hidden. `¦` is no part of either: it stands in tokens so that the files hold none that a scanner of secrets would report.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

JOINT = "¦"
Span = tuple[int, int, str]
"""Where something was found in a text, and its class."""


@dataclass(frozen=True)
class Labelled:
    """A text and what is to be hidden of it."""

    cls: str
    what: str
    text: str
    hidden: Sequence[str]


@dataclass
class Score:
    """How often something was right, by class."""

    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """How many of the finds were to be hidden."""
        return self.right.total() / max(self.found.total(), 1)

    @property
    def recall(self) -> float:
        """How many of the values that were to be hidden are, whole."""
        return self.hit.total() / max(self.wanted.total(), 1)

    def report(self) -> str:
        """A table for people."""
        lines = [f"{'class':12} precision       recall"]
        for cls in sorted(self.found | self.wanted):
            lines.append(f"{cls:12} {_rate(self.right[cls], self.found[cls])} {_rate(self.hit[cls], self.wanted[cls])}")
        lines.append(
            f"{'all':12} {_rate(self.right.total(), self.found.total())} {_rate(self.hit.total(), self.wanted.total())}"
        )
        return "\n".join(
            [*lines, *(f"missed   {each}" for each in self.misses), *(f"false    {each}" for each in self.alarms)]
        )


def read(path: Path) -> list[Labelled]:
    """The values of a file."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Labelled(
            row["class"],
            row["what"],
            row["text"].replace(JOINT, ""),
            [each.replace(JOINT, "") for each in row["hidden"]],
        )
        for row in rows
    ]


def score(values: Iterable[Labelled], find: Callable[[str], Sequence[Span]]) -> Score:
    """A value is found where it is hidden whole, whatever its class is taken for; a find is right where it touches such a value."""
    done = Score()
    for value in values:
        spans = find(value.text)
        places = [_place(value.text, hidden) for hidden in value.hidden]
        for hidden, (begin, end) in zip(value.hidden, places, strict=True):
            covered = {at for start, stop, _ in spans for at in range(start, stop)}
            whole = covered.issuperset(range(begin, end))
            done.wanted[value.cls] += 1
            done.hit[value.cls] += whole
            done.misses += [] if whole else [f"{value.cls}, {value.what}: {hidden!r} in {value.text!r}"]
        for start, stop, cls in spans:
            right = any(start < end and begin < stop for begin, end in places)
            done.found[cls] += 1
            done.right[cls] += right
            done.alarms += [] if right else [f"{cls}, {value.what}: {value.text[start:stop]!r} in {value.text!r}"]
    return done


def _place(text: str, hidden: str) -> tuple[int, int]:
    begin = text.rindex(hidden)  # a name before its value may be spelled alike
    return begin, begin + len(hidden)


def _rate(part: int, whole: int) -> str:
    return f"{part:4}/{whole:4} {part / whole:.3f}" if whole else f"{part:4}/{whole:4}     -"
