"""What Application Insights says of a call of `track`.

200 itemsReceived = itemsAccepted    each item is taken
206, 400 with `errors`               the others are taken; of those that are named, by their code:
    "Telemetry sampled out"                     left out by the resource's own sampling: delivered, and counted
    401 403, an instrumentation key             the resource is not ours to write to: blocked
    402 408 429 439 500 502 503 504             again
    others                                      dead letters
402 439                              the daily cap, or throttling for long: again after `Retry-After`, else blocked
others                               HTTP's table

439 is what 429 was called once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from collector.outcomes import Blocked, Items, Ok, Reject, Retry, Split, Verdict, Verdicts
from collector.transport.acceptance import Acceptance, json_object
from collector.transport.http_answers import described, retry_after_secs, verdict_of
from collector.transport.http_client import HttpAnswer

_WITH_ERRORS = frozenset({200, 206, 400})
_THROTTLED = frozenset({402, 429, 439})
_AGAIN = frozenset({408, 500, 502, 503, 504}) | _THROTTLED
_PEOPLE = frozenset({401, 403})
_SAMPLED, _KEY = "Telemetry sampled out", "instrumentation key"
_SHOWN_CHARACTERS = 300


class ItemError(NamedTuple):
    """What was said of the item at this place."""

    at: int
    code: int
    message: str


def _received(answer: HttpAnswer) -> bool:
    told = json_object(answer)
    return told is not None and type(told.get("itemsReceived")) is int


TAKEN = Acceptance("Application Insights", frozenset({200, 206}), empty=False, says_so=_received)


def verdicts(answer: HttpAnswer | Exception, items: int) -> Verdicts:
    """What the answer means for the `items` of its request, an item for each record."""
    if isinstance(answer, Exception):
        return [verdict_of(answer)]
    if answer.status in (402, 439):
        return [_capped(answer)]
    if answer.status not in _WITH_ERRORS or not _received(answer):
        return [verdict_of(answer, _words, TAKEN)]
    told = json_object(answer) or {}
    errors = _errors(told.get("errors"), items)
    if errors is None or len(errors) < items - _accepted(told, items):
        return [Split(described(answer.status, "it does not say which items it left out"))]
    return _by_code(errors, answer) if errors else [Ok()]


def _capped(answer: HttpAnswer) -> Verdict:
    reason = described(
        answer.status, _words(answer.body) or "the daily cap is reached, or too much was sent for too long"
    )
    after = retry_after_secs(answer)
    return Blocked(reason) if after is None else Retry(reason, after_secs=after, throttled=True)


def _words(body: bytes) -> str:
    """The first error of an answer, shortened."""
    try:
        return str(orjson.loads(body)["errors"][0]["message"])[:_SHOWN_CHARACTERS]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""


def _accepted(told: Mapping[str, Any], items: int) -> int:
    accepted = told.get("itemsAccepted")
    return accepted if type(accepted) is int and 0 <= accepted <= items else items


def _errors(told: Any, items: int) -> Sequence[ItemError] | None:
    """None where one of them is about no item of the request."""
    found = []
    for each in told if isinstance(told, list) else []:
        index, code = (each.get("index"), each.get("statusCode")) if isinstance(each, dict) else (None, None)
        if type(index) is not int or not 0 <= index < items:
            return None
        found.append(
            ItemError(index, code if type(code) is int else 0, str(each.get("message") or "")[:_SHOWN_CHARACTERS])
        )
    return found


def _by_code(errors: Sequence[ItemError], answer: HttpAnswer) -> Verdicts:
    for error in errors:
        if error.code in _PEOPLE or (error.code == 400 and _KEY in error.message.lower()):
            return [Blocked(described(error.code, error.message))]
    sampled = {error.at for error in errors if error.message.startswith(_SAMPLED)}
    never: dict[str, list[int]] = defaultdict(list)
    for error in errors:
        if error.at not in sampled and error.code not in _AGAIN:
            never[described(error.code or answer.status, error.message)].append(error.at)
    again = [error for error in errors if error.at not in sampled and error.code in _AGAIN]
    found: list[Verdict] = [Reject(reason, _items(at)) for reason, at in never.items()]
    if again:
        slower = any(error.code in _THROTTLED for error in again)
        reason, at = described(again[0].code, again[0].message), _items([error.at for error in again])
        found.append(Retry(reason, at, after_secs=retry_after_secs(answer), throttled=slower))
    if sampled:
        found.append(Ok(len(sampled), f"{_SAMPLED}: by the sampling of the resource"))
    return found


def _items(at: Sequence[int]) -> Items:
    return np.unique(np.array(at, dtype=np.uint32))
