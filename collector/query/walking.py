"""A time in slices, the newest first, within a budget: they grow as long as they are quick, and one that takes too long is interrupted and cut."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar, runtime_checkable

from collector.store.reading import Readable

_Found = TypeVar("_Found")

_SLICES = 64
_LONGEST_FIRST = 3600 * 10**9
_SHORTEST = 10**9
_GROWTH, _CUT = 2, 8
_QUICK, _SLOW = 1 / 8, 1 / 4
"""Of the budget. What grew because it was quick is not slow at once."""
_STEPS = 20_000


@runtime_checkable
class Spends(Protocol):
    """A connection that may do so much and no more: what is looked at ends there."""

    @property
    def spent(self) -> bool: ...


@runtime_checkable
class GivesWay(Protocol):
    """A connection for whose place others may wait."""

    give_way: Callable[[float], None]
    """Called where nothing is asked: lets them, for so many seconds at most; nothing where nobody waits."""


def walked(
    connection: Readable, span: tuple[int, int], budget_secs: float, ask: Callable[[int, int], _Found]
) -> Iterator[tuple[int, _Found]]:
    """The beginning of each slice, and what `ask(low, high)` found there. It ends at the beginning of the span, or when the budget is spent (0: there is
    none), but not before one slice was looked at, so whoever goes on from there comes to an end: of the shortest, a second, however long that takes.

    Args:
        span: nanoseconds; the end is no part of it.

    Raises:
        sqlite3.Error: what `ask` raises, but for interrupts.

    Within a budget others are let in front between two slices (`GivesWay`); that time is spent, too.
    """
    since, until = span
    high, width = until, min(_LONGEST_FIRST, max(_SHORTEST, (until - since) // _SLICES))
    deadline = time.monotonic() + budget_secs if budget_secs else None
    while high > since:
        low, began = max(since, high - width), time.monotonic()
        try:
            with _watched(connection, _patience(deadline, began + budget_secs * _SLOW, width, first=high == until)):
                found = ask(low, high)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            if high < until and _over(deadline):
                return
            width = max(_SHORTEST, width // _CUT)
            _give_way(connection, deadline)
            continue
        width *= _GROWTH if time.monotonic() - began < (budget_secs or 1.0) * _QUICK else 1
        high = low
        yield low, found
        if _over(deadline) or (isinstance(connection, Spends) and connection.spent):
            return
        if high > since:
            _give_way(connection, deadline)


def _give_way(connection: Readable, deadline: float | None) -> None:
    if deadline is not None and isinstance(connection, GivesWay):
        connection.give_way(deadline - time.monotonic())


def _patience(deadline: float | None, slow: float, width: int, *, first: bool) -> float | None:
    """Until when a slice may take. The first ones may be cut until one is looked at."""
    if deadline is None:
        return None
    if width <= _SHORTEST:
        return None if first else deadline
    return slow if first else min(slow, deadline)


def _over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


@contextmanager
def _watched(connection: Readable, deadline: float | None) -> Iterator[None]:
    """A statement on a file that is not done by then is interrupted."""
    if deadline is None or not isinstance(connection, sqlite3.Connection):
        yield
        return
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
