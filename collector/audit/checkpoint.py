"""The head of a chain, signed. Whoever keeps one elsewhere can tell later whether the chain still leads there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from collector.audit.entry import HASH, SEQ, canonical
from collector.audit.key import SigningKey, holds, key_id

DOMAIN, TIME = "logboom.audit.domain", "logboom.audit.time"
KEY, SIGNATURE = "logboom.audit.key", "logboom.audit.signature"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One of them.

    Args:
        seq: of the newest entry, whose hash is `hash`.
        time: when it was signed, ns.
        key: id of the public key.
        signature: of all that, hexadecimal.
    """

    domain: str
    seq: int
    hash: str
    time: int
    key: str
    signature: str = ""

    @classmethod
    def signed(cls, domain: str, seq: int, hash_: str, time: int, key: SigningKey) -> Self:
        """A new one."""
        bare = cls(domain, seq, hash_, time, key_id(key.public))
        return cls(domain, seq, hash_, time, bare.key, key.sign(bare.text))

    @property
    def text(self) -> str:
        """What is signed."""
        return canonical(
            {"domain": self.domain, "seq": self.seq, "hash": self.hash, "time": self.time, "key": self.key}
        )

    def is_of(self, public: bytes) -> bool:
        """Whether that key signed it."""
        return key_id(public) == self.key and holds(public, self.text, self.signature)

    def attributes(self) -> dict[str, str | int]:
        """Of the event."""
        return {
            DOMAIN: self.domain, SEQ: self.seq, HASH: self.hash, TIME: self.time, KEY: self.key, SIGNATURE: self.signature
        }  # fmt: skip

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self | None:
        """From the attributes of an event, numbers perhaps as text; None: it is none."""
        try:
            texts = (str(said[name]) for name in (DOMAIN, HASH, KEY, SIGNATURE))
            domain, hash_, key, signature = texts
            return cls(domain, int(said[SEQ]), hash_, int(said[TIME]), key, signature)
        except (KeyError, TypeError, ValueError):
            return None
