"""What each answer of D1 means for delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from collector.component import StoreMark
from collector.errors import StorageError
from collector.outcomes import Blocked, Ok, Reject, Retry, Split, Verdict, Verdicts
from collector.transport import cloudflare
from collector.transport.cloudflare import Answer, CloudflareError
from exporters.d1.requests import Part

_BLOCKED = (
    "no such table",
    "no such column",
    "has no column named",
    "syntax error",
    "not authorized",
    "maximum db size",
    "database or disk is full",
    "sqlite_full",
    "sqlite_readonly",
)
"""The schema, the token or the size of the database: nothing about these records."""
_OVERLOADED = "is overloaded"
_AGAIN = (
    "network connection lost",
    "storage caused object to be reset",
    "reset because its code was updated",
    "transient issue",
    "client disconnected",
    _OVERLOADED,
    "internal error",
    "sqlite_busy",
)
_TOO_MUCH = (
    "exceeded its cpu time limit",
    "exceeded its memory limit",
    "exceeded timeout",
    "d1 db exceeded",
    "timed out",
)
"""The request is too much at once; a single record that meets them has met a busy moment."""


class Homeless(Exception):
    """No database is configured for a domain."""


def verdicts_of(answers: Sequence[tuple[Part, Answer | Exception]]) -> Verdicts:
    """The verdicts on a request. What only some databases refuse holds back their own records alone."""
    found = [(part, verdict_of(answer, part.records)) for part, answer in answers]
    if len(found) == 1:
        return [found[0][1]]
    for _, verdict in found:
        if isinstance(verdict, Split):  # the others get their records again, which adds nothing
            return [verdict]
    if all(isinstance(verdict, Blocked) for _, verdict in found):
        return [found[0][1]]
    return [_of_part(part, verdict) for part, verdict in found if not isinstance(verdict, Ok)] or [Ok()]


def verdict_of(answer: Answer | Exception, records: int) -> Verdict:
    """The verdict on one database's answer about so many records."""
    if isinstance(answer, CloudflareError):
        return verdict_of(answer.answer, records)
    if isinstance(answer, StorageError):
        return Blocked(str(answer))
    if isinstance(answer, Homeless):
        return Reject(str(answer))
    if isinstance(answer, Answer) and answer.succeeded and not _ran(answer):
        return Retry("the answer does not say that D1 ran every statement")
    if isinstance(answer, Exception) or answer.succeeded or answer.status in (429, 413):
        return cloudflare.verdict(answer)
    said = answer.message.lower()
    if answer.status in (401, 403, 404):
        return Blocked(answer.reason)
    if _any(_TOO_MUCH, said):
        return Split(answer.reason) if records > 1 else Retry(answer.reason)
    if _any(_AGAIN, said):
        return Retry(answer.reason, after_secs=answer.after_secs, throttled=_OVERLOADED in said)
    if answer.status < 500 and _any(_BLOCKED, said):
        return Blocked(answer.reason)
    return cloudflare.verdict(answer)


def results_of(answer: Answer) -> Sequence[Any]:
    """A result for each statement; none where one of them failed."""
    return list(answer.result) if _ran(answer) else []


def mark_of(answer: Answer) -> StoreMark | None:
    """What the last statement told of the store."""
    try:
        row = answer.result[-1]["results"][0]
        return StoreMark(str(row["name"]), int(row["changes"]))
    except (LookupError, TypeError, ValueError):
        return None


def _ran(answer: Answer) -> bool:
    """A result for each statement, none of which failed."""
    results = answer.result
    return isinstance(results, list) and all(isinstance(one, dict) and one.get("success", True) for one in results)


def _of_part(part: Part, verdict: Verdict) -> Verdict:
    if isinstance(verdict, Reject):
        return Reject(verdict.reason, part.items)
    assert isinstance(verdict, Blocked | Retry)
    if isinstance(verdict, Retry):
        return replace(verdict, items=part.items)
    return Retry(verdict.reason, part.items)


def _any(texts: Sequence[str], said: str) -> bool:
    return any(text in said for text in texts)
