"""What the answers of several backends mean together: each for its own records.

taken, refused as OTLP's table says        the same, for these records
too large, or one of them is to blame      alone for the next attempt, and halved then
refuses everything, can't be reached       again, and elsewhere where there is another backend; blocked where all refuse
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from collector.outcomes import Blocked, Items, Reject, Retry, Split, Verdict, Verdicts
from collector.transport.grpc_client import GrpcAnswer

_DEADLINE_EXCEEDED, _UNAVAILABLE = 4, "UNAVAILABLE"


class Answered(NamedTuple):
    """What a backend's call came to. `elsewhere`: another backend can have the records."""

    endpoint: str
    verdict: Verdict
    rows: Items
    elsewhere: bool


def late(answer: GrpcAnswer) -> bool:
    """Whether the call was over before there was an answer."""
    return answer.code == _DEADLINE_EXCEEDED


def away(verdict: Verdict) -> bool:
    """Whether it can't be reached or takes nothing. One that is busy says when to come again."""
    if isinstance(verdict, Retry):
        return verdict.reason.startswith(_UNAVAILABLE) and verdict.after_secs is None
    return isinstance(verdict, Blocked)


def verdicts(answers: Sequence[Answered]) -> Verdicts:
    """Of one request."""
    if len(answers) == 1:
        return [_alone(answers[0])]
    refused = [one.verdict for one in answers if isinstance(one.verdict, Blocked) and not one.elsewhere]
    if len(refused) == len(answers):
        return [refused[0]]
    return [_one_of_several(one) for one in answers]


def _alone(one: Answered) -> Verdict:
    if isinstance(one.verdict, Blocked) and one.elsewhere:
        return Retry(_told(one, one.verdict.reason))
    return _again(one, one.verdict) if isinstance(one.verdict, Retry) else one.verdict


def _one_of_several(one: Answered) -> Verdict:
    verdict = one.verdict
    if isinstance(verdict, Retry):
        return replace(_again(one, verdict), items=one.rows)
    if isinstance(verdict, Reject):
        return replace(verdict, reason=_told(one, verdict.reason), items=one.rows)
    if isinstance(verdict, Split | Blocked):
        return Retry(_told(one, verdict.reason), one.rows)
    return verdict


def _again(one: Answered, verdict: Retry) -> Retry:
    """That one of several is away says nothing about how much the others take."""
    throttled = verdict.throttled and not (one.elsewhere and away(verdict))
    return replace(verdict, reason=_told(one, verdict.reason), throttled=throttled)


def _told(one: Answered, reason: str) -> str:
    return f"{one.endpoint}: {reason}"
