"""That a change in a session is meant: its cookie is sent by the browser whoever made it ask, so the request must show more.

A page of ours can do what no page of others can: send JSON or a header of its own (a browser would ask us first, and is told nothing), or
a form with the token of the session.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.types import Message, Receive

FIELD = "form_token"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_MOST_BYTES = 64 << 10


async def is_meant(token: str, headers: Mapping[str, str], receive: Receive) -> tuple[bool, Receive]:
    """Whether it is, and what the application reads the body from. Browsers say where a change comes from: silence is none of ours."""
    if "sec-fetch-site" not in headers and "origin" not in headers:
        return False, receive
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _JSON or "hx-request" in headers:
        return True, receive
    if kind != _FORM:
        return False, receive
    messages, body = await _read(receive)
    shown = parse_qs(body.decode("latin-1")).get(FIELD, [""])
    return len(shown) == 1 and hmac.compare_digest(shown[0].encode(), token.encode()), _again(messages, receive)


async def _read(receive: Receive) -> tuple[list[Message], bytes]:
    """The body, as far as forms of ours go."""
    messages: list[Message] = []
    body = b""
    while len(body) <= _MOST_BYTES:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    return messages, body


def _again(messages: list[Message], receive: Receive) -> Receive:
    async def replayed() -> Message:
        return messages.pop(0) if messages else await receive()

    return replayed
