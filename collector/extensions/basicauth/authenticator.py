"""`basicauth`: names and passwords (RFC 7617), asked of senders and shown by exporters.

A good hash is slow, and who asks must not wait: it is verified on a thread, and its sender told to come again in a moment. What was
found out stays true as long as the user's hash is the same, so that happens once for each user and password in a process.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from collector.component import Context, Vouched
from collector.domains.credential import ROLES, WRITE, Credential
from collector.domains.remembered import Remembered, fingerprint
from collector.domains.resolver import RequestFacts
from collector.errors import InvalidPayload, LogboomError, Unauthenticated, Unavailable
from collector.extensions.basicauth.config import BasicAuthConfig
from collector.extensions.basicauth.passwords import Users, is_right
from collector.extensions.basicauth.shown import Shown

log = logging.getLogger(__name__)

_CHALLENGE = 'Basic realm="logboom", charset="UTF-8"'
_GOOD_SECS, _BAD_SECS = 24 * 3600.0, 60.0
_VERIFYING = 256
_COME_AGAIN_SECS = 0.5
_INVALID = "the credential is not valid"


class _Login(NamedTuple):
    user: str
    password: str


class BasicAuth:
    """One side of it, as the options say; safe from any thread."""

    def __init__(self, config: BasicAuthConfig, context: Context) -> None:
        self._id = context.id
        self._domains, self._roles = config.domains, config.roles
        server = config.htpasswd
        self._users = Users(
            server.inline.get_secret_value() if server else "", Path(server.file) if server and server.file else None
        )
        self._shown = Shown(config.client_auth) if config.client_auth is not None else None
        self._good: Remembered[Credential] = Remembered()
        self._bad: Remembered[bool] = Remembered()
        self._verifying: set[bytes] = set()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="basicauth")
        self._told = ""

    def start(self) -> None:
        """Read the files. Raises LogboomError."""
        self._users.read()
        if self._shown is not None:
            self._shown.read()

    def reload(self) -> None:
        """Take files that have changed; what can't be read changes nothing, and is told."""
        try:
            if self._users.changed() or self._told:
                self._users.read()
            if self._shown is not None and (self._shown.changed() or self._told):
                self._shown.read()
        except LogboomError as error:
            if str(error) != self._told:
                log.warning("%s: what was known stays: %s", self._id, error)
            self._told = str(error)
        else:
            self._told = ""

    def shutdown(self) -> None:
        """End the thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def authenticate(self, request: RequestFacts) -> Credential:
        """A user whose password is right. Raises Unavailable until it is verified."""
        login, key = self._login(request)
        found = self._good.get(key)
        if found is not None:
            return found
        if self._users.are_cheap and self._bad.get(key) is None:
            self._verify(login, key)
            found = self._good.get(key)
        if found is not None:
            return found
        if self._bad.get(key):
            raise Unauthenticated(_INVALID, [_CHALLENGE])
        self._verify_aside(login, key)
        raise Unavailable("the password is being verified, come again", _COME_AGAIN_SECS)

    def recall(self, request: RequestFacts) -> Credential | None:
        """Who was verified before."""
        try:
            return self._good.get(self._login(request)[1])
        except Unauthenticated:
            return None

    def vouched(self, ident: str) -> Vouched | None:
        """The user, while there is one; a new password is another mark."""
        hashed = self._users.hashes.get(ident)
        return Vouched(self._credential(ident), fingerprint(hashed).hex()) if hashed is not None else None

    async def headers(self) -> Mapping[str, str]:
        """Our name and password."""
        return self._shown.headers if self._shown is not None else {}

    def _credential(self, user: str) -> Credential:
        role = self._roles.get(user)
        scopes = frozenset({WRITE}) | (ROLES[role] if role is not None else frozenset())
        return Credential(self._domains.get(user), id=user, scopes=scopes, attributes={"username": user})

    def _login(self, request: RequestFacts) -> tuple[_Login, bytes]:
        """What is shown, and what it is remembered by: with the user's hash, so that a new one asks again."""
        values = request.values("authorization")
        if len(values) > 1:
            raise InvalidPayload("more than one Authorization header")
        if not values or not values[0]:
            raise Unauthenticated("a name and a password are needed", [_CHALLENGE], cause="missing")
        login = _read(values[0])
        if login is None:
            raise Unauthenticated(_INVALID, [_CHALLENGE], cause="malformed")
        return login, fingerprint(f"{self._users.hashes.get(login.user, '')}\0{login.user}\0{login.password}")

    def _verify_aside(self, login: _Login, key: bytes) -> None:
        if key in self._verifying or len(self._verifying) >= _VERIFYING:
            return
        self._verifying.add(key)
        try:
            self._threads.submit(self._verify, login, key)
        except RuntimeError:  # shut down
            self._verifying.discard(key)

    def _verify(self, login: _Login, key: bytes) -> None:
        """A name that nobody has takes as long as another, so that answers don't tell which there are."""
        try:
            hashed = self._users.hashes.get(login.user)
            right = is_right(login.password, hashed or self._users.of_anybody)
            if right and hashed is not None:
                self._good.put(key, self._credential(login.user), _GOOD_SECS)
            else:
                self._bad.put(key, True, _BAD_SECS)
        finally:
            self._verifying.discard(key)


def _read(value: str) -> _Login | None:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return _Login(user, password) if colon else None
