"""Wakes who waits for a file to be written to, by whichever process: inotify (Linux), which the standard library does not show."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

_MODIFIED = 0x2
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_EVENTS_BYTES = 64 << 10


class Watch:
    """Readable (`fileno`) when one of its files was written to since the last `rest`. One thread uses it.

    Raises:
        OSError: the system has none (more), or none at all.
    """

    def __init__(self) -> None:
        self._system = _system()
        self._descriptor = _checked(self._system.inotify_init1(_FLAGS))

    def fileno(self) -> int:
        """For `select` and the like."""
        return self._descriptor

    def add(self, file: Path) -> None:
        """Watch a file, by its contents: one that takes its name is another one. Raises OSError."""
        _checked(self._system.inotify_add_watch(self._descriptor, os.fsencode(file), _MODIFIED))

    def rest(self) -> None:
        """Forget what was written."""
        try:
            while len(os.read(self._descriptor, _EVENTS_BYTES)) == _EVENTS_BYTES:
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Let go of it; safe twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _system() -> Any:
    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "inotify_init1"):
        raise OSError("this system has no inotify")
    return system


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
