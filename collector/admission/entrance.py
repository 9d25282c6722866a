"""A listener's entrance in front of admission: it asks who comes, closes, and knows when the last request went through."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from collector.admission.admission import Admission, Answered, Notice
from collector.admission.remarks import Remarks
from collector.admission.steps import Arrival, Read
from collector.component import ServerAuthenticator
from collector.domains.credential import WRITE, Credential
from collector.domains.resolver import RequestFacts
from collector.errors import Refusal, TooLarge, Unavailable
from otlp_wire import Received, Repairs, receive_protobuf

logger = logging.getLogger(__name__)
_DEFECT_LOG_SECS = 60.0


class Entrance:
    """Passes requests of one listener on to admission until it is closed; safe from any thread.

    Args:
        max_bytes: bodies under way through this entrance, so that one listener leaves room in admission for the others;
            a lone request always fits.
        authenticator: says who sends, and its id; without one nobody is asked.
        include_metadata: headers may be carried along with records, where something asks for them.

    A request is `entering` until the intake has it, and `under way` until it is answered. Once closed and with nobody
    entering, nothing more is appended.
    """

    def __init__(
        self,
        admission: Admission,
        receiver: str,
        max_bytes: int,
        authenticator: ServerAuthenticator | None = None,
        authenticator_id: str = "",
        include_metadata: bool = False,
    ) -> None:
        self._admission = admission
        self._receiver = receiver
        self._lock = threading.Lock()
        self._state = threading.Condition(self._lock)  # waited for at the end only
        self._closed = False
        self._max_bytes = max_bytes
        self._authenticator = authenticator
        self._authenticator_id = authenticator_id
        self._include_metadata = include_metadata
        self._bytes = 0
        self._entering: set[Arrival] = set()  # one step of the interpreter a change, so no lock
        self._under_way = 0
        self._defect_logged_at = -_DEFECT_LOG_SECS
        self._remarks = Remarks(receiver)
        self.signals: Mapping[str, Entrance] = {"logs": self}
        """Those of the listener, by the signal that they take; a receiver that carries others says so before it listens."""

    @property
    def asks(self) -> bool:
        """Whether anybody is asked who sends."""
        return self._authenticator is not None

    def authenticate(self, request: RequestFacts, scope: str = WRITE) -> Credential | None:
        """The first step, before anything of the body is read: who sends, and may do this; None where nobody is asked. Raises a `Refusal`,
        which is the caller's to count (`refuse`)."""
        if self._authenticator is None:
            return None
        return self._admission.doorkeeper.let_in(
            self._authenticator, self._authenticator_id, self._receiver, request, scope
        )

    def submit(
        self,
        request: RequestFacts,
        body: bytes,
        done: Answered,
        credential: Credential | None = None,
        read: Read = receive_protobuf,
        variant: str = "",
        made: int = 0,
        digest: bytes = b"",
        text: bool = False,
        held: bool = False,
    ) -> None:
        """Admit the uncompressed `body`; `variant`, `made`, `digest`, `text` and `held` as in `Arrival`. `done` is as with `Admission.submit`; an entrance that is closed,
        or has no room, answers `Unavailable`."""
        size, problem = len(body), ""
        if credential is not None and 0 < credential.max_body_bytes < size:
            done(
                self.refuse(
                    TooLarge(f"the body is larger than {credential.max_body_bytes} bytes, the most with this key")
                )
            )
            return
        arrival = Arrival(
            self._receiver, request, body, credential, read, digest=digest, variant=variant, made=made, text=text,
            held=held, include_metadata=self._include_metadata,
        )  # fmt: skip
        with self._lock:
            if self._closed:
                problem = "shutting down"
            elif self._bytes and self._bytes + size > self._max_bytes:
                problem = "too many requests are under way"
            else:
                self._entering.add(arrival)
                self._under_way += 1
                self._bytes += size
        if problem:
            refusal = Unavailable(problem)
            done(refusal if held else self.refuse(refusal))
            return

        def answered(outcome: Refusal | Notice | None) -> None:
            self._left(size)
            done(outcome)

        try:
            self._admission.submit(arrival, answered)
        except BaseException:
            self._left(size)
            raise
        finally:
            self._entering.discard(arrival)

    def place(self, request: RequestFacts, body: bytes, credential: Credential | None) -> str:
        """The domain of a request that makes no records of what is sent, after the checks that all pass. Raises a `Refusal`, which is
        the caller's to count."""
        if self._closed:
            raise Unavailable("shutting down")
        return self._admission.place(Arrival(self._receiver, request, body, credential, _nothing))

    def refuse(self, refusal: Refusal, records: int = 0) -> Refusal:
        """Count a refusal that admission has not seen, and give it back. `records`: that it cost, where that is known."""
        self._admission.refused(self._receiver, "", refusal, records)
        return refusal

    def remark(self, peer: str, reason: str) -> None:
        """Tell the operator, once, about a sender whose requests can never be taken as they come."""
        self._remarks.tell(peer, reason)

    def defect(self, error: BaseException) -> None:
        """Tell the operator about an exception that nobody foresaw, at most once a minute."""
        now = time.monotonic()
        if now - self._defect_logged_at >= _DEFECT_LOG_SECS:
            self._defect_logged_at = now
            logger.error("%s: a request failed unexpectedly and was refused", self._receiver, exc_info=error)

    def close(self) -> None:
        """Refuse new requests; those under way go on."""
        with self._state:
            self._closed = True

    def wait_until_empty(self, deadline_secs: float) -> bool:
        """Wait until every request is answered. False when the deadline passed first; nobody is entering even then."""
        ends = time.monotonic() + deadline_secs
        with self._state:
            empty = self._state.wait_for(lambda: not self._under_way, max(0.0, ends - time.monotonic()))
        while True:  # a few milliseconds at most: entering never waits for the disk
            if not self._entering:
                return empty
            time.sleep(0.001)

    def _left(self, size: int) -> None:
        with self._lock:
            self._bytes -= size
            self._under_way -= 1
            if self._closed and not self._under_way:
                self._state.notify_all()


def _nothing(body: bytes) -> Received:
    """No records."""
    return Received(body, 0, 0, Repairs())
