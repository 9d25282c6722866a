"""Cross-origin requests of browsers, as otelcol answers them (Fetch standard, "CORS protocol").

`AccessControl` without allowed origins is never made: then OPTIONS is a method like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.transport.http_server_config import Cors

Headers = list[tuple[bytes, bytes]]
_ALWAYS = {"accept", "content-type", "content-language", "origin", "x-requested-with"}
_CREDENTIALS = {"authorization", "x-api-key"}
_EXPOSED = "Retry-After"
_VARY = (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")


class AccessControl:
    """The compiled `cors:` block. `asks`: the listener asks who sends, so pages may say it."""

    def __init__(self, cors: Cors, asks: bool = False) -> None:
        self._any_origin = "*" in cors.allowed_origins
        self._origins = re.compile("|".join(_wildcard(origin) for origin in cors.allowed_origins), re.IGNORECASE)
        self._any_header = "*" in cors.allowed_headers
        self._headers = _ALWAYS | (_CREDENTIALS if asks else set()) | {name.lower() for name in cors.allowed_headers}
        told = {name.lower() for name in cors.exposed_headers}
        exposed = [*cors.exposed_headers, *([_EXPOSED] if _EXPOSED.lower() not in told and "*" not in told else [])]
        self._exposed = ", ".join(exposed).encode("latin-1")
        self._max_age = str(cors.max_age).encode() if cors.max_age else b""

    def is_preflight(self, method: str, headers: Mapping[bytes, bytes]) -> bool:
        """A browser asks whether it may send."""
        return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers

    def preflight(self, headers: Mapping[bytes, bytes]) -> Headers:
        """The headers of the 204; without the permission if any part of the question is not allowed."""
        allowed, names = self._origin(headers), _requested(headers)
        if self.objection(headers):
            return [_VARY]
        answer = [_VARY, *allowed, (b"access-control-allow-methods", b"POST")]
        if names:
            answer.append((b"access-control-allow-headers", ", ".join(sorted(names)).encode("latin-1")))
        if self._max_age:
            answer.append((b"access-control-max-age", self._max_age))
        return answer

    def objection(self, headers: Mapping[bytes, bytes]) -> str:
        """Why a preflight gets no permission; empty when it does."""
        if not self._origin(headers):
            return f"cors: the origin {_shown(headers[b'origin'])} is not in allowed_origins"
        if headers[b"access-control-request-method"] != b"POST":
            return f"cors: the method {_shown(headers[b'access-control-request-method'])} is not POST"
        foreign = sorted(_requested(headers) - self._headers)
        if foreign and not self._any_header:
            return f"cors: the request header {_shown(foreign[0].encode())} is not in allowed_headers"
        return ""

    def actual(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What an answer to a request with an `Origin` carries."""
        if b"origin" not in headers:
            return []
        allowed = self._origin(headers)
        if allowed:
            allowed.append((b"access-control-expose-headers", self._exposed))
        return [(b"vary", b"Origin"), *allowed]

    def _origin(self, headers: Mapping[bytes, bytes]) -> Headers:
        origin = headers[b"origin"]
        if self._any_origin:
            return [(b"access-control-allow-origin", b"*")]
        if self._origins.fullmatch(origin.decode("latin-1")):
            return [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]
        return []


def _requested(headers: Mapping[bytes, bytes]) -> set[str]:
    requested = headers.get(b"access-control-request-headers", b"").decode("latin-1")
    return {name.strip().lower() for name in requested.split(",") if name.strip()}


def _shown(value: bytes) -> str:
    """A sender's text, short and harmless enough for the log."""
    return repr(value[:100].decode("ascii", "replace"))


def _wildcard(origin: str) -> str:
    return ".*".join(re.escape(part) for part in origin.split("*"))
