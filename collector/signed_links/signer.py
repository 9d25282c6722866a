"""Tokens: an act and its MAC (HMAC-SHA256, 16 bytes) as base64url without padding."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collector.signed_links.act import Act

PATH = "/act/"
LONGEST = 1024
_MAC_BYTES = 16
_PURPOSE = b"logboom signed link\0"


class BadToken(ValueError):
    """Nobody here signed it."""


class Expired(ValueError):
    """It was signed here, and its time is over."""

    def __init__(self, act: Act) -> None:
        self.act = act
        super().__init__("the link has expired")


@dataclass(frozen=True, slots=True)
class LinkRules:
    """What a configuration says of links.

    Args:
        base: where they begin: `https://hooks.example.com`.
        lifetime_secs: how long they can be followed.
        keys: the first signs, all are known; empty: the data directory's.
    """

    base: str
    lifetime_secs: float
    keys: Sequence[str] = field(default=(), repr=False)


class Signer:
    """Makes and checks tokens; safe from any thread.

    Args:
        keys: the first signs.
        now: Unix seconds.
    """

    def __init__(
        self, keys: Sequence[bytes], base: str = "", lifetime_secs: float = 0.0, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = [hmac.digest(key, _PURPOSE, hashlib.sha256) for key in keys]
        self.base = base
        self.lifetime_secs = lifetime_secs
        self._now = now

    def token(self, act: Act) -> str:
        """Of an act."""
        data = act.packed()
        return base64.urlsafe_b64encode(_mac(self._keys[0], data) + data).rstrip(b"=").decode()

    def url(self, token: str) -> str:
        """Where a token is followed."""
        return f"{self.base}{PATH}{token}"

    def act(self, token: str) -> Act:
        """What a token does. Raises `BadToken`, `Expired`."""
        try:
            if len(token) > LONGEST:
                raise ValueError
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise BadToken("it is no token") from None
        given, data = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any([hmac.compare_digest(given, _mac(key, data)) for key in self._keys]):  # noqa: C419 - as long for each
            raise BadToken("nobody here signed it")
        try:
            act = Act.read(data)
        except ValueError:
            raise BadToken("it is of another logboom") from None
        if act.expires <= self._now():
            raise Expired(act)
        return act


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)[:_MAC_BYTES]
