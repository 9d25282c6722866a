"""From what was fetched into the journal: of each partition one entry at a time, in order, so that the position that the journal has of it is
true at any moment. Partitions go on beside each other."""

from __future__ import annotations

import logging
import queue
import threading
import time
from functools import partial

from collector.admission.admission import Admission, Notice
from collector.errors import Refusal
from collector.receivers.kafka.partition import Partition, Run

_log = logging.getLogger(__name__)
_RETRY_SECS, _ROUND_SECS, _SAY_AGAIN_SECS = 1.0, 1.0, 60.0
Place = tuple[str, int]


class Handing:
    """The partitions of one receiver, and the thread that hands over what was fetched of them. Safe from any thread.

    Args:
        receiver: its id.
    """

    def __init__(self, receiver: str) -> None:
        self._id = receiver
        self.changed = threading.Condition()
        self.partitions: dict[Place, Partition] = {}
        self.beat = 0.0
        self._answers: queue.SimpleQueue[tuple[Partition, Refusal | None]] = queue.SimpleQueue()
        self._ended = False
        self._told_at = float("-inf")
        self._admission: Admission | None = None
        self._thread = threading.Thread(target=self._run, name=f"messages of {receiver}", daemon=True)

    def start(self, admission: Admission) -> None:
        """Begin to hand over."""
        self._admission = admission
        self.beat = time.monotonic()
        self._thread.start()

    def add(self, partitions: dict[Place, Partition]) -> None:
        """These are ours now."""
        with self.changed:
            self.partitions |= partitions

    def let_go(self, places: list[Place], patience_secs: float) -> list[Partition]:
        """These are somebody else's soon: what is under way gets its answer, or so long; all else is dropped."""
        deadline = time.monotonic() + patience_secs
        with self.changed:
            gone = [self.partitions[place] for place in places if place in self.partitions]
            for one in gone:
                one.drop()
            while (
                any(one.sent for one in gone) and (left := deadline - time.monotonic()) > 0 and self._thread.is_alive()
            ):
                self.changed.wait(left)
            for place in places:
                self.partitions.pop(place, None)
        return gone

    def woken(self) -> None:
        """There is something new to hand over."""
        with self.changed:
            self.changed.notify_all()

    def end(self, secs: float) -> None:
        """Hand over nothing any more, and wait for the thread; safe twice."""
        with self.changed:
            self._ended = True
            self.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(secs)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended:
            self.beat = time.monotonic()
            self._settle()
            for partition, run in self._due():
                self._hand(partition, run)
            with self.changed:
                if not self._ended and self._answers.empty() and not self._ready(time.monotonic()):
                    self.changed.wait(_ROUND_SECS)

    def _ready(self, now: float) -> list[Partition]:
        return [
            one for one in self.partitions.values()
            if not one.sent and not one.gone and one.retry_at <= now and one.run() is not None
        ]  # fmt: skip

    def _due(self) -> list[tuple[Partition, Run]]:
        with self.changed:
            ready = self._ready(time.monotonic())
            for one in ready:
                one.sent = True
            return [(one, run) for one in ready if (run := one.under_way) is not None]

    def _hand(self, partition: Partition, run: Run) -> None:
        assert self._admission is not None
        if run.why:
            self._tell(partition, run)
        try:
            self._admission.submit(partition.arrival(self._id, run), partial(self._answered, partition))
        except Exception as defect:  # noqa: BLE001 - one defect must not end the reading of all partitions
            _log.exception("%s: handing over what was read failed, and is tried again", self._id)
            self._answered(partition, Refusal(f"{type(defect).__name__} while it was handed over"))

    def _tell(self, partition: Partition, run: Run) -> None:
        """Once a minute."""
        if time.monotonic() - self._told_at >= _SAY_AGAIN_SECS:
            self._told_at = time.monotonic()
            _log.warning(
                "%s: a message that can't be decoded is set aside as a dead letter (%s %d, offset %d): %s",
                self._id, partition.topic, partition.number, run.behind - 1, run.why,
            )  # fmt: skip

    def _answered(self, partition: Partition, answer: Refusal | Notice | None) -> None:
        self._answers.put((partition, answer if isinstance(answer, Refusal) else None))
        with self.changed:
            self.changed.notify_all()

    def _settle(self) -> None:
        while not self._answers.empty():
            partition, refusal = self._answers.get()
            with self.changed:
                partition.sent = False
                if refusal is None:
                    partition.kept()
                else:
                    partition.refused = refusal.reason
                    partition.retry_at = time.monotonic() + (refusal.retry_after_secs or _RETRY_SECS)
                self.changed.notify_all()
