"""What was read becomes durable, with the cursor behind it, or nothing is read any more."""

from __future__ import annotations

import logging
import threading
import time

import xxhash

from collector.admission.admission import Admission, Notice
from collector.admission.nobody import Nobody
from collector.admission.steps import Arrival
from collector.errors import InvalidPayload, Refusal
from collector.journal.positions import Position
from otlp_wire import Received

_log = logging.getLogger(__name__)
_LOOK_SECS = 1.0
_RETRY_SECS = 1.0
_SAY_AGAIN_SECS = 60.0
_MOST_SAID = 1000
_AT_THE_BEGINNING = b"-"


class EntryHanding:
    """Of one receiver and one journal; for one thread.

    Args:
        receiver: its id.
        source: which journal it reads, 16 bytes.
        domain: whose records these are; empty: the default.
    """

    def __init__(self, receiver: str, source: bytes, domain: str) -> None:
        self._receiver, self._source = receiver, source
        self._facts = Nobody(domain)
        self._stop = threading.Event()
        self._said: dict[str, float] = {}
        self._admission: Admission | None = None
        self.beat = 0.0
        """When it was seen to go on, monotonic."""

    def start(self, admission: Admission) -> str | None:
        """The cursor that is durable; None: there was no start before. Raises `Unavailable` while there is no journal."""
        self._admission = admission
        position = admission.positions(self._receiver).get(self._source)
        self.beat = time.monotonic()
        if position is None:
            return None
        return "" if position == _AT_THE_BEGINNING else position.decode()

    def stop(self) -> None:
        """What waits waits no longer."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Also a sign of life."""
        self.beat = time.monotonic()
        return self._stop.is_set()

    def keep(self, received: Received, body: bytes, cursor: str) -> bool:
        """Until it is durable, with the cursor; whether it is: it may have been stopped before."""
        while not self.stopped:
            answer = self._answer(received, body, cursor)
            if not isinstance(answer, Refusal):
                return True
            self.say(f"what was read is kept back: {answer.reason}")
            self.wait(answer.retry_after_secs or _RETRY_SECS)
        return False

    def refused(self, reason: str, records: int) -> None:
        """Entries that can't be taken: counted, and said."""
        assert self._admission is not None
        self._admission.refused(self._receiver, "", InvalidPayload(reason), records)
        self.say(reason)

    def wait(self, secs: float) -> None:
        """So long, unless it is stopped."""
        until = time.monotonic() + secs
        while not self.stopped and (left := until - time.monotonic()) > 0:
            self._stop.wait(min(left, _LOOK_SECS))

    def say(self, sentence: str) -> None:
        """Once a minute."""
        now = time.monotonic()
        if now - self._said.get(sentence, -_SAY_AGAIN_SECS) >= _SAY_AGAIN_SECS:
            if len(self._said) > _MOST_SAID:
                self._said.clear()
            self._said[sentence] = now
            _log.warning("%s: %s", self._receiver, sentence)

    def _answer(self, received: Received, body: bytes, cursor: str) -> Refusal | Notice | None:
        assert self._admission is not None
        answers: list[Refusal | Notice | None] = []
        answered = threading.Event()

        def done(answer: Refusal | Notice | None) -> None:
            answers.append(answer)
            answered.set()

        position = Position(self._source, cursor.encode() or _AT_THE_BEGINNING)
        digest = xxhash.xxh3_128_digest(b"\0".join((self._source, position.position, self._receiver.encode())))
        arrival = Arrival(
            self._receiver, self._facts, body, read=lambda _: received, digest=digest, position=position,
            held=True,
        )  # fmt: skip
        self._admission.submit(arrival, done)
        while not answered.wait(_LOOK_SECS):
            self.beat = time.monotonic()
        return answers[0]
