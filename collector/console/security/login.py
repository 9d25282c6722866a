"""Who asks, where the console asks who comes: known, or sent to log in; and that a change in a session is meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive

from collector.console.login.logins import Known, Logins
from collector.console.refusal import Refused, problem
from collector.console.security.form_tokens import is_meant
from collector.console.security.origins import CHANGING
from collector.console.visitor import NOBODY, Visitor
from collector.errors import InvalidPayload, PermissionDenied, Refusal, Unauthenticated

Answer = Callable[[Any, Any, Any], Awaitable[None]]

_OPEN = ("/login", "/static/")
_PROGRAMS = ("/api/", "/loki/", "/mcp", "/ready")
_NOT_MEANT = Refused(403, "a change in a session is taken from the console's own pages: load the page again")
_BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Entered:
    """Who asks. `receive`: what is left to read of the request; `known`: None for who is let in unasked."""

    visitor: Visitor
    receive: Receive
    known: Known | None = None

    @property
    def token(self) -> str:
        """Of their session; empty without one."""
        return self.known.token if self.known is not None else ""

    @property
    def form_token(self) -> str:
        """As `Known` has it."""
        return self.known.form_token if self.known is not None else ""


async def entered(logins: Logins, scope: Any, receive: Receive, path: str) -> Entered | Answer:
    """Who it is, or what they are answered instead. `path`: below the base path."""
    try:
        known = await logins.known(scope, program=path.startswith(_PROGRAMS))
    except Refusal as refusal:
        return Entered(NOBODY, receive) if _is_open(path) else _turned_away(refusal, scope, path)
    if not known.token or scope["method"] not in CHANGING:
        return Entered(known.visitor, receive, known)
    meant, left = await is_meant(known.form_token, Headers(scope=scope), receive)
    return Entered(known.visitor, left, known) if meant else problem(_NOT_MEANT)


def _is_open(path: str) -> bool:
    return path == _OPEN[0] or path.startswith((f"{_OPEN[0]}/", _OPEN[1]))


def _turned_away(refusal: Refusal, scope: Any, path: str) -> Response:
    """Programs are told what to show, people where to log in."""
    headers = Headers(scope=scope)
    if isinstance(refusal, Unauthenticated | PermissionDenied) and not path.startswith(_PROGRAMS):
        return _to_login(scope, path, headers)
    if isinstance(refusal, Unauthenticated):
        return _challenged(problem(Refused(401, refusal.reason)), refusal.challenges, headers)
    if isinstance(refusal, PermissionDenied):
        return _challenged(problem(Refused(403, refusal.reason)), refusal.challenges, headers)
    if isinstance(refusal, InvalidPayload):
        return problem(Refused(400, refusal.reason))
    return problem(Refused(503, refusal.reason, None, refusal.retry_after_secs))


def _challenged(answer: Response, challenges: Sequence[str], headers: Headers) -> Response:
    """A browser would open a window of its own for `Basic`, where a page only asks for a part of itself."""
    from_page = "sec-fetch-site" in headers
    for challenge in challenges:
        if not (from_page and challenge.lower().startswith(_BASIC)):
            answer.headers.append("www-authenticate", challenge)
    return answer


def _to_login(scope: Any, path: str, headers: Headers) -> Response:
    """The page to log in at, which leads back; a part of a page takes the whole page there."""
    base, query = scope["root_path"], scope["query_string"].decode("latin-1")
    asked = f"{base}{path}" + (f"?{query}" if query else "")
    if "hx-request" in headers:
        return Response(status_code=401, headers={"hx-redirect": f"{base}/login"})
    next_ = f"?{urlencode({'next': asked})}" if scope["method"] in ("GET", "HEAD") and path != "/" else ""
    return RedirectResponse(f"{base}/login{next_}", 303)
