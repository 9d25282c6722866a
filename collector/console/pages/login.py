"""Log in and out: pages that need no script and load nothing that needs a session."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Awaitable
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from collector.component import LetsPeopleIn, NotReturned
from collector.console.login.links import LINK, SCHEME
from collector.console.login.logins import Logins
from collector.console.login.returned import PROVIDER
from collector.console.login.trip import TRIP_SECS, Trip
from collector.console.pages.display import below
from collector.console.pages.frame import shown
from collector.console.pages.rendering import part
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound
from collector.errors import PermissionDenied, Refusal, Unauthenticated
from collector.release import release

router = APIRouter()
_LONGEST = 4096
_LONGEST_GOAL = 1024
_WORD = re.compile(r"[a-z_]{1,64}")


class Way(NamedTuple):
    """By what people log in: an extension, and what it asks them for; of a provider its name there, and as people read it."""

    ident: str
    asks: str
    name: str = ""
    label: str = ""


@router.get("/login")
async def page(request: Request, next: str = "", link: str = "") -> Response:  # noqa: A002 - as in the URL
    """Where people log in; who is logged in goes on."""
    _logins(request)
    if visitor(request).session and not link:
        return RedirectResponse(_goal(request, next), 303)
    return _page(request, next, token=link[:_LONGEST])


@router.post("/login")
async def log_in(
    request: Request,
    by: str = Form(max_length=256),
    secret: str = Form(max_length=_LONGEST),
    user: str = Form("", max_length=256),
    next: str = Form(""),  # noqa: A002
) -> Response:
    """With a key, or a name and a password."""
    way = _way(request, by)
    said = f"{user}:{secret}".encode()
    authorization = f"Basic {base64.b64encode(said).decode()}" if way.asks == "password" else f"Bearer {secret}"
    return await _begun(request, by, authorization, next, user)


@router.post("/login/link")
async def follow(request: Request, link: str = Form(max_length=_LONGEST), next: str = Form("")) -> Response:  # noqa: A002
    """By a link, once."""
    return await _begun(request, LINK, SCHEME + link, next)


@router.get("/login/to")
async def to(request: Request, by: str = "", name: str = "", next: str = "") -> Response:  # noqa: A002
    """To a provider where people log in. A link, for browsers let no form lead to others."""
    logins = _logins(request)
    try:
        journey = await logins.sent(by, name, _back(request))
    except NotReturned as error:
        return _not_returned(request, error, next)
    answer = RedirectResponse(journey.url, 303)
    logins.trip_cookie.give(answer, Trip(by, name, _goal(request, next)[:_LONGEST_GOAL], journey).packed(), TRIP_SECS)
    return answer


@router.get("/login/back")
async def back(request: Request, code: str = "", state: str = "", error: str = "", iss: str = "") -> Response:
    """From there, with a code; or with the word why not."""
    logins = _logins(request)
    trip = Trip.unpacked(logins.trip_cookie.value(request.cookies))
    try:
        if trip is None or not hmac.compare_digest(state.encode(), trip.journey.state.encode()):
            raise NotReturned("the login was begun in another browser, or too long ago: begin again")
        if iss not in ("", trip.name):  # RFC 9207
            raise NotReturned("another provider answered than was asked: begin again")
        if error or not code:
            raise NotReturned(f"the provider let nobody in ({error if _WORD.fullmatch(error) else 'no code'})")
        came = logins.returned(request.scope, trip, code, _back(request))
        answer = await _in(request, came, _goal(request, trip.goal))
    except NotReturned as wrong:
        answer = _not_returned(request, wrong, trip.goal if trip is not None else "")
    logins.trip_cookie.take_back(answer)
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session, here and wherever its cookie went."""
    logins = _logins(request)
    await logins.log_out(request.state.token)
    answer = RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303)
    logins.cookie.take_back(answer)
    return answer


