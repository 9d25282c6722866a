"""The process that makes backups: snapshots in time, on a thread, and stores followed in between.

It is the last one to stop, so that the snapshot of an orderly end has what the workers left.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import Locked, LogboomError, StorageError
from collector.extensions.backup.config import BackupConfig
from collector.service.channel import Report
from collector.service.plan import backend_of, extension
from collector.settings.model import Settings

if TYPE_CHECKING:
    from collector.backup.repository import Repository
    from collector.backup.tail import Tail

log = logging.getLogger("logboom.backup")

_LOOK_SECS = 1.0  # for stores that are new
_AGAIN_SECS = 10.0
_PAUSE_SECS = 1.0


class Backups:
    """The role `backup`."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self._options = extension(settings, BackupConfig)
        self._backend = backend_of(settings, root)
        self._root = root
        self._phase = "starting"
        self._stop = threading.Event()
        self._drain = True
        self._tails: dict[Path, Tail] = {}
        self._repository: Repository | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._under_way: Future[None] | None = None
        self._due_at = self._looked_at = 0.0
        self._taken_unix_ms = self._followed_unix_ms = 0
        self._failing: dict[str, str] = {}

    def run(self) -> None:
        """Until `stop`."""
        self._phase = "ready"
        options = self._options
        assert options is not None, "the role has no place without its extension"
        while not self._stop.is_set():
            with self._said("target"):
                self._turn(options)
            self._stop.wait(options.follow or _PAUSE_SECS)
        self._end()

    def stop(self, deadline_secs: float, drain: bool = True) -> None:  # noqa: ARG002 - the last snapshot takes what it takes
        """Finish: with a last snapshot, unless a successor waits."""
        self._drain = drain
        self._stop.set()

    def report(self) -> Report | None:
        """The heartbeat."""
        stats = {
            "taken_unix_ms": self._taken_unix_ms,
            "followed_unix_ms": self._followed_unix_ms,
            "failing": "; ".join(self._failing.values()),
        }
        return Report(self._phase, 0.0, {"backup": stats})

    def _turn(self, options: BackupConfig) -> None:
        repository = self._opened(options)
        now = time.monotonic()
        if options.follow and now - self._looked_at >= _LOOK_SECS:
            self._looked_at = now
            self._follow_new_stores(repository)
        self._ship()
        if now >= self._due_at and (self._under_way is None or self._under_way.done()):
            self._due_at = now + options.interval
            self._under_way = self._pool.submit(self._take, repository, options)

    def _opened(self, options: BackupConfig) -> Repository:
        from collector.backup.repository import Repository
        from collector.object_storage import open_target

        if self._repository is None:
            self._repository = Repository.open(open_target(options.to, options.storage.options()), create=True)
        return self._repository

    def _follow_new_stores(self, repository: Repository) -> None:
        """A stream is of use with a copy that was made after its begin, so one is due then."""
        from collector.backup.manifest import new_id
        from collector.backup.tail import Tail
        from collector.store.copying import stores_of

        for store in stores_of(self._root):
            if store not in self._tails:
                with self._said(f"{store}"):
                    self._tails[store] = Tail(repository, store, f"{store.name}-{new_id()}")
                    self._due_at = 0.0

    def _ship(self) -> None:
        from collector.backup.tail import Overrun

        for store, tail in list(self._tails.items()):
            try:
                tail.ship()
                self._failing.pop(f"{store}", None)
                self._followed_unix_ms = time.time_ns() // 1_000_000
            except (Overrun, StorageError) as error:  # this stream is at its end; a new one begins with a new copy
                self._tell(f"{store}", error)
                tail.close()
                del self._tails[store]
            except LogboomError as error:
                self._tell(f"{store}", error)

    def _take(self, repository: Repository, options: BackupConfig) -> None:
        from collector.backup.snapshots import take
        from collector.store.copying import stores_of

        with self._said("snapshot"):
            try:
                with repository.alone():
                    snapshot = take(repository, self._backend.frozen, stores_of(self._root), dict(self._tails))
                    repository.prune(options.keep)
            except LogboomError as error:
                self._due_at = time.monotonic() + (1.0 if isinstance(error, Locked) else _AGAIN_SECS)
                raise
            self._taken_unix_ms = snapshot.created_unix_ms
            log.info("snapshot %s: %d KiB of it were new", snapshot.id, snapshot.stored_bytes >> 10)

    def _end(self) -> None:
        if self._drain and self._options is not None:
            self._pool.shutdown(cancel_futures=True)
            with self._said("target"):
                self._ship()
                self._take(self._opened(self._options), self._options)
        for tail in self._tails.values():
            tail.close()

    @contextlib.contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """An error of what is tried here is told, once until it works again, and ends nothing."""
        try:
            yield
        except LogboomError as error:
            self._tell(what, error)
        except Exception as error:
            log.exception("the backup fails")
            self._tell(what, error)
        else:
            self._failing.pop(what, None)

    def _tell(self, what: str, error: Exception) -> None:
        if self._failing.get(what) != str(error):
            log.warning("backup: %s", error)
        self._failing[what] = str(error)


def restore_at_start(settings: Settings, root: Path) -> None:
    """Make the data directory of the newest snapshot, where the configuration asks for it and there is none.

    Raises:
        LogboomError: the target can't be read. Nothing is started beside a backup that may hold more.
    """
    options = extension(settings, BackupConfig)
    if options is None or options.restore == "never" or (root / "layout.json").exists():
        return
    from collector.backup.repository import NoBackup, Repository
    from collector.backup.snapshots import restore
    from collector.object_storage import open_target

    try:
        repository = Repository.open(open_target(options.to, options.storage.options()))
        done = restore(repository, repository.snapshot(), root)
    except NoBackup as error:
        logging.getLogger("logboom.supervisor").info("%s: %s yet, a new data directory is made", options.to, error)
        return
    logging.getLogger("logboom.supervisor").warning(
        "%s was made of snapshot %s of %s", root, done.snapshot.id, options.to
    )
