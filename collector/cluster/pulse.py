"""Whether there is anything new for a worker in a cluster: a window got something, a partition's tables changed, partitions came."""

from __future__ import annotations

import os
import select
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from collector.backend.data_dir import DataDir
from collector.backend.news import Anything
from collector.backend.pulse import LocalPulse
from collector.cluster.follower import is_of_use
from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.ledger import tables


def _open_copy(path: Path) -> Environment | None:
    """A copy, if it is of any use. One that can't be read is none of this worker's business before it takes the partition, and then it is
    made anew."""
    if not is_of_use(path):
        return None
    with suppress(StorageError):
        return Environment.open(path, tables.KIND, tables.FORMAT_VERSION, tables.OLDEST_FORMAT, durable=False)
    return None


class ClusterPulse(LocalPulse):
    """The `Pulse` of a worker whose partitions come and go: it looks at all copies of this machine."""

    def __init__(self, data_dir: DataDir) -> None:
        self._all = frozenset(range(data_dir.partitions))
        super().__init__([(data_dir.partition(number), _open_copy, Anything({number})) for number in self._all])
        self._news = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._news, select.POLLIN)

    def stir(self) -> None:
        """There is something to be read. From any thread; after `close` it does nothing."""
        with self._lock:
            if self._news >= 0:
                os.eventfd_write(self._news, 1)

    def changed(self) -> Collection[int]:
        """See `Pulse.changed`; who was told that there is something to be read is not told for whom."""
        news = 0
        with suppress(BlockingIOError):
            news = os.eventfd_read(self._news)
        changed = super().changed()
        return self._all if news else changed

    def close(self) -> None:
        """See `Pulse.close`."""
        super().close()
        with self._lock:
            if self._news >= 0:
                os.close(self._news)
                self._news = -1
