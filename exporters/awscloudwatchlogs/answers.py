"""What CloudWatch Logs says of a call.

200                                             taken, but for events that `rejectedLogEventsInfo` names: dead letters
DataAlreadyAcceptedException                    taken before
Throttling, LimitExceeded                       again, slower
OperationAborted, ServiceUnavailable, InternalFailure, InvalidSequenceToken    again
InvalidParameter, Validation, Serialization     halved, until the event that is meant is alone
RequestEntityTooLarge                           halved; later requests stay below
others of 4xx (AccessDenied, UnrecognizedClient, ExpiredToken, …)              blocked: a credential, a permission
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson

from collector.outcomes import Blocked, Items, Ok, Reject, Retry, Split, Verdict, Verdicts
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import described, retry_after_secs, verdict_of
from collector.transport.http_client import HttpAnswer

TAKEN = Acceptance("CloudWatch Logs", frozenset({200}), says_so=json_without_error)
_SLOWER = ("Throttling", "LimitExceeded", "TooManyRequests", "RequestLimitExceeded", "SlowDown")
_AGAIN = (
    "OperationAborted",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalServer",
    "InvalidSequenceToken",
    "RequestTimeout",
)
_HALVE = ("InvalidParameter", "Validation", "Serialization")
_SHOWN_CHARACTERS = 300
EMPTY = "the body is empty, and raw_log sends nothing else"


def error_of(answer: HttpAnswer) -> tuple[str, str]:
    """The name of an error and its words; empty where the body is none."""
    try:
        document = orjson.loads(answer.body)
        name = str(document["__type"]).rpartition("#")[2]
        words = document.get("message") or document.get("Message") or ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
    return name, f"{name}: {words}"[:_SHOWN_CHARACTERS] if words else name


def verdicts(answer: HttpAnswer | Exception, order: Items, empty: Items) -> Verdicts:
    """What an answer means for the records of its call."""
    nothing: list[Verdict] = [Reject(EMPTY, empty)] if len(empty) else []
    if isinstance(answer, Exception):
        return [verdict_of(answer)]
    if answer.status == 200 and not TAKEN.objection(answer):
        found = [*nothing, *_rejected(answer, order)]
        return found or [Ok()]
    verdict = _of_error(answer)
    if isinstance(verdict, Ok):
        return nothing or [verdict]
    if isinstance(verdict, Retry) and len(empty):
        return [*nothing, Retry(verdict.reason, order, after_secs=verdict.after_secs, throttled=verdict.throttled)]
    return [verdict]


def _of_error(answer: HttpAnswer) -> Verdict:
    name, words = error_of(answer)
    reason = described(answer.status, words)
    if name.startswith("DataAlreadyAccepted"):
        return Ok()
    if name.startswith(_SLOWER):
        return Retry(reason, after_secs=retry_after_secs(answer), throttled=True)
    if name.startswith(_AGAIN):
        return Retry(reason, after_secs=retry_after_secs(answer))
    if name.startswith("RequestEntityTooLarge"):
        return Split(reason, too_large=True)
    if name.startswith(_HALVE):
        return Split(reason)
    if name and 400 <= answer.status < 500:
        return Blocked(reason)
    return verdict_of(answer, taken=TAKEN)


def _rejected(answer: HttpAnswer, order: Items) -> list[Verdict]:
    """Indexes are of the events, in order of time; ends are exclusive."""
    try:
        told: Mapping[str, int] = orjson.loads(answer.body).get("rejectedLogEventsInfo") or {}
    except (ValueError, AttributeError):
        return []
    count = len(order)
    expired, old = _index(told, "expiredLogEventEndIndex", 0), _index(told, "tooOldLogEventEndIndex", 0)
    new = _index(told, "tooNewLogEventStartIndex", count)
    parts = {
        "CloudWatch Logs: the log group's retention has passed": (0, expired),
        "CloudWatch Logs: older than 14 days, or than the log group": (expired, old),
        "CloudWatch Logs: more than 2 hours in the future": (max(new, expired, old), count),
    }
    return [Reject(reason, np.sort(order[first:end])) for reason, (first, end) in parts.items() if first < end]


def _index(told: Mapping[str, int], name: str, otherwise: int) -> int:
    found = told.get(name)
    return found if type(found) is int and found >= 0 else otherwise
