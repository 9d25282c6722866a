"""What the places of a template hold that vary: durations, numbers with a limit, words of which there are few.

Per pattern a plan is made once; patterns whose places say nothing cost nothing afterwards.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_WILDCARD = "<*>"
_MOST_PLACES = 8
_LONGEST = 2_000
_NUMBER = r"([+-]?\d+(?:\.\d+)?)"
_DURATION = re.compile(rf"^{_NUMBER}\s?(ns|us|µs|ms|msec|s|sec|secs|seconds|m|min)?\.?$")
_PERCENT = re.compile(rf"^{_NUMBER}\s?%?$")
_DAYS = re.compile(rf"^{_NUMBER}\s?(days?|d)?$")
_WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_.:/-]{0,39}$|^[1-5]\d\d$")
_MS = {
    "ns": 1e-6,
    "us": 1e-3,
    "µs": 1e-3,
    "ms": 1.0,
    "msec": 1.0,
    "s": 1e3,
    "sec": 1e3,
    "secs": 1e3,
    "seconds": 1e3,
    "m": 6e4,
    "min": 6e4,
}
_TAKES = re.compile(r"(?i)\b(in|took|takes|taken|after|duration|elapsed|latency|time|cost)\b[ =:]*$")
_FILLS = re.compile(
    r"(?i)\b(disks?|file ?systems?|volumes?|partitions?|inodes?|memory|heap|swap|queues?|quotas?|pools?|connections?|buffers?|"
    r"capacity|usage|used|utili[sz]ation|full|backlog)\b"
)
_ENDS = re.compile(r"(?i)\b(expires?|expiring|valid|left|remaining|renew\w*)\b")
_OF = re.compile(r"(?i)^\s?(of|/|out of)\s?$")


class Place(NamedTuple):
    """What a place holds: `duration`, `percent`, `of` (the next place is its limit), `days`, `word`; `unit` where it stands behind."""

    kind: str
    unit: str = ""


class Plan(NamedTuple):
    """How a line of a pattern is read: an expression with a group for each place."""

    expression: re.Pattern[str]
    places: tuple[Place | None, ...]


class Read(NamedTuple):
    """What one place of one line says: `duration` in ms, `number` with its limit, or a `word`."""

    place: int
    duration: float | None = None
    number: float | None = None
    limit: float = 0.0
    word: str = ""


@lru_cache(maxsize=4096)
def plan(template: str) -> Plan | None:
    """Of a template; None: nothing to read."""
    parts = template.split(_WILDCARD)
    if not 1 < len(parts) <= _MOST_PLACES + 1 or len(template) > _LONGEST:
        return None
    places = [_place(parts, i) for i in range(len(parts) - 1)]
    if not any(places):
        return None
    texts = [re.escape(re.sub(r"\s+", " ", part)).replace(r"\ ", r"\s+") for part in parts]
    return Plan(re.compile("(.{1,60}?)".join(texts) + "$"), tuple(places))


def _place(parts: list[str], i: int) -> Place | None:
    before, behind = parts[i], parts[i + 1]
    whole = " ".join(parts)
    if _ENDS.search(whole) and (re.match(r"\s?days?\b", behind) or re.search(r"(?i)\b(in|after|for)\s?$", before)):
        return Place("days", "days" if re.match(r"\s?days?\b", behind) else "")
    if _TAKES.search(before) or re.match(r"\s?(ms|µs|us)\b", behind):
        unit = re.match(r"\s?(ms|µs|us|s|seconds)\b", behind)
        return Place("duration", unit.group(1) if unit else "")
    if _FILLS.search(whole):
        if _OF.match(behind) and i + 2 < len(parts):
            return Place("of")
        return Place("percent", "%" if behind.lstrip().startswith("%") else "")
    return Place("word")


def read(plan: Plan, line: str) -> list[Read]:
    """What a line says by a plan; nothing where it doesn't fit."""
    found = plan.expression.search(line) if len(line) <= _LONGEST else None
    if found is None:
        return []
    texts = found.groups()
    read_ = [_read(place, i, texts) for i, place in enumerate(plan.places) if place is not None]
    return [each for each in read_ if each is not None]


def _read(place: Place, i: int, texts: tuple[str, ...]) -> Read | None:
    text = texts[i].strip()
    if place.kind == "duration":
        said = _DURATION.match(text)
        unit = (said.group(2) or place.unit) if said else ""
        return Read(i, duration=float(said.group(1)) * _MS[unit]) if said and unit else None
    if place.kind == "percent":
        said = _PERCENT.match(text)
        is_share = said and (place.unit or text.endswith("%"))
        return Read(i, number=float(said.group(1)), limit=100.0) if said and is_share else None
    if place.kind == "of":
        said, most = _PERCENT.match(text), _PERCENT.match(texts[i + 1].strip())
        return Read(i, number=float(said.group(1)), limit=float(most.group(1))) if said and most else None
    if place.kind == "days":
        said = _DAYS.match(text)
        return Read(i, number=-float(said.group(1)), limit=0.0) if said and (place.unit or said.group(2)) else None
    return Read(i, word=text) if _WORD.match(text) else None
