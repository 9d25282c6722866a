"""What may be spent in a day (UTC), kept by all processes that share it: set aside before it is spent, corrected behind. Whoever dies in between
has spent it, so the bound holds over any death. A file that can't be read counts as spent, also an empty one.

The file is one record of JSON, padded to a sector: each write replaces all of it at once, so no death leaves a part of one.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

_DAY_SECS = 86_400
_RECORD_BYTES = 512

Amounts = Mapping[str, float]
"""Name → how much, such as `calls`, `tokens`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was set aside, and on which day."""

    day: int
    amounts: Amounts


class DayBudget:
    """`take` before, `settle` behind.

    Args:
        path: the file; made when there is none (0600).
        limits: what a day has of each; what is not named, or 0, is not bounded.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, limits: Amounts, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._limits = {name: most for name, most in limits.items() if most > 0}
        self._clock = clock

    def take(self, amounts: Amounts) -> Taken | None:
        """Set it aside; None where the day has not as much left: then nothing is."""
        with self._locked() as file:
            day, spent = self._read(file)
            after = _sum(spent, amounts)
            if any(after.get(name, 0.0) > most for name, most in self._limits.items()):
                return None
            _write(file, day, after)
            return Taken(day, amounts)

    def settle(self, taken: Taken, used: Amounts) -> None:
        """So much was it in the end."""
        with self._locked() as file:
            day, spent = self._read(file)
            if day == taken.day:
                _write(file, day, _sum(_sum(spent, taken.amounts, -1.0), used))

    def spent(self) -> Amounts:
        """Of this day."""
        with self._locked() as file:
            return self._read(file)[1]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        if not self._path.exists():
            self._make()
        file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # lets go of the lock

    def _make(self) -> None:
        """It appears with its first record in it; who comes second takes what is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            _write(file, int(self._clock() // _DAY_SECS), {})
            with suppress(FileExistsError):
                os.link(name, self._path)
        finally:
            os.close(file)
            Path(name).unlink()

    def _read(self, file: int) -> tuple[int, Amounts]:
        """The day, and what was spent of it. A clock that was put back brings no new day; one that is further behind what is written was wrong
        when that was written, and then it counts for today."""
        today = int(self._clock() // _DAY_SECS)
        stored = os.pread(file, 4096, 0)
        try:
            said = orjson.loads(stored)
            day, spent = int(said["day"]), {str(name): float(value) for name, value in said["spent"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            day, spent = today + 2, dict(self._limits)
        if day < today:
            return today, {}
        if day > today + 1:
            _write(file, today, spent)
            return today, spent
        return day, spent


def _sum(spent: Amounts, more: Amounts, sign: float = 1.0) -> dict[str, float]:
    return {name: max(0.0, spent.get(name, 0.0) + sign * more.get(name, 0.0)) for name in {**spent, **more}}


def _write(file: int, day: int, spent: Amounts) -> None:
    os.pwrite(file, orjson.dumps({"day": day, "spent": spent}).ljust(_RECORD_BYTES), 0)
    os.fsync(file)
