"""RFC 9457: a refusal as a document that says what was wrong, and where."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import orjson

from collector.errors import Refusal
from collector.ingress.http_response import Headers, Response, refusal_headers
from collector.ingress.refusals import answer

_PROBLEM = b"application/problem+json"


def problem(status: int, detail: str, where: Mapping[str, int | str] | None = None, headers: Headers = ()) -> Response:
    """An answer of that status; `where` are further members."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **(where or {})}
    return Response(status, _PROBLEM, orjson.dumps(body), headers)


def refused(refusal: Refusal, where: Mapping[str, int | str] | None = None) -> Response:
    """The answer to a refusal: nothing was kept."""
    told = answer(refusal)
    return problem(told.http_status, told.message, where, refusal_headers(refusal, told))
