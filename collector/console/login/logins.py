"""Log in, who is that, log out.

form, link, provider ──► authenticator, through the doorkeeper (throttle, scope, network) ──► session in access.db, cookie
request ──► cookie: session, while it lasts and its authenticator still vouches for it; else: a program's credential
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from starlette.requests import cookie_parser

from collector.admission.doorkeeper import Doorkeeper
from collector.component import Journey, NotReturned, SendsPeople, ServerAuthenticator, Vouched, Vouches
from collector.console.login.cookies import Cookie
from collector.console.login.facts import Facts, written
from collector.console.login.links import LINK, Links
from collector.console.login.programs import AnyOf
from collector.console.login.returned import Returned
from collector.console.login.trip import Trip
from collector.console.visitor import Visitor, visitor_of
from collector.domains.credential import READ, Credential
from collector.domains.session_store import Session, SessionStore, SessionsUnreadable, domains_of, new_token
from collector.errors import Exhausted, Refusal, Unauthenticated, Unavailable
from collector.extensions.console.config import ConsoleConfig

RECEIVER = "console"
_PATIENCE_SECS, _PAUSE_SECS = 5.0, 0.05
_TOUCH_SECS = 60
_MOST_ASIDE = 3
"""Logins that wait for others at once: they take threads that changes need, too."""


class Tells(Protocol):
    """Who tells the service of people that come and go."""

    def logged_in(self, session: Session, user_agent: str) -> None: ...
    def logged_out(self, session: Session, why: str) -> None: ...


class Shown(NamedTuple):
    """What a program showed, and who it was by that."""

    facts: Facts
    credential: Credential


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks. `token`: of their session; empty for programs. `shown`: by programs."""

    visitor: Visitor
    token: str = ""
    shown: Shown | None = None

    @property
    def form_token(self) -> str:
        """What forms of their pages carry: nobody else knows it, and it opens nothing."""
        return hashlib.sha256(f"form\0{self.token}".encode()).hexdigest() if self.token else ""


