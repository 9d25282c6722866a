"""Who has which partitions in a cluster: a consumer group says it, and the sessions of its members."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from collector.errors import Locked, storage_error
from collector.kafka.wire import Changes, Group

_TOLD_SECS = 3600.0
_MARGIN_SECS = 1.0
"""A call to a destination that begins now may be under way for a moment when the session ends."""


class ClusterOwnership:
    """See `collector.backend.interface.Ownership`.

    Args:
        group: joined already.
        session_secs: so long after its last sign of life a member's partitions are others'.
        lock: descriptor of the worker's place on this machine.
        closed: told once, when everything is put down.
        owners: who told last that a partition is its own.
    """

    alone = False

    def __init__(
        self,
        group: Group,
        session_secs: float,
        lock: int,
        closed: Callable[[], None] = lambda: None,
        owners: Callable[[], Mapping[int, str]] = dict,
    ) -> None:
        self._group = group
        self._session_secs = session_secs
        self._lock = lock
        self._closed = closed
        self._owners = owners
        self._expired: tuple[float, str] = (0.0, "")

    def changes(self) -> Changes:
        """See `Ownership.changes`."""
        return self._group.changes()

    def released(self, partitions: Sequence[int]) -> None:
        """See `Ownership.released`."""
        self._group.released(partitions)

    def in_touch(self) -> bool:
        """See `Ownership.in_touch`."""
        return not self.silent_secs()

    def silent_secs(self) -> float:
        """See `Ownership.silent_secs`."""
        silent = time.monotonic() - self._group.last_contact
        return silent if silent >= self._session_secs - _MARGIN_SECS else 0.0

    def owners(self) -> Mapping[int, str]:
        """See `Ownership.owners`."""
        return self._owners()

    def note_expired(self, reason: str) -> None:
        """Something was deleted unread. From any thread."""
        self._expired = time.monotonic(), reason

    def expired(self) -> str:
        """See `Ownership.expired`."""
        at, reason = self._expired
        return reason if reason and time.monotonic() - at < _TOLD_SECS else ""

    def close(self) -> None:
        """See `Ownership.close`."""
        if self._lock >= 0:
            self._group.close()
            self._closed()
            os.close(self._lock)
            self._lock = -1


def take_place(path: Path) -> int:
    """A worker's place on this machine: a successor waits until its predecessor has gone, instead of throwing it out of the group.

    Raises:
        Locked: a predecessor lives.
        StorageError: it can't be told.
    """
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Locked(f"{path}: a predecessor has it") from None
    return descriptor
