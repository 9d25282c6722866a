"""A journal in memory that can be told to misbehave: the seam behind every receiver's tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from collector.errors import Refusal
from collector.journal.entry import Durable, Payload


class MemoryIntake:
    """Keeps payloads in a list and acknowledges at once, on the caller's thread.

    Args:
        answer: what the next requests get: None accepts, a `Refusal` refuses, any other exception is raised from
            `append` as a defect would.
        delayed: answers wait until `release` is called.
    """

    def __init__(self, answer: Exception | None = None, *, delayed: bool = False) -> None:
        self.answer = answer
        self.delayed = delayed
        self._lock = threading.Lock()
        self._payloads: list[Payload] = []
        self._waiting: list[Durable] = []
        self._arrived = threading.Condition(self._lock)

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """As the contract says."""
        answer = self.answer
        if answer is not None and not isinstance(answer, Refusal):
            raise answer
        with self._lock:
            if answer is None:
                self._payloads.extend(payloads)
            if self.delayed:
                self._waiting.append(done)
            self._arrived.notify_all()
        if not self.delayed:
            done(answer)

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Of what was accepted."""
        found = {
            one.position.source: one.position.position
            for one in self.payloads
            if one.receiver == receiver and one.position is not None
        }
        return {source: position for source, position in found.items() if position}

    def release(self) -> None:
        """Acknowledge everything that waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(None)

    def wait_for(self, payloads: int, timeout_secs: float = 30.0) -> bool:
        """Wait until that many payloads arrived."""
        with self._lock:
            return self._arrived.wait_for(lambda: len(self._payloads) >= payloads, timeout_secs)

    @property
    def payloads(self) -> list[Payload]:
        """All that was accepted, in order."""
        with self._lock:
            return list(self._payloads)

    @property
    def records(self) -> int:
        """How many records all payloads hold."""
        return sum(payload.records for payload in self.payloads)
