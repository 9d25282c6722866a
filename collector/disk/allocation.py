"""The blocks of `data.mdb`: taken from the file system in steps, ahead of need.

A page is written where a block was reserved for it before, so that a disk that fills up later fails no commit. What the
writer may use is what has its blocks; a step that the file system refuses leaves it at that, as a smaller budget would,
and is tried again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from collector.disk.directory import sync_directory
from collector.errors import StorageError

STEP_BYTES = 32 << 20
"""What a file has at first, and what it grows by."""

MAP_FACTOR = 1.25
"""A file may grow to its budget, times this: for pages of old transactions, and the reserve."""

_RETRY_SECS = 1.0
_log = logging.getLogger(__name__)


class Allocation:
    """The blocks of one file. Any thread.

    `size_bytes`: the part of the file, from its beginning, that has them. `refused`: why the file system did not give
    the last step; empty when it did.
    """

    def __init__(
        self, path: Path, fd: int, size_bytes: int, most_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.size_bytes = size_bytes
        self.refused = ""
        self._path = path
        self._fd = fd
        self._most = most_bytes
        self._clock = clock
        self._retry_at = 0.0
        self._lock = threading.Lock()

    @classmethod
    def take(cls, path: Path, most_bytes: int, used_bytes: int) -> Self:
        """Reserve the first step, and what the file has already; it may grow to `most_bytes`.

        A file that is larger already stays so: one that an earlier version allocated in full needs no step any more.

        Args:
            path: the directory of `data.mdb`.
            used_bytes: up to where the file has pages.

        Raises:
            StorageError: the file system has not so much room.
        """
        fd = os.open(path / "data.mdb", os.O_RDWR | os.O_CLOEXEC)
        size = max(min(STEP_BYTES, most_bytes), used_bytes, os.fstat(fd).st_size)
        try:
            os.posix_fallocate(fd, 0, size)
            os.fsync(fd)
            sync_directory(path)
        except OSError as error:
            os.close(fd)
            raise StorageError(
                f"{path}: the file system has no room for {size >> 20} MiB ({error.strerror}); free some space, or "
                "lower the budget"
            ) from error
        return cls(path, fd, size, most_bytes)

    def grow(self) -> bool:
        """One step more; False when the file has all that it may have, or the file system refuses.

        Durable with the next commit: a step that a crash undoes is taken again by `take`.
        """
        with self._lock:
            step = min(STEP_BYTES, self._most - self.size_bytes)
            if step <= 0 or self._clock() < self._retry_at:
                return False
            try:
                os.posix_fallocate(self._fd, self.size_bytes, step)
            except OSError as error:
                self._rest(step, error.strerror or str(error))
                return False
            self._go_on(step)
            return True

    def close(self) -> None:
        os.close(self._fd)

    def _rest(self, step: int, reason: str) -> None:
        self._retry_at = self._clock() + _RETRY_SECS
        if not self.refused:
            _log.warning(
                "%s: the file system has no room for %d MiB more (%s): what there is, %d MiB, has to do until some space "
                "is freed",
                self._path, step >> 20, reason, self.size_bytes >> 20,
            )  # fmt: skip
        self.refused = reason

    def _go_on(self, step: int) -> None:
        self.size_bytes += step
        if self.refused:
            _log.warning("%s: the file system has room again", self._path)
        self.refused = ""
