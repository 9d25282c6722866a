"""API keys: how they are written, and what is known of one.

    lb<kind>_<id>_<secret><crc>      lbi_3k7h9q2m4n5p_…

`id` is public, 12 characters of Crockford's base32; `secret` 256 random bits as 43 of base62; `crc` the CRC-32 of all before it, 6
of base62. So a scanner finds one in any text by `PATTERN`, and tells it from what only looks alike without asking anybody. At rest
there is the SHA-256 of the whole key: of 256 random bits nobody guesses one back, so nothing slower is needed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from typing import NamedTuple

from collector.base32 import ALPHABET
from collector.domains.credential import READ, ROLES, WRITE, Credential

PUBLIC_BODY_BYTES = 64 << 10
"""The largest body with a key that stands in web pages; browsers allow no more under way at once (Fetch, `keepalive`)."""
PATTERN = re.compile(r"\blb[ipra]_[0-9a-hjkmnp-tv-z]{12}_[0-9A-Za-z]{49}\b")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_CHARACTERS, _SECRET_CHARACTERS, _CRC_CHARACTERS = 12, 43, 6


class KeyKind(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    """Sends logs; a secret."""
    BROWSER = "browser"
    """Sends logs from web pages, where everybody can read it."""
    READER = "reader"
    """Reads logs."""
    ADMIN = "admin"
    """Reads logs, decides about issues and alerts, and changes what others may."""

    @property
    def letter(self) -> str:
        """As it stands in the key."""
        return "p" if self is KeyKind.BROWSER else self[0]

    @property
    def scopes(self) -> frozenset[str]:
        """What a key of this kind may do unless it says otherwise."""
        return {
            KeyKind.READER: frozenset({READ}),
            KeyKind.ADMIN: ROLES["admin"],
        }.get(self, frozenset({WRITE}))


class NewKey(NamedTuple):
    """A key that was made: its public id, and the text that is shown once."""

    id: str
    text: str

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return digest_of(self.text)


def new_key(kind: KeyKind) -> NewKey:
    """A key that nobody has."""
    ident = "".join(secrets.choice(ALPHABET) for _ in range(_ID_CHARACTERS)).lower()
    secret = _base62(secrets.randbits(256), _SECRET_CHARACTERS)
    text = f"lb{kind.letter}_{ident}_{secret}"
    return NewKey(ident, text + _crc(text))


def digest_of(text: str) -> bytes:
    """SHA-256 of a whole key."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def is_whole(text: str) -> bool:
    """Whether it is written as our keys are, without a typing error."""
    return PATTERN.fullmatch(text) is not None and text.endswith(_crc(text[:-_CRC_CHARACTERS]))


def id_in(text: str) -> str:
    """The public id of a key of ours; empty for other text."""
    return text.split("_")[1] if PATTERN.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; times are seconds since the epoch, None = no such time.

    `revoked_at` may lie ahead: a key that was rotated goes on until then.
    """

    id: str
    kind: KeyKind
    domain: str
    digest: bytes
    name: str = ""
    created_at: int | None = None
    not_before: int | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    networks: Sequence[str] = ()
    origins: Sequence[str] = ()
    scopes: Sequence[str] = ()
    multi_domain: bool = False
    limit: Mapping[str, float] = field(default_factory=dict)
    successor: str = ""
    last_used: int | None = None

    def objection(self, now: float) -> str:
        """Why it is not good now, a word; empty when it is."""
        if self.revoked_at is not None and now >= self.revoked_at:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        return "early" if self.not_before is not None and now < self.not_before else ""

    def credential(self) -> Credential:
        """What it lets its holder do. Raises ValueError for a network that is none."""
        public = self.kind is KeyKind.BROWSER
        return Credential(
            domain=self.domain,
            multi_domain=self.multi_domain,
            id=self.id,
            scopes=frozenset(self.scopes) or self.kind.scopes,
            networks=tuple(ip_network(text, strict=False) for text in self.networks),
            origins=tuple(self.origins),
            public=public,
            max_body_bytes=PUBLIC_BODY_BYTES if public else 0,
            limit=self.limit,
            attributes={"key.id": self.id, "key.name": self.name, "key.kind": str(self.kind)},
        )


def _crc(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CRC_CHARACTERS)


def _base62(value: int, characters: int) -> str:
    digits = []
    for _ in range(characters):
        value, digit = divmod(value, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
