"""Whether there is anything new: whoever has nothing to do waits here, instead of looking for it again and again.

A journal or partition says the number of its newest commit without a transaction. That number may be ahead of what a
transaction sees (`Environment.last_transaction`), so what counts as seen is the number of a snapshot: whoever looks after
`changed` sees that much at least, and what came too early is told once more.
"""

from __future__ import annotations

import logging
import math
import os
import select
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from collector.backend.news import Anything
from collector.disk.environment import Environment
from collector.disk.watching import Watch

Open = Callable[[Path], Environment | None]
"""Opens what stands at a path for reading; None while there is nothing."""
_IDENTITY_SECS = 1.0  # how often to look whether a directory was made, or made anew
_POLL_SECS = 0.1  # where the system tells nobody of writes
_log = logging.getLogger(__name__)


class LocalPulse:
    """The `Pulse` of journals and partitions on this machine.

    Args:
        places: what is watched, how it is opened, and whom a commit there concerns (`news`).
    """

    def __init__(self, places: Sequence[tuple[Path, Open, Anything]]) -> None:
        self._places = [_Place(path, open_, news) for path, open_, news in places]
        self._looked_at = -_IDENTITY_SECS
        self._lock = threading.Lock()
        self._bell, self._ring = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._watch: Watch | None = None
        self._patience_secs = _POLL_SECS
        try:
            self._watch = Watch()
        except OSError as error:
            self._go_blind(error)
        else:
            self._poll.register(self._watch.fileno(), select.POLLIN)
            self._patience_secs = math.inf

    def changed(self) -> Collection[int]:
        """See `Pulse.changed`. Raises `StorageError`: what stands at a path can't be read."""
        now = time.monotonic()
        if now - self._looked_at >= _IDENTITY_SECS:
            self._looked_at = now
            self._follow()
        if self._watch is not None:
            self._watch.rest()  # before the look: what is written from here on wakes again
        return {partition for place in self._places for partition in place.changed()}

    def wait(self, secs: float) -> None:
        """See `Pulse.wait`."""
        self._poll.poll(max(0.0, min(secs, self._patience_secs)) * 1000)

    def wake(self) -> None:
        """See `Pulse.wake`."""
        with self._lock:
            if self._ring >= 0:
                os.write(self._ring, b"!")

    def close(self) -> None:
        """See `Pulse.close`."""
        for place in self._places:
            place.close()
        if self._watch is not None:
            self._watch.close()
        with self._lock:
            for end in (self._bell, self._ring) if self._ring >= 0 else ():
                os.close(end)
            self._bell = self._ring = -1

    def _follow(self) -> None:
        for place in self._places:
            if (file := place.opened()) is not None and self._watch is not None:
                try:
                    self._watch.add(file)
                except OSError as error:
                    self._go_blind(error)

    def _go_blind(self, error: OSError) -> None:
        _log.info("the system does not tell of what is written (%s): it is looked for ten times a second", error)
        self._patience_secs = _POLL_SECS


class _Place:
    def __init__(self, path: Path, open_: Open, news: Anything) -> None:
        self._path = path
        self._open = open_
        self._news = news
        self._environment: Environment | None = None
        self._seen = -1
        self._gone = False

    def opened(self) -> Path | None:
        """The file that was opened, if it is another one than before."""
        if self._environment is not None and not self._environment.is_current():
            self.close()
            self._gone = True
        if self._environment is not None or (opened := self._open(self._path)) is None:
            return None
        self._environment = opened
        return opened.file

    def changed(self) -> Collection[int]:
        if self._gone:  # whoever holds it must look, and end
            self._gone = False
            return self._news.partitions
        if self._environment is None or self._environment.last_transaction() == self._seen:
            return ()
        self._seen, concerned = self._news.look(self._environment)
        return concerned

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
        self._environment, self._seen = None, -1
