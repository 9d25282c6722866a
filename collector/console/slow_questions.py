"""Questions to the store that took long, told as events of the service: what was asked, without a value in it, and how SQLite went about it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from collector.console.masking import Masks
from collector.control.catalogue import CONSOLE_SLOW
from collector.control.record import Value
from collector.control.reporter import Reporter
from collector.store.reading import Readable

_AGAIN_SECS = 600.0
_KINDS = 200
_MOST_CHARACTERS = 1500
_A_MINUTE = 6
_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b", re.IGNORECASE)
_NARROWED = re.compile(r"_[0-9a-f]{32}\b")
"""What `reading.guarded` puts behind the names of tables."""
_PLACE = re.compile(r"\?(\d*)")
_SPACE = re.compile(r"\s+")


@runtime_checkable
class Timed(Protocol):
    """A connection that remembers which statement of a question took longest: each lasts until the next one, or the end."""

    def begin(self) -> None:
        """A question begins."""
        ...

    def longest(self) -> tuple[float, str]:
        """Of its statements: seconds, text."""
        ...

    def plan(self, statement: str) -> str:
        """How rows are found, a step after the other; empty where nobody says."""
        ...


class Laps:
    """Of the statements of a question."""

    def __init__(self) -> None:
        self._running: tuple[float, str] | None = None
        self._longest: tuple[float, str] = (0.0, "")

    def begin(self) -> None:
        """Of a question."""
        self._running, self._longest = None, (0.0, "")

    def lap(self, statement: str | None) -> None:
        """The one before ended, and this begins."""
        now = time.perf_counter()
        if self._running is not None:
            began, before = self._running
            self._longest = max(self._longest, (now - began, before))
        self._running = (now, statement) if statement is not None else None

    def longest(self) -> tuple[float, str]:
        """Seconds, text."""
        self.lap(None)
        return self._longest


class TimedConnection(sqlite3.Connection):
    """To a file; see `Timed`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._laps = Laps()
        self.begin, self.longest = self._laps.begin, self._laps.longest
        self.give_way: Callable[[float], None] = lambda _: None

    def execute(self, statement: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As of any connection."""
        self._laps.lap(statement)
        return super().execute(statement, parameters)

    def mask(self, masks: Masks | None) -> None:
        """See `collector.console.masking.Maskable`."""
        self.row_factory = masks.row if masks is not None else None

    def plan(self, statement: str) -> str:
        """See `Timed`."""
        try:
            steps = super().execute(f"EXPLAIN QUERY PLAN {statement}", [None] * _places(statement)).fetchall()
        except sqlite3.Error:
            return ""
        return _NARROWED.sub("", "; ".join(str(step[3]) for step in steps))[:_MOST_CHARACTERS]


class SlowQuestions:
    """Tells of those that took `least_secs` (0: of none): each statement once in ten minutes, six a minute. Safe from any thread."""

    def __init__(self, reporter: Reporter, least_secs: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._reporter = reporter
        self._least_secs = least_secs
        self._clock = clock
        self._told: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Statement → when it was told last, and how often it was slow since."""
        self._lately: list[float] = []

    def ended(self, connection: Readable, secs: float) -> None:
        """A question took so long; on the thread that asked it."""
        if not self._least_secs or secs < self._least_secs or not isinstance(connection, Timed):
            return
        statement_secs, statement = connection.longest()
        shape = shape_of(statement)
        count = self._due(shape)
        if not count:
            return
        told: dict[str, Value] = {"logboom.statement": shape, "logboom.plan": connection.plan(statement), "logboom.count": count,
                "logboom.seconds": round(secs, 3)}  # fmt: skip
        self._reporter.tell(
            CONSOLE_SLOW, f"a question to the store took {secs:.1f} s, {statement_secs:.1f} s of it one statement", told
        )

    def _due(self, shape: str) -> int:
        """How often it was slow since it was told last; 0: it is not told now."""
        now = self._clock()
        at, count = self._told.pop(shape, (-_AGAIN_SECS, 0))
        self._lately = [each for each in self._lately if now - each < 60]
        due = now - at >= _AGAIN_SECS and len(self._lately) < _A_MINUTE
        self._told[shape] = (now, 0) if due else (at, count + 1)
        while len(self._told) > _KINDS:
            self._told.popitem(last=False)
        if due:
            self._lately.append(now)
        return count + 1 if due else 0


def shape_of(statement: str) -> str:
    """A statement without the values in it: `?` stands for each."""
    return _SPACE.sub(" ", _VALUE.sub("?", statement)).strip()[:_MOST_CHARACTERS]


def _places(statement: str) -> int:
    """How many parameters it takes."""
    found = _PLACE.findall(statement)
    return max((int(number) if number else at + 1 for at, number in enumerate(found)), default=0)
