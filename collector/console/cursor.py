"""Where a page of records begins: the place behind the last one, the end of the time as it was on the first page, and of which query it is."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import msgpack
import xxhash

from collector.console.asking import Asked
from collector.console.refusal import Refused
from collector.query.searching import Place

_WRONG = "this is no cursor of this query: ask without one"
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Cursor:
    """Nothing is found that came after the first page.

    Args:
        place: behind it; None: from `until` on.
    """

    since: int
    until: int
    place: Place | None

    def text(self, asked: Asked) -> str:
        """As it stands in a URL."""
        packed = msgpack.packb([_digest(asked), self.since, self.until, *(self.place or ())])
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, asked: Asked) -> Cursor:
        """Raises `Refused`: it is none, or of another query."""
        try:
            if len(text) > _LONGEST:
                raise ValueError(text)
            digest, since, until, *place = msgpack.unpackb(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            fits = all(isinstance(each, int) and 0 <= each < 1 << 63 for each in (since, until))
            if digest != _digest(asked) or not fits or since >= until:
                raise ValueError(text)
            return cls(since, until, _place(place))
        except (ValueError, TypeError, binascii.Error, msgpack.UnpackException) as error:
            raise Refused(400, _WRONG, {"parameter": "cursor"}) from error


def _place(written: list[object]) -> Place | None:
    if not written:
        return None
    at, ident = written
    if not isinstance(at, int) or not isinstance(ident, str) or abs(at) >= 1 << 63:
        raise ValueError(written)
    return Place(at, ident)


def _digest(asked: Asked) -> int:
    whose = "\0".join(asked.scope.sorted()) if not asked.scope.is_everything else "*"
    return xxhash.xxh64_intdigest(f"{whose}\0{asked.query.text}".encode())
