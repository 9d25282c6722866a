"""What Google says of a call of `entries:write` with `partialSuccess`.

200 {}                         each entry is written
an error with per-entry errors the others are written; of those that are named, by their code:
    INVALID_ARGUMENT, OUT_OF_RANGE, FAILED_PRECONDITION    dead letters
    PERMISSION_DENIED, UNAUTHENTICATED, NOT_FOUND          the project is not ours to write to: blocked
    others                                                 again
an error without them          nothing is written: HTTP's table
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from collector.outcomes import Blocked, Items, Reject, Retry, Verdict, Verdicts
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import described, error_said, retry_after_secs, verdict_of
from collector.transport.http_client import HttpAnswer

TAKEN = Acceptance("Google", frozenset({200}), says_so=json_without_error)
_PARTIAL = "type.googleapis.com/google.logging.v2.WriteLogEntriesPartialErrors"
_NEVER = frozenset({3, 9, 11})
_PEOPLE = frozenset({5, 7, 16})
_SHOWN_CHARACTERS = 300
Owners = npt.NDArray[np.uint32] | None
"""Of each entry the record's position in the batch; None: the same."""


def verdicts(answer: HttpAnswer | Exception, owners: Owners) -> Verdicts:
    """What the answer means for the records of its request."""
    named = _named(answer) if isinstance(answer, HttpAnswer) and answer.status >= 400 else {}
    if not named or isinstance(answer, Exception):
        return [verdict_of(answer, partial(error_said, code="status"), TAKEN)]
    return list(_by_code(named, owners, answer))


def _named(answer: HttpAnswer) -> Mapping[int, tuple[int, str]]:
    """Entry → code and message. Empty where the body is not as documented."""
    try:
        details: Sequence[Any] = orjson.loads(answer.body)["error"]["details"]
        (said,) = (each["logEntryErrors"] for each in details if each["@type"] == _PARTIAL)
        return {int(at): (int(status.get("code", 2)), str(status.get("message", ""))) for at, status in said.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _by_code(named: Mapping[int, tuple[int, str]], owners: Owners, answer: HttpAnswer) -> Sequence[Verdict]:
    by_reason: dict[tuple[int, str], list[int]] = defaultdict(list)
    for entry, (code, message) in named.items():
        by_reason[code, described(answer.status, message[:_SHOWN_CHARACTERS])].append(entry)
    for code, reason in by_reason:
        if code in _PEOPLE:
            return [Blocked(reason)]
    never = {reason: _records(at, owners) for (code, reason), at in by_reason.items() if code in _NEVER}
    lost = np.unique(np.concatenate([*never.values(), np.empty(0, np.uint32)]))
    again = [at for (code, _), entries in by_reason.items() if code not in _NEVER for at in entries]
    found: list[Verdict] = [Reject(reason, items) for reason, items in never.items()]
    left = np.setdiff1d(_records(again, owners), lost)
    if len(left):
        reason = next(reason for (code, reason) in by_reason if code not in _NEVER)
        found.append(Retry(reason, left.astype(np.uint32), after_secs=retry_after_secs(answer)))
    return found


def _records(entries: Sequence[int], owners: Owners) -> Items:
    at = np.array(sorted(entries), dtype=np.int64)
    return np.unique(at if owners is None else owners[at]).astype(np.uint32)