def ways(request: Request) -> list[Way]:
    """In the order of the options."""
    options, extensions = parts(request).options, parts(request).settings.extensions
    named = options.login.authenticators if options.login is not None else ()
    found = ((ident, extensions[ident].config) for ident in named if ident in extensions)
    asked = [(ident, config.asks_people_for()) for ident, config in found if isinstance(config, LetsPeopleIn)]
    return [way for ident, asks in asked for way in _ways_of(request, ident, asks)]


def _ways_of(request: Request, ident: str, asks: str) -> list[Way]:
    if asks == "provider":
        return [Way(ident, asks, name, label) for name, label in _logins(request).elsewhere(ident).items()]
    return [Way(ident, asks)] if asks else []


def _way(request: Request, by: str) -> Way:
    """Raises NotFound."""
    way = next((each for each in ways(request) if each.ident == by), None)
    if way is None:
        raise NotFound("such way to log in")
    return way


async def _begun(request: Request, by: str, authorization: str, next_: str, user: str = "") -> Response:
    came = _logins(request).log_in(request.scope, by, authorization)
    return await _in(request, came, _goal(request, next_), by, user)


async def _in(request: Request, came: Awaitable[str], goal: str, by: str = "", user: str = "") -> Response:
    """With a session of its own, and without the one before."""
    logins, before = _logins(request), request.state.token
    try:
        token = await came
    except Refusal as refusal:
        return _page(request, goal, wrong=_said(refusal), by=by, user=user, status=_status(refusal))
    if before:
        await logins.log_out(before)
    answer = RedirectResponse(goal, 303)
    logins.cookie.give(answer, token)
    return answer


def _not_returned(request: Request, error: NotReturned, goal: str) -> Response:
    return _page(request, goal, wrong=f"That did not work: {error}.", status=401)


def _back(request: Request) -> str:
    """Where a provider sends people: registered there, so a name that a stranger makes up leads nowhere."""
    options = parts(request).options
    here = f"{'https' if options.over_tls else 'http'}://{request.headers.get('host', '')}{options.base_path}"
    return f"{options.public_url or here}/login/back"


def _page(
    request: Request, next_: str, *, token: str = "", wrong: str = "", by: str = "", user: str = "", status: int = 200
) -> Response:
    written = part(
        request, "login.html", shown=shown(request), version=release(), ways=ways(request), next=next_, token=token,
        wrong=wrong, by=by, user=user,
    )  # fmt: skip
    return Response(written, status, media_type="text/html")


def _said(refusal: Refusal) -> str:
    """One sentence for all that is wrong with a credential: it tells nothing of it."""
    if isinstance(refusal, Unauthenticated) and refusal.cause == "throttled":
        return "Too many wrong logins came from your network. Wait a minute, then try again."
    if isinstance(refusal, Unauthenticated) and refusal.cause == "missing":
        return "Nothing was typed in."
    if isinstance(refusal, Unauthenticated) and refusal.cause == PROVIDER:
        return f"That did not work: {refusal.reason}."
    if isinstance(refusal, Unauthenticated) and refusal.reason.startswith("the link"):
        return "This link was followed before, or is too old. Make another with logboom login."
    if isinstance(refusal, PermissionDenied):
        return f"You are known, but may not look here: {refusal.reason}."
    return "That is not right." if isinstance(refusal, Unauthenticated) else f"Not now: {refusal.reason}."


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, Unauthenticated):
        return 429 if refusal.cause == "throttled" else 401
    return 403 if isinstance(refusal, PermissionDenied) else 503


def _goal(request: Request, next_: str) -> str:
    """Where they wanted to go, if that is a page of ours and not this one."""
    base = request.scope.get("root_path", "")
    goal = below(next_, base)
    return f"{base}/" if urlsplit(goal).path.startswith((f"{base}/login", f"{base}/logout")) else goal


def _logins(request: Request) -> Logins:
    """Raises NotFound: nobody is asked who they are."""
    logins = parts(request).logins
    if logins is None:
        raise NotFound("login: whoever has this machine is let in")
    return logins
