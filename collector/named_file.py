"""A path, and the file that was opened by it.

An open handle is no place: `mv`, `rm`, logrotate or a restored backup take the name away, and what is written after that
goes to a file that nobody looks for, or to one that vanishes with the process. So who keeps a file open asks before
each write whether the name still leads to it.
"""

from __future__ import annotations

import os
from pathlib import Path

Identity = tuple[int, int]
"""Device and inode: what a file is, whatever it is called."""


def identity(path: Path) -> Identity | None:
    """What stands at `path` now; None for nothing."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


Version = tuple[int, int, int, int]
"""Device, inode, size and time of change (ns): a file, and what stood in it. One put in its place by `mv` is another,
however old it says it is."""


def version(path: Path) -> Version | None:
    """What stands at `path` now; None for nothing that can be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class NamedFile:
    """Remembers which file a name led to when it was opened.

    Args:
        path: the name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity: Identity | None = None

    def opened(self, file: int | None = None) -> None:
        """This is the file.

        Args:
            file: its descriptor. None, for who is not told one: what the name leads to now. Then call it before the
                opening: a file that takes its place in between is noticed, one look too often rather than never.
        """
        if file is None:
            self._identity = identity(self.path)
        else:
            status = os.fstat(file)
            self._identity = status.st_dev, status.st_ino

    def lost(self) -> str | None:
        """None while the name leads to the file that was opened; else what happened, for people."""
        now = identity(self.path)
        if now == self._identity:
            return None
        how = "moved or deleted" if now is None else "replaced"
        return (
            f"{self.path} was {how} while it was open: opened anew, what comes from now on is in the file of that name"
        )
