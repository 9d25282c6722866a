"""What everybody has done with is deleted from the topics, by the partition's owner: behind the lowest floor of all pipelines, and behind what
the outbox refers to (`collector.ledger.cursors.floor`).

The floor is read from the ledger's committed tables, so a predecessor that is not the owner any more knows an older one, and does no harm.
Brokers free whole segments; what they delete of one is out of reach at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from collector.cluster.accepted import Accepted
from collector.errors import LogboomError
from collector.kafka.wire import Admin, Place, Unreachable
from collector.ledger.reader import Closed, PartitionReader

TRIM_SECS = 30.0
_JOIN_SECS = 10.0
_log = logging.getLogger("logboom.cluster")


class Trimming:
    """A thread that trims, each `TRIM_SECS`.

    Args:
        admin: of its own.
        owned: which partitions are owned by this process now, and what reads their tables. Called from the thread.
    """

    def __init__(
        self, admin: Admin, accepted: Accepted, owned: Callable[[], Iterable[tuple[int, PartitionReader]]]
    ) -> None:
        self._admin = admin
        self._accepted = accepted
        self._owned = owned
        self._trimmed: dict[Place, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trim", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def trim(self) -> dict[Place, int]:
        """Delete what nobody needs; place → up to where it was deleted now.

        Raises:
            StorageError: a partition's tables can't be read, or the brokers refuse for ever.
            Unreachable: no broker answers.
        """
        wanted: dict[Place, int] = {}
        for number, reader in self._owned():
            for control in (False, True):
                place, journal = self._accepted.place(number, control)
                try:
                    floor = reader.floor(journal, control)
                except Closed:
                    continue
                if floor > self._trimmed.get(place, 0):
                    wanted[place] = floor
        if wanted:
            self._admin.delete_before(wanted)
            self._trimmed |= wanted
        return wanted

    def close(self) -> None:
        """End the thread; safe twice."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECS)
        self._admin.close()

    def _run(self) -> None:
        while not self._closing.wait(TRIM_SECS):
            try:
                self.trim()
            except Unreachable as error:
                _log.debug("nothing is trimmed for now: %s", error)
            except LogboomError as error:
                _log.warning("nothing is trimmed for now: %s", error)
            except Exception:  # noqa: BLE001  without this thread the topics grow until retention eats what waits
                _log.exception("nothing is trimmed for now")
