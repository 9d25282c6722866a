"""Issues, as lists and one by one."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.console.refusal import NotFound, Refused
from collector.store.issue_reading import OPEN, STATES, Ambiguous, Row, counted, found, listed, trends
from collector.store.reading import Readable

PARTS = 24
MOST = 50
_EVENTS = re.compile(r"\bof (\d[\d,]*) events")
_NANO = 10**9
_DAY_NS = 86_400 * _NANO


@dataclass(frozen=True, slots=True)
class Issues:
    """The first ones in a state, each with `trend`: its events in 24 parts of the last day."""

    rows: Sequence[Row]
    states: Mapping[str, int]

    @property
    def open(self) -> int:
        """How many there are that are neither archived nor resolved."""
        return sum(self.states.get(state, 0) for state in OPEN)


def states_of(name: str) -> Sequence[str]:
    """`open`, `all`, or one state. Raises `Refused`."""
    if name in ("", "open"):
        return OPEN
    if name == "all":
        return STATES
    if name not in STATES:
        raise Refused(400, f"there is no such state: there is open, all, {', '.join(STATES)}")
    return (name,)


def issues(connection: Readable, states: Sequence[str], order: str, limit: int = MOST) -> Issues:
    """Those in these states, in one of `issue_reading.ORDERS`."""
    rows, now = listed(connection, states, 0, min(limit, MOST), order), time.time_ns()
    events = trends(connection, rows, now - _DAY_NS, now, PARTS)
    made = [{**row, "trend": events[row["domain"], row["issue_id"]]} for row in rows]
    return Issues([{**row, "events": max(row["events"] or 0, sum(row["trend"]))} for row in made], counted(connection))


def issue(connection: Readable, id_: str) -> Row:
    """One; `events`: as they are stored, `told_events`: as they were when its owner last told of it, and found its cause.

    Raises:
        NotFound: there is none.
        Refused: several are meant.
    """
    try:
        row = found(connection, id_)
    except Ambiguous as problem:
        raise Refused(409, f"{problem}: name the domain") from problem
    if row is None:
        raise NotFound("such issue")
    told, first = row["events"] or 0, row["first_seen_unix_nano"] or 0
    stored = trends(connection, [row], first, time.time_ns(), 1)[row["domain"], row["issue_id"]]
    return {**row, "events": max(told, sum(stored)), "told_events": told}


def events_at_cause(row: Row) -> int:
    """How many events it had when its cause was found: what the sentence says, else what its owner last told."""
    found = _EVENTS.search(row["cause"] or "")
    return int(found[1].replace(",", "")) if found else int(row["told_events"])


def counts_of(values: Any, most: int = 5) -> list[tuple[str, int]]:
    """(value, events), the most frequent first."""
    ordered = sorted((values or {}).items(), key=lambda each: (-each[1], each[0]))
    return [(str(name), int(n)) for name, n in ordered[:most]]
