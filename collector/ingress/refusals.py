"""The one table from a refusal to its answer, for gRPC and HTTP.

Sources: OTLP specification ("Failures", "Throttling"); otelcol's errors package for the HTTP status of each code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from collector.errors import (
    Exhausted,
    InvalidPayload,
    PermissionDenied,
    Refusal,
    TooLarge,
    TooManyCombinations,
    Unauthenticated,
    Unavailable,
)


class Code(IntEnum):
    """google.rpc.Code."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class StatusRefusal(Refusal):
    """A refusal that names its own status; its hint is sent as it is, without jitter."""

    def __init__(self, code: Code, reason: str, retry_after_secs: float | None = None) -> None:
        self.code = code
        super().__init__(reason, retry_after_secs)


_CODES: dict[type[Refusal], Code] = {
    Unavailable: Code.UNAVAILABLE,
    Exhausted: Code.RESOURCE_EXHAUSTED,
    InvalidPayload: Code.INVALID_ARGUMENT,
    TooLarge: Code.RESOURCE_EXHAUSTED,  # without a hint: the client must not send it again
    TooManyCombinations: Code.INTERNAL,
    Unauthenticated: Code.UNAUTHENTICATED,
    PermissionDenied: Code.PERMISSION_DENIED,
}

_HTTP = {
    Code.INVALID_ARGUMENT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.UNIMPLEMENTED: 404,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 503,
    Code.DEADLINE_EXCEEDED: 503,
    Code.ABORTED: 503,
    Code.OUT_OF_RANGE: 503,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 503,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told. `retry_after_secs` None = no hint."""

    code: Code
    http_status: int
    message: str
    retry_after_secs: float | None

    @property
    def retry_after_header(self) -> str | None:
        """Whole seconds, rounded up so that nobody comes early; only 429 and 503 carry it."""
        if self.retry_after_secs is None or self.http_status not in (429, 503):
            return None
        return str(math.ceil(self.retry_after_secs))


def answer(refusal: Refusal) -> Answer:
    """The answer to `refusal`. The hint of our own refusals varies by ± 50 %, so that senders do not come in step."""
    if isinstance(refusal, StatusRefusal):
        return Answer(refusal.code, _HTTP.get(refusal.code, 500), refusal.reason, refusal.retry_after_secs)
    code = next((_CODES[kind] for kind in type(refusal).__mro__ if kind in _CODES), Code.UNAVAILABLE)
    status = 413 if isinstance(refusal, TooLarge) else _HTTP[code]
    hint = refusal.retry_after_secs
    if hint is not None:
        hint *= random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, keeps no secret
    return Answer(code, status, refusal.reason, hint)


def unexpected() -> Unavailable:
    """The refusal for an exception that nobody foresaw: our defect must not make a sender drop its data."""
    return Unavailable("internal error, the request was not kept")


def not_carried(signal: str, taken: Collection[str]) -> StatusRefusal:
    """The refusal of a signal that no pipeline takes here."""
    return StatusRefusal(
        Code.UNIMPLEMENTED, f"logboom takes {' and '.join(sorted(taken))} only, {signal} are not accepted"
    )
