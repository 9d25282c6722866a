"""One HTTP response, and what an answer to a refusal says in its headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from collector.errors import PermissionDenied, Refusal, Unauthenticated
from collector.ingress.refusals import Answer

Headers = tuple[tuple[bytes, bytes], ...]
Send = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `headers` holds what is particular to it."""

    status: int
    content_type: bytes
    body: bytes
    headers: Headers = ()


NOT_FOUND = Response(404, b"text/plain; charset=utf-8", b"404 page not found\n")
METHOD_NOT_ALLOWED = Response(405, b"text/plain", b"405 method not allowed, supported: [POST]", ((b"allow", b"POST"),))


def refusal_headers(refusal: Refusal, told: Answer) -> Headers:
    """`Retry-After` where the sender should come again, `WWW-Authenticate` where another credential would do."""
    if told.retry_after_header is not None:
        return ((b"retry-after", told.retry_after_header.encode()),)
    if isinstance(refusal, Unauthenticated | PermissionDenied):
        return tuple((b"www-authenticate", challenge.encode("latin-1")) for challenge in refusal.challenges)
    return ()


def fields_of(response: Response, extra: Headers) -> Headers:
    """All its headers; `extra`: those that all responses have."""
    if response.status == 204:
        return *response.headers, *extra  # RFC 9110: a 204 has no content and no length
    fields = ((b"content-length", b"%d" % len(response.body)), *response.headers, *extra)
    return (*fields, (b"content-type", response.content_type)) if response.content_type else fields


async def write(send: Send, response: Response, extra: Headers) -> None:
    """Send it as an ASGI application does."""
    headers = fields_of(response, extra)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
