"""What can't be answered, as programs read it (RFC 9457) and as panels show it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from collector.query.problems import QueryError


class Refused(Exception):
    """A request that is not answered as it was asked.

    Args:
        detail: a sentence for whoever asks, without secrets.
        more: further members of the problem: `position`, `did_you_mean`.
        retry_after_secs: when to come again; None: that is of no use.
        headers: of the answer, besides.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        more: Mapping[str, Any] | None = None,
        retry_after_secs: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.more = dict(more or {})
        self.retry_after_secs = retry_after_secs
        self.headers = dict(headers or {})
        super().__init__(detail)


class NotFound(Refused):
    """It is not there, or not for this visitor: nobody can tell which."""

    def __init__(self, what: str) -> None:
        super().__init__(404, f"there is no {what} here")


class Busy(Refused):
    """So many questions wait already."""

    def __init__(self) -> None:
        super().__init__(429, "too many questions are asked of the store: come again in a second", None, 1.0)


class NotNow(Refused):
    """The store is there, and for a while others come first."""

    def __init__(self, detail: str, after_secs: float) -> None:
        super().__init__(503, detail, None, after_secs)


class TooSlow(Refused):
    """The store was not done in time."""

    def __init__(self, secs: float) -> None:
        super().__init__(504, f"the store did not answer within {secs:g} s: ask for less time, or for fewer fields")


def no_query(error: QueryError) -> Refused:
    """What is no query: where it goes wrong, and what may have been meant."""
    more: dict[str, Any] = {"position": error.offset}
    if error.did_you_mean:
        more["did_you_mean"] = error.did_you_mean
    return Refused(400, str(error), more)


def request_id() -> str:
    """By which a person and the service's log speak of the same failure."""
    return secrets.token_hex(8)


def problem(refused: Refused, id_: str = "") -> Response:
    """The answer of the API."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": refused.detail,
        "request_id": id_ or request_id(),
        **refused.more,
    }
    headers = dict(refused.headers)
    if refused.retry_after_secs is not None:
        headers["retry-after"] = str(max(1, round(refused.retry_after_secs)))
    return Response(orjson.dumps(body), refused.status, headers, "application/problem+json")
