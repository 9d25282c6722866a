"""What an HTTP status means for delivery, for destinations that have no say of their own.

2xx                      ok when the destination says so in its own way (`acceptance`); else blocked: somebody else answered
408 425 429 5xx          retry (429 and 503: not before Retry-After, an hour at most, and with fewer requests at once)
413                      split, and later requests stay below
400 422                  split: a record that the destination cannot take is found and set aside; blocked when a page says it
                         to an exporter whose destination answers otherwise: it is about the connection, not the records
3xx 401 403 404 others   blocked: credential, address or configuration; nothing is lost meanwhile
no answer                retry; blocked when the server's certificate is not accepted, or it does not speak TLS
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

from collector.outcomes import LONGEST_WAIT_SECS, Blocked, Ok, Retry, Split, Verdict
from collector.transport.acceptance import ANYBODY, Acceptance, is_page, media_type
from collector.transport.http_client import HttpAnswer, describe, needs_people

_AGAIN = frozenset({408, 425, 429})
_TOO_LARGE = 413
_ISOLATE = frozenset({400, _TOO_LARGE, 422})
_SHOWN_CHARACTERS = 300
_BUSY = frozenset({429, 503})


class NotSent(Exception):
    """Nothing went out; `verdict` is what that means."""

    def __init__(self, verdict: Retry | Split | Blocked) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def verdict_of(
    answer: HttpAnswer | Exception, said: Callable[[bytes], str] = lambda _: "", taken: Acceptance = ANYBODY
) -> Verdict:
    """The meaning of what a call came to.

    Args:
        said: reads the destination's own words out of the body of a refusal.
        taken: what the destination answers when it has taken a request.
    """
    if isinstance(answer, NotSent):
        return answer.verdict
    if isinstance(answer, Exception):
        return unanswered(answer)
    return verdict(answer, "" if answer.status < 300 else said(answer.body), taken)


def unanswered(error: Exception, at_most: int | None = None) -> Retry | Split | Blocked:
    """The meaning of a call without an answer, or of one that was never made; `at_most` as in `Retry`. Who does not answer in time has too much to do."""
    if isinstance(error, NotSent):
        return error.verdict
    reason = describe(error)
    if needs_people(error):
        return Blocked(reason)
    return Retry(reason, at_most=at_most, throttled=isinstance(error, TimeoutError))


def verdict(answer: HttpAnswer, message: str = "", taken: Acceptance = ANYBODY) -> Verdict:
    """The meaning of a whole answer; `message` is what the destination said, for people; `taken` as in `verdict_of`."""
    status = answer.status
    if 200 <= status < 300:
        objection = taken.objection(answer)
        return Blocked(objection) if objection else Ok()
    reason = described(status, message or _elsewhere(answer))
    if status in _AGAIN or status >= 500:
        busy = status in _BUSY
        return Retry(reason, after_secs=retry_after_secs(answer) if busy else None, throttled=busy)
    if status in _ISOLATE and status != _TOO_LARGE and taken is not ANYBODY and is_page(answer):
        return Blocked(f"{reason}: with {media_type(answer) or 'HTML'}, a proxy's page, not {taken.who}")
    if status in _ISOLATE:
        return Split(reason, too_large=status == _TOO_LARGE)
    return Blocked(reason)


def error_said(body: bytes, code: str) -> str:
    """`InvalidStream: …` out of `{"error":{"code":"InvalidStream","message":"…"}}`, shortened; empty when it is not that.

    Args:
        code: the member of `error` that names what went wrong.
    """
    try:
        error = orjson.loads(body)["error"]
        return f"{error[code]}: {error['message']}"[:_SHOWN_CHARACTERS]
    except (ValueError, KeyError, TypeError):
        return ""


def _elsewhere(answer: HttpAnswer) -> str:
    """Of a redirect: the host that it names; the rest of the URL may hold secrets."""
    host = urlsplit(answer.headers.get("Location", "")).netloc.rpartition("@")[2] if 300 <= answer.status < 400 else ""
    return f"a redirect to {host}, perhaps a sign-in page; redirects are not followed" if host else ""


def described(status: int, message: str) -> str:
    """`401 Unauthorized: no token`."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    return f"{phrase}: {message}" if message else phrase


def retry_after_secs(answer: HttpAnswer, now: datetime | None = None) -> float | None:
    """`Retry-After` as seconds from now, `LONGEST_WAIT_SECS` at most: a number, or an HTTP date. None when absent or
    unreadable."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_SECS)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second for a year beyond all calendars
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - (now or datetime.now(UTC))).total_seconds()), LONGEST_WAIT_SECS)
