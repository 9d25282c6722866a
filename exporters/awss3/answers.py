"""What S3 says of a PUT.

200 with an ETag                          taken
503 SlowDown, 429                         again, slower
RequestTimeout, OperationAborted, 5xx     again
EntityTooLarge, 413                       halved; later requests stay below
others of 3xx and 4xx                     blocked: a credential, a permission, a bucket, a clock
"""

from __future__ import annotations

import re

from collector.outcomes import Blocked, Retry, Split, Verdict
from collector.transport.acceptance import Acceptance
from collector.transport.http_answers import described, retry_after_secs, verdict_of
from collector.transport.http_client import HttpAnswer

_CODE, _MESSAGE = (re.compile(rb"<%s>([^<]{1,300})</%s>" % (name, name)) for name in (b"Code", b"Message"))
_AGAIN = ("RequestTimeout", "OperationAborted", "InternalError", "ServiceUnavailable", "BadDigest", "IncompleteBody")
_SLOWER = ("SlowDown", "TooManyRequests", "Throttling", "RequestLimitExceeded")


def _has_tag(answer: HttpAnswer) -> bool:
    return "ETag" in answer.headers


TAKEN = Acceptance("S3", frozenset({200}), says_so=_has_tag)


def said(body: bytes) -> str:
    """`AccessDenied: Access Denied` out of S3's XML."""
    found = [match[1].decode(errors="replace") for each in (_CODE, _MESSAGE) if (match := each.search(body))]
    return ": ".join(found)


def put_verdict(answer: HttpAnswer | Exception) -> Verdict:
    """What an answer means for an object."""
    if isinstance(answer, Exception):
        return verdict_of(answer)
    words = said(answer.body)
    reason = described(answer.status, words)
    if 200 <= answer.status < 300:
        if answer.status == 200 and not _has_tag(answer):
            return Blocked("answered 200 without an ETag: somebody else, not S3")
        return verdict_of(answer, taken=TAKEN)
    if words.startswith(_SLOWER) or answer.status in (429, 503):
        return Retry(reason, after_secs=retry_after_secs(answer), throttled=True)
    if words.startswith(_AGAIN) or answer.status >= 500:
        return Retry(reason, after_secs=retry_after_secs(answer))
    if words.startswith("EntityTooLarge") or answer.status == 413:
        return Split(reason, too_large=True)
    return verdict_of(answer, lambda _: words) if answer.status == 408 else Blocked(reason)