class Logins:
    """Of one console.

    Args:
        authenticators: by id, in the order of the options.
        doorkeeper: asks them, and closes networks from which too many wrong credentials come.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        options: ConsoleConfig,
        authenticators: Mapping[str, ServerAuthenticator],
        store: SessionStore,
        doorkeeper: Doorkeeper,
        tells: Tells,
        clock: Callable[[], float] = time.time,
    ) -> None:
        assert options.login is not None, "a console that asks nobody has no logins"
        self._login = options.login
        self._authenticators: dict[str, ServerAuthenticator] = {**authenticators, LINK: Links(store, clock)}
        self._programs = AnyOf(authenticators)
        self._store = store
        self._doorkeeper = doorkeeper
        self._tells = tells
        self._clock = clock
        self._aside = asyncio.Semaphore(_MOST_ASIDE)
        self.cookie = Cookie.of(options)
        self.trip_cookie = Cookie.of(options, "-trip")

    async def known(self, scope: Mapping[str, Any], program: bool) -> Known:
        """Who asks. `program`: it may show a credential in the place of a session. Raises a `Refusal`: nobody that is known."""
        token, facts = self.cookie.value(_cookies(scope)), Facts(scope)
        session = self._session(token)
        current = self._vouched(session) if session is not None else None
        if session is not None and current is not None:
            self._doorkeeper.permit(current, facts, READ)
            await self._touched(token, session)
            return Known(visitor_of(session.who, current.scopes, domains_of(current), session.login, session.id), token)
        if not program:
            raise Unauthenticated("a login is needed", cause="missing")
        credential = await self._let_in(self._programs, self._programs.name, facts)
        visitor = visitor_of(credential.id, credential.scopes, domains_of(credential))
        return Known(visitor, shown=Shown(facts, credential))

    async def log_in(self, scope: Mapping[str, Any], by: str, authorization: str) -> str:
        """Begin a session; its token.

        Args:
            by: id of the authenticator, or `link`.
            authorization: what was shown, as the header that a program would send.

        Raises:
            Refusal: they are not let in.
        """
        authenticator = self._authenticators.get(by)
        if authenticator is None:
            raise Unauthenticated("there is no such way to log in", cause="malformed")
        return await self._begun(authenticator, by, written(scope, authorization))

    def elsewhere(self, by: str) -> Mapping[str, str]:
        """Places where people of an authenticator log in, by name."""
        authenticator = self._authenticators.get(by)
        return authenticator.elsewhere() if isinstance(authenticator, SendsPeople) else {}

    async def sent(self, by: str, name: str, back: str) -> Journey:
        """Where a browser goes. Raises NotReturned."""
        authenticator = self._sends(by, name)
        async with self._aside:
            return await asyncio.to_thread(authenticator.sent, name, back)

    async def returned(self, scope: Mapping[str, Any], trip: Trip, code: str, back: str) -> str:
        """Begin a session of who comes back with a code; its token. Raises a `Refusal`; NotReturned: there is no such way."""
        authenticator = self._sends(trip.by, trip.name)
        assert isinstance(authenticator, ServerAuthenticator), "one of `login.authenticators`"
        fetch = functools.partial(authenticator.returned, trip.name, trip.journey, code, back)
        came = Returned(authenticator, fetch, lambda token: written(scope, f"Bearer {token}"))
        return await self._begun(came, trip.by, written(scope, ""))

    def _sends(self, by: str, name: str) -> SendsPeople:
        authenticator = self._authenticators.get(by)
        if not isinstance(authenticator, SendsPeople) or name not in authenticator.elsewhere():
            raise NotReturned("there is no such way to log in")
        return authenticator

    async def _begun(self, authenticator: ServerAuthenticator, by: str, facts: Facts) -> str:
        credential = await self._let_in(authenticator, by, facts)
        session = self._session_of(credential, by, _mark(authenticator, credential), facts)
        token = new_token()
        try:
            await asyncio.to_thread(self._store.begin, token, session)
        except SessionsUnreadable as error:
            raise Unavailable("sessions can't be kept now, try again") from error
        self._tells.logged_in(session, facts.header("user-agent") or "")
        return token

    async def log_out(self, token: str) -> None:
        """End a session."""
        session = self._session(token)
        try:
            await asyncio.to_thread(self._store.end, token)
        except SessionsUnreadable as error:
            raise Unavailable("the session can't be ended now, try again") from error
        if session is not None:
            self._tells.logged_out(session, "logged out")

    def lasts(self, known: Known) -> bool:
        """Whether a session is still one, and a program still let in as the same: asked again while a long answer is under way, on a thread. It
        is no attempt to come in, so the doorkeeper is not told."""
        try:
            if known.shown is not None:
                return self._programs.authenticate(known.shown.facts) == known.shown.credential
            session = self._session(known.token)
        except (Unavailable, Exhausted):
            return True
        except Refusal:
            return False
        return session is not None and self._vouched(session) is not None

    def _session(self, token: str) -> Session | None:
        """The one that the token opens now."""
        try:
            session, now = (self._store.find(token) if token else None), int(self._clock())
        except SessionsUnreadable as error:
            raise Unavailable("sessions can't be looked up now, try again") from error
        over = session is not None and (now >= session.expires_at or now - session.used_at >= self._login.idle_timeout)
        return None if over else session

    async def _touched(self, token: str, session: Session) -> None:
        now = int(self._clock())
        if now - session.used_at >= _TOUCH_SECS:
            with contextlib.suppress(SessionsUnreadable):  # it is asked again with the next request
                await asyncio.to_thread(self._store.used, token, now)

    def _vouched(self, session: Session) -> Credential | None:
        """What they may now; None: what they logged in with is not good any more."""
        authenticator = self._authenticators.get(session.login)
        if isinstance(authenticator, Vouches):
            now = authenticator.vouched(session.who)
            return now.credential if now is not None and now.mark == session.mark else None
        return _as_it_was(session) if authenticator is not None else None

    async def _let_in(self, authenticator: ServerAuthenticator, name: str, facts: Facts) -> Credential:
        """Raises a `Refusal`. A hash that is being computed, a key that is being asked for: that takes a moment, and it is waited for."""
        until = time.monotonic() + _PATIENCE_SECS
        while True:
            try:
                return await asyncio.to_thread(self._doorkeeper.let_in, authenticator, name, RECEIVER, facts, READ)
            except Unavailable:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_PAUSE_SECS)

    def _session_of(self, credential: Credential, by: str, mark: str, facts: Facts) -> Session:
        now = int(self._clock())
        return Session(
            secrets.token_hex(6), by, credential.id, mark, credential.scopes, domains_of(credential),
            self._doorkeeper.address(facts), now, now, now + int(self._login.lifetime),
        )  # fmt: skip


def _as_it_was(session: Session) -> Credential:
    domains = None if session.domains is None else sorted(session.domains)
    found = Credential(id=session.who, scopes=session.scopes)
    return found if domains is None else replace(found, domain=domains[0], domains=tuple(domains[1:]))


def _mark(authenticator: ServerAuthenticator, credential: Credential) -> str:
    vouched: Vouched | None = authenticator.vouched(credential.id) if isinstance(authenticator, Vouches) else None
    return vouched.mark if vouched is not None else ""


def _cookies(scope: Mapping[str, Any]) -> Mapping[str, str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    return cookie_parser("; ".join(lines))
