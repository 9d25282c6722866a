"""What an answer of the bulk API means, for the whole request and for each document.

status of the request   as for every HTTP destination; 404 is blocked, 413 halves
a page, or no JSON      blocked: a proxy or a sign-in page answered
document 2xx            delivered; `failure_store: used` is told: the document is not where it belongs
document 409            delivered: it is there under our id
document 408 429 5xx    that document again
document 401 403 404    an operator's matter (read-only index, no template): again; blocked when all are like that
                        where the record's own attributes named the index: three times, then a dead letter; never blocked
document 4xx            a dead letter with Elasticsearch's reason

The options `retry.max_retries`, `retry_on_status` and `retry_on_document_status` limit what is sent again, where they are set.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from collector.outcomes import Blocked, Items, Ok, Reject, Retry, Verdict, Verdicts
from collector.transport import http_answers
from collector.transport.acceptance import Acceptance, is_page, json_object
from collector.transport.http_client import HttpAnswer
from exporters.elasticsearch.otelcol_blocks import OtelcolRetry

_AGAIN = frozenset({408, 425, 429})
_BUSY = frozenset({429, 503})
_OPERATOR = frozenset({401, 403, 404})
_CONFLICT = 409
_OWN_ATTEMPTS = 3
"""How often a document is sent again that is refused where its own attributes sent it: that may be the operator's matter,
or nobody's, and must not hold up the others."""
NO_LIMITS = OtelcolRetry()
_MAX_REASONS = 16
_NO_ERRORS = re.compile(rb'\s*\{(?:\s*"(?:ingest_)?took"\s*:\s*\d+\s*,)*\s*"errors"\s*:\s*false')
"""The beginning of an answer that is good for every document; the times stand before it where a proxy drops our `filter_path`."""
_PARTICULARS = re.compile(
    r"( in document with id '[^']*')|(\. Preview of field's value: '.*')|(, document: \[.*)", re.DOTALL
)
TAKEN = Acceptance(
    "Elasticsearch", frozenset({200, 201}), empty=False, says_so=lambda answer: json_object(answer) is not None
)
"""JSON, always; what it says of each document is read here."""
FILTER = (
    "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,items.*.failure_store"
)
"""What we want to hear: one status a document, and why not."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is said about one document."""

    status: int
    reason: str
    redirected: bool


def verdicts(
    answer: HttpAnswer, items: Items, limits: OtelcolRetry = NO_LIMITS, chosen: npt.NDArray[np.bool_] | None = None
) -> Verdicts:
    """The meaning of an answer to a request that carried the records `items`; `chosen` of them named their index
    themselves."""
    if answer.status != 200:
        return [_of_request(answer, limits)]
    if _NO_ERRORS.match(answer.body) and b'"failure_store":"used"' not in answer.body:
        return [Ok()]
    if is_page(answer):
        return [Blocked(TAKEN.objection(answer))]
    told = _items(answer.body)
    if told is None or len(told) != len(items):
        return [Retry("the answer does not name every document", at_most=limits.at_most)]
    return _of_items(told, items, limits, np.zeros(len(items), dtype=np.bool_) if chosen is None else chosen)


def _of_request(answer: HttpAnswer, limits: OtelcolRetry) -> Verdict:
    verdict = http_answers.verdict(answer, _error_of_request(answer.body), TAKEN)
    if not isinstance(verdict, Retry):
        return verdict
    if limits.statuses is not None and answer.status not in limits.statuses:
        return Reject(f"{verdict.reason} (not in retry.retry_on_status)")
    return replace(verdict, at_most=limits.at_most)


def _of_items(told: list[Item], items: Items, limits: OtelcolRetry, chosen: npt.NDArray[np.bool_]) -> Verdicts:
    status = np.array([item.status for item in told])
    operator = np.isin(status, list(_OPERATOR))
    own = operator & chosen
    if operator.all() and not own.any():
        return [Blocked(told[0].reason)]
    found: list[Verdict] = [_delivered(told)]
    if own.any():
        operator &= ~own
        found.append(Retry(told[int(np.argmax(own))].reason, items[own], at_most=_OWN_ATTEMPTS))
    wait = (status >= 500) | np.isin(status, list(_AGAIN)) | operator
    if limits.document_statuses is not None:
        wait = np.isin(status, list(limits.document_statuses)) & (status >= 300) & (status != _CONFLICT)
    wait &= ~own
    if wait.any():
        busy = bool(np.isin(status[wait], list(_BUSY)).any())
        reason = told[int(np.argmax(wait))].reason
        found.append(Retry(reason, items[wait], throttled=busy, at_most=limits.at_most))
    bad = ~wait & ~own & (status >= 300) & (status != _CONFLICT)
    return found + [Reject(reason, items[at]) for reason, at in _by_reason(told, np.flatnonzero(bad))]


def _delivered(told: list[Item]) -> Ok:
    redirected = sum(item.redirected for item in told)
    return Ok(redirected, f"{redirected} documents went to the failure store" if redirected else "")


def _by_reason(told: list[Item], at: Iterable[Any]) -> list[tuple[str, Items]]:
    """Rejected documents by reason, without what is particular to each; few reasons, whatever the server says."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position in at:
        reason = told[position].reason
        if reason not in groups and len(groups) >= _MAX_REASONS:
            reason = reason.partition(":")[0]
        groups[reason].append(position)
    return [(reason, np.array(positions, dtype=np.uint32)) for reason, positions in groups.items()]


def _items(body: bytes) -> list[Item] | None:
    try:
        listed = orjson.loads(body)["items"]
        return [_item(next(iter(entry.values()))) for entry in listed]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None


def _item(told: dict[str, Any]) -> Item:
    status = int(told["status"])
    reason = described(status, told.get("error"), told.get("failure_store")) if status >= 300 else ""
    return Item(status, reason, told.get("failure_store") == "used")


def described(status: int, error: Any, failure_store: Any = None) -> str:
    """`400 mapper_parsing_exception: failed to parse field [x] of type [long]: For input string`."""
    if not isinstance(error, dict):
        return str(status)
    cause = error.get("caused_by")
    parts = [error.get("reason"), cause.get("reason") if isinstance(cause, dict) else None]
    said = ": ".join(_PARTICULARS.sub("", part)[:500] for part in parts if isinstance(part, str))
    kept = " (the failure store did not take it either)" if failure_store == "failed" else ""
    return f"{status} {error.get('type', 'error')}: {said}{kept}"


def _error_of_request(body: bytes) -> str:
    try:
        error = orjson.loads(body)["error"]
        if isinstance(error, str):
            return error[:500]
        return f"{error['type']}: {_PARTICULARS.sub('', str(error.get('reason', '')))[:500]}"
    except (ValueError, KeyError, TypeError):
        return ""
