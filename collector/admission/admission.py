"""Admission: the one way from a receiver into the journal.

    arrival ► checks (`steps.py`) ► Payload ► intake ► (on disk) ► done

Every request ends in exactly one call of `done`, or in an exception that was never a promise: `None` = durable,
a `Notice` = durable, and the sender is told what was not as it should be, a `Refusal` = nothing was kept. What is under
way is bounded in bytes; beyond it senders are told to come again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import xxhash

from collector.admission.doorkeeper import Doorkeeper
from collector.admission.steps import Arrival, Check
from collector.errors import Refusal, Unavailable
from collector.journal.accompanied import accompanied
from collector.journal.entry import Payload, Sink
from collector.journal.layout import CHECKSUM_BYTES, PayloadKind, checksum_of
from collector.journal.price import dearness
from otlp_wire import Received, Repairs

_STOPPED = "shutting down"
_KINDS = tuple(PayloadKind)  # looked up by number: calling an enum costs more than a hash of the body
OnRefused = Callable[[str, str, str, int], None]
"""(receiver, domain, refusal's class name, records): a request was refused, or (`PartialSuccess`) records of one that was
taken. The domain is empty and records are 0 where they were not known yet. Called from any thread."""
OnRepaired = Callable[[str, str, Mapping[str, int]], None]
"""(receiver, domain, reason → places): values of a request were put right or left out. Called from any thread."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the sender of a request that was taken is told: OTLP's partial success; 0 rejected = a warning."""

    rejected: int
    message: str


Answered = Callable[[Refusal | Notice | None], None]
"""Called once, from any thread: None or a `Notice` = on disk, a `Refusal` = nothing was kept."""


@dataclass(frozen=True, slots=True)
class AdmissionStatistics:
    """What happened since the start, and what is under way now (`in_flight_*`).

    `empty_requests` succeeded without an entry. `refused_requests` is by the refusal's class name; `refused_records`
    holds those refused alone under `PartialSuccess`. `repairs` is by reason.
    """

    accepted_requests: int
    accepted_records: int
    accepted_bytes: int
    empty_requests: int
    refused_requests: dict[str, int]
    refused_records: dict[str, int]
    repairs: dict[str, int]
    in_flight_requests: int
    in_flight_bytes: int
    max_in_flight_bytes: int


class Admission:
    """Checks requests and hands them to the intake; shared by all receivers of a process, safe from any thread.

    Args:
        checks: the steps that each request passes, in this order (`collector.admission.steps.checks`).
        intake: the journal.
        max_in_flight_bytes: bodies that are held in memory, from their arrival to the answer.
        on_refused: told about every refusal.
        on_repaired: told about every request that was put right.
        doorkeeper: asks who sends, where a listener has an authenticator.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        intake: Sink,
        *,
        max_in_flight_bytes: int = 64 << 20,
        on_refused: OnRefused = lambda *_: None,
        on_repaired: OnRepaired = lambda *_: None,
        doorkeeper: Doorkeeper | None = None,
    ) -> None:
        self.doorkeeper = doorkeeper or Doorkeeper()
        self._checks = tuple(checks)
        self._intake = intake
        self._max_bytes = max_in_flight_bytes
        self._on_refused = on_refused
        self._on_repaired = on_repaired
        self._lock = threading.Lock()
        self._refusing = ""
        self._bytes = 0
        self._requests = 0
        self._accepted_requests = self._accepted_records = self._accepted_bytes = self._empty_requests = 0
        self._refused_requests: Counter[str] = Counter()
        self._refused_records: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()

    def submit(self, arrival: Arrival, done: Answered) -> None:
        """Admit a request. `done` may be called before this returns, and from another thread."""
        size = len(arrival.body)
        try:
            self.hold(size)
        except Unavailable as refusal:
            self._refuse(arrival, refusal, done)
            return
        try:
            for check in self._checks:
                check(arrival)
            received = arrival.received
            assert received is not None, "a list of checks without validity"
            finish = partial(self._finish, arrival, received, done)
            if received.records or arrival.position is not None:
                self._intake.append((_payload(arrival, received),), finish)
            else:
                finish(None)
        except Refusal as refusal:
            self.release(size)
            self._refuse(arrival, refusal, done)
        except BaseException:
            self.release(size)
            raise

    def place(self, arrival: Arrival) -> str:
        """Whose a request is that makes no records of what is sent (a hook), after every check that a request passes; its domain.

        Raises:
            Refusal: one of them; it is the caller's to count.
        """
        if self._refusing:
            raise Unavailable(self._refusing)
        try:
            for check in self._checks:
                check(arrival)
        except Refusal as refusal:
            if refusal.retry_after_secs is not None:
                for undo in arrival.undo:
                    undo()
            raise
        return arrival.domain

    def _refuse(self, arrival: Arrival, refusal: Refusal, done: Answered) -> None:
        if refusal.retry_after_secs is not None:
            for undo in arrival.undo:
                undo()
            if arrival.held:
                done(refusal)
                return
        self.refused(arrival.receiver, arrival.domain, refusal, arrival.records)
        done(refusal)

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Source → position of what is durable of a receiver's sources: where it goes on at its start."""
        return self._intake.positions(receiver)

    def hold(self, size: int) -> None:
        """Count `size` bytes that a receiver holds. Raises `Unavailable` when stopped or over the bound."""
        with self._lock:
            if self._refusing:
                raise Unavailable(self._refusing)
            if self._bytes and self._bytes + size > self._max_bytes:  # a lone request always fits
                raise Unavailable("too many requests are under way")
            self._bytes += size
            self._requests += 1

    def release(self, size: int) -> None:
        """The end of a `hold`."""
        with self._lock:
            self._bytes -= size
            self._requests -= 1

    def refused(self, receiver: str, domain: str, refusal: Refusal, records: int = 0) -> None:
        """Count a refusal; receivers call it for requests that never came to `submit`."""
        kind = type(refusal).__name__
        with self._lock:
            self._refused_requests[kind] += 1
            self._refused_records[kind] += records
        self._on_refused(receiver, domain, kind, records)

    def pause(self, reason: str) -> None:
        """Refuse new requests, with a hint, for `reason`; an empty one lets them in again."""
        with self._lock:
            self._refusing = _STOPPED if self._refusing == _STOPPED else reason

    @property
    def refusing(self) -> str:
        """Why everything is refused; empty while requests are let in."""
        return self._refusing

    def stop(self) -> None:
        """Refuse everything from now on; what is under way still gets its answer."""
        self.pause(_STOPPED)

    def statistics(self) -> AdmissionStatistics:
        """A consistent snapshot."""
        with self._lock:
            return AdmissionStatistics(
                accepted_requests=self._accepted_requests,
                accepted_records=self._accepted_records,
                accepted_bytes=self._accepted_bytes,
                empty_requests=self._empty_requests,
                refused_requests=dict(self._refused_requests),
                refused_records=dict(self._refused_records),
                repairs=dict(self._repairs),
                in_flight_requests=self._requests,
                in_flight_bytes=self._bytes,
                max_in_flight_bytes=self._max_bytes,
            )

    def _finish(self, arrival: Arrival, received: Received, done: Answered, refusal: Refusal | None) -> None:
        """The intake has answered, or had nothing to do."""
        size, records = len(arrival.body), received.records
        if refusal is not None:
            self.release(size)
            self._refuse(arrival, refusal, done)
            return
        with self._lock:
            self._bytes -= size
            self._requests -= 1
            self._accepted_bytes += size
            if records:
                self._accepted_requests += 1
                self._accepted_records += records
            else:
                self._empty_requests += 1
        done(self._notice(arrival.receiver, arrival.domain, received.repairs) if received.repairs else None)

    def _notice(self, receiver: str, domain: str, repairs: Repairs) -> Notice:
        """Count what was put right, and say it."""
        with self._lock:
            self._repairs.update(repairs.counts)
            if repairs.rejected:
                self._refused_records["PartialSuccess"] += repairs.rejected
        if repairs.rejected:
            self._on_refused(receiver, domain, "PartialSuccess", repairs.rejected)
        if repairs.counts:
            self._on_repaired(receiver, domain, repairs.counts)
        return Notice(repairs.rejected, repairs.message())


def _payload(arrival: Arrival, received: Received) -> Payload:
    """Its digest makes two requests of a domain the same one, sent twice: the bytes as they were sent, and who sent them, unless
    the receiver knows better. Where those bytes are the ones that are kept, it holds their checksum, too."""
    body, (kept, records, groups, _) = arrival.body, received
    seed = _seed_of(arrival.receiver, arrival.sender, arrival.variant)
    digest = xxhash.xxh3_128_digest(body, seed=seed)
    provenance = _provenance(arrival, records)
    with_client = bool(arrival.client or provenance)
    stored = accompanied(kept, arrival.client, provenance) if with_client else kept
    checksum = digest[:CHECKSUM_BYTES] if stored is body else checksum_of(stored, seed)
    received_unix_ms = time.time_ns() // 1_000_000
    return Payload(
        arrival.domain, arrival.receiver, stored, records, received_unix_ms, arrival.digest or digest,
        dearness(len(stored), records, groups), seed, checksum, arrival.position,
        PayloadKind.TEXT if arrival.text else _KINDS[arrival.made], arrival.besides, with_client,
    )  # fmt: skip


def _provenance(arrival: Arrival, records: int) -> str:
    """Of none where records were left out: nobody could say which."""
    found = arrival.provenance
    return found.text() if found is not None and found.records == records else ""


@lru_cache(4096)
def _seed_of(receiver: str, sender: str, variant: str) -> int:
    source = f"{receiver}\0{sender}" + (f"\0{variant}" if variant else "")
    return xxhash.xxh3_64_intdigest(source.encode(errors="replace"))
