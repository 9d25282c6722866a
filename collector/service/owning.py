"""Which partitions a worker has, now: what came is taken, what goes is put down, what turns out to be another's is dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from collector.backend.interface import Backend, Ownership
from collector.errors import Locked, Lost
from collector.kafka.wire import Changes
from collector.ledger.interface import Ledger
from collector.ledger.plan import LedgerPlan
from collector.service.holding import Holding, Holdings
from collector.service.taking import LOCK_POLL_SECS, Taking, numbers

log = logging.getLogger("logboom.worker")

PUT_DOWN_SECS = 5.0
"""So long what is on its way to destinations may end when partitions go to other processes."""
LEAST_SECS = 0.05
"""What has ended is acknowledged in any case."""


class Owning:
    """Of one worker, on its thread, but what says otherwise.

    Args:
        make: makes a holding of a ledger that was taken.
        moved: told of what came and went, where partitions move.
        begun, ended: told of each partition that is here now, and of one that goes: with how many seconds for what is on its way.
    """

    def __init__(
        self,
        backend: Backend,
        index: int,
        make: Callable[[int, Ledger], Holding],
        begun: Callable[[Holding], None],
        ended: Callable[[Holding, float], None],
        moved: Callable[[Changes], None],
    ) -> None:
        self.holdings = Holdings(make)
        self.standby = False
        """A predecessor has what is to be ours."""
        self._backend = backend
        self._index = index
        self._begun, self._ended, self._moved = begun, ended, moved
        self._ownership: Ownership | None = None
        self._taking: Taking | None = None
        self._taken_away: SimpleQueue[int] = SimpleQueue()

    @property
    def alone(self) -> bool:
        """Nobody else could go on with what is here."""
        return self._ownership is not None and self._ownership.alone

    def begin(self, plan: LedgerPlan, stop: threading.Event) -> None:
        """Take what belongs to this worker; wait while a predecessor asks for it, or holds some of it.

        Raises:
            StorageError: it can't be used.
        """
        self._taking = Taking(lambda number, wanted: self._backend.open_ledger(number, plan, wanted))
        while not stop.is_set() and self._ownership is None:
            try:
                self._ownership = self._backend.ownership(self._index)
            except Locked:
                self.standby = True
                time.sleep(LOCK_POLL_SECS)
        while not stop.is_set() and not self._settled(LOCK_POLL_SECS):
            self.standby = self.standby or self._taking.standby

    def look(self) -> None:
        """Follow what changed; at least each second. Raises as `begin`."""
        self._settled(0.0)

    def each(self, work: Callable[[Holding], int]) -> int:
        """The sum over all partitions; one that turns out not to be ours is dropped."""
        done = 0
        for held in self.holdings:
            try:
                done += work(held)
            except Lost as error:
                self._lose(held.number, str(error))
        return done

    def taken_away(self, number: int) -> None:
        """Somebody found a partition to be another's. From any thread."""
        self._taken_away.put(number)

    def in_touch(self) -> bool:
        """See `Ownership.in_touch`. From any thread."""
        return self._ownership is None or self._ownership.in_touch()

    def figures(self) -> Mapping[str, Any]:
        """For the heartbeat, from its thread."""
        if self._ownership is None or self._ownership.alone:
            return {}
        owned = [holding.number for holding in self.holdings]
        owners = self._ownership.owners()
        return {
            "owned": owned,
            "owners": owners,
            "cut_off_secs": self._ownership.silent_secs(),
            "expired": self._ownership.expired(),
        }

    def close(self) -> None:
        """Everything is put down; nobody works on it any more. Safe twice."""
        for held in self.holdings:
            held.close()
        if self._taking is not None:
            self._taking.close()
        if self._ownership is not None:
            self._ownership.close()

    def _settled(self, wait_secs: float) -> bool:
        """Whether there is nothing more to wait for, after a look."""
        assert self._ownership is not None, "looked at before it began"
        assert self._taking is not None, "looked at before it began"
        changes = self._ownership.changes()
        self._taking.want(changes.gained)
        until = time.monotonic() + PUT_DOWN_SECS  # for all of them together: the steps of the others wait
        for number in self._taking.forget(changes.lost):
            left = max(LEAST_SECS, until - time.monotonic())
            self._put_down(number, 0.0 if number in changes.gone else left)
            self._ownership.released([number])
        self._drop_taken_away()
        taken, down = self._taking.look(wait_secs if self._ownership.alone else 0.0)
        for number, ledger in taken:
            self._begun(self.holdings.add(number, ledger))
        if down:
            self._ownership.released(down)
        if not self._ownership.alone and (changes.gained or changes.lost):
            log.info("partitions: %s came, %s went", numbers(changes.gained) or "none", numbers(changes.lost) or "none")
            self._moved(changes)
        return self._taking.idle or not self._ownership.alone

    def _put_down(self, number: int, deadline_secs: float) -> None:
        """It is not ours any more. Within the deadline what is on its way ends."""
        if (held := self.holdings.take_out(number)) is not None:
            self._ended(held, deadline_secs)
            held.close()

    def _drop_taken_away(self) -> None:
        while True:
            try:
                number = self._taken_away.get_nowait()
            except Empty:
                return
            if number in self.holdings:
                self._lose(number, "what was delivered can't be acknowledged")

    def _lose(self, number: int, reason: str) -> None:
        """Another process has it, or nobody here can tell what was committed: it is taken anew if it is still ours."""
        assert self._taking is not None
        log.warning("partition %d is dropped, and taken anew if it is still ours: %s", number, reason)
        self._put_down(number, 0.0)
        self._taking.want([number], anew=True)
