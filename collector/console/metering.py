"""What a request had to read in a store that bills for it: so many rows, told in its answer."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

HEADER = b"x-logboom-rows-read"


@runtime_checkable
class Metered(Protocol):
    """A connection to a store that bills rows: those read since it was made."""

    @property
    def rows_read(self) -> int: ...


@dataclass(slots=True)
class Meter:
    """Of a request. `rows`: None: nothing that is billed was asked."""

    rows: int | None = None

    def add(self, connection: object) -> None:
        """What was read on it."""
        if isinstance(connection, Metered):
            self.rows = (self.rows or 0) + connection.rows_read


_METER: ContextVar[Meter] = ContextVar("meter")


def metered() -> Meter:
    """One for the request that begins here."""
    meter = Meter()
    _METER.set(meter)
    return meter


def meter() -> Meter:
    """That of the request; one that nobody looks at outside of any."""
    return _METER.get(None) or Meter()


def rows_read() -> int | None:
    """By the request so far; None: nothing that is billed was asked."""
    return meter().rows
