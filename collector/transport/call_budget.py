"""How many calls an API token may make, kept by all exporters and processes that share the token.

The generic cell rate algorithm: the state is one number, the time at which the bucket would be empty again. It lives in
a small file under a lock, so that it holds for every worker and survives a restart. In any window at most `calls` are
let through: `burst` at once, the rest evenly spaced.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

_STATE = struct.Struct("<d")


class BudgetSpent(Exception):
    """No call for `after_secs`; nothing was booked. `kept`: there are some, for others than whoever asked."""

    def __init__(self, after_secs: float, *, kept: bool = False) -> None:
        self.after_secs = after_secs
        self.kept = kept
        what = "what is left of the token's calls is kept for delivery" if kept else "the token's calls are used up"
        super().__init__(f"{what} for {after_secs:.1f} s")


class CallBudget:
    """`take` before each call, `pause` when the other side says that it is enough.

    Args:
        path: the file; made when there is none (0600).
        calls: how many in a window; 0 = no limit, and then only `pause` holds calls back.
        window_secs: the window.
        clock: seconds since the epoch.
    """

    def __init__(
        self, path: Path, calls: int, window_secs: float = 300.0, clock: Callable[[], float] = time.time
    ) -> None:
        burst = max(1, min(40, calls // 4))
        self._interval = window_secs / max(1, calls - burst) if calls else 0.0
        self._tolerance = (burst - 1) * self._interval
        self._window = window_secs
        self._path = path
        self._clock = clock

    def take(self, patience_secs: float, share: float = 1.0) -> float:
        """Book one call; returns how many seconds to wait before making it.

        Args:
            share: of the calls that may be made at once; whoever names less than all of them leaves the others to those who name all. As calls that
                are not made don't add up beyond these, who names all has every call of the window, too, when he needs it.

        Raises:
            BudgetSpent: that would be more than `patience_secs`.
        """
        with _Locked(self._path) as state:
            now = self._clock()
            empty = self._valid(state.read(), now)
            wait = empty - self._tolerance * share - now
            if wait > patience_secs:
                raise BudgetSpent(wait, kept=empty - self._tolerance <= now)
            state.write(empty + self._interval)
        return max(0.0, wait)

    def pause(self, secs: float) -> None:
        """No call for so long, by nobody who shares the budget; at most a window."""
        with _Locked(self._path) as state:
            now = self._clock()
            empty = self._valid(state.read(), now)
            state.write(max(empty, now + min(secs, self._window) + self._tolerance))

    def _valid(self, empty: float, now: float) -> float:
        """A clock that was put back must not stop calls for longer than two windows."""
        return min(max(empty, now), now + 2 * self._window)


class _Locked:
    """The file's number, for one process at a time; the lock is held for microseconds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Locked:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)  # lets go of the lock

    def read(self) -> float:
        stored = os.pread(self._file, _STATE.size, 0)
        return float(_STATE.unpack(stored)[0]) if len(stored) == _STATE.size else 0.0

    def write(self, value: float) -> None:
        os.pwrite(self._file, _STATE.pack(value), 0)
