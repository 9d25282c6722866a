"""What a look at a place found, for all who follow it: where each asked by itself, eight quiet tails would use all calls of a token."""

from __future__ import annotations

import time
from collections.abc import Callable

from collector.store.reading import Rows

_FRESH = 3 / 4
"""Of the time between two looks: the next one asks again, though its moment is not exact."""


class Looks:
    """On the thread of tails.

    Args:
        look_secs: between two looks.
    """

    def __init__(self, look_secs: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fresh_secs = look_secs * _FRESH
        self._clock = clock
        self._found: dict[str, tuple[float, Rows]] = {}

    def found(self, place: str, ask: Callable[[], Rows]) -> Rows:
        """What was found a moment ago, else what `ask` finds. Raises what that raises, and remembers nothing then."""
        at, rows = self._found.get(place, (0.0, None))
        if rows is None or self._clock() - at >= self._fresh_secs:
            rows = ask()
            self._found[place] = (self._clock(), rows)
        return rows
