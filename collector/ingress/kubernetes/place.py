"""How far a list was taken, in the words in which the journal keeps it with the records.

Source: Kubernetes API concepts, "Resource versions": versions of one kind of objects are decimal numbers that grow.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from collector.journal.positions import MOST_POSITION_BYTES


@dataclass(frozen=True, slots=True)
class Place:
    """Of a watch the `version` behind which it goes on; of what is pulled the time at which it was last begun (seconds), and the `token` of the page
    that is next, empty where all was taken."""

    version: str = ""
    at: float = 0.0
    token: str = ""

    @classmethod
    def read(cls, position: bytes) -> Place:
        """What it cannot read is as if nothing was taken."""
        try:
            found = orjson.loads(position) if position else {}
            return cls(str(found.get("version", "")), float(found.get("at", 0.0)), str(found.get("token", "")))
        except (ValueError, TypeError, AttributeError):
            return cls()

    def packed(self) -> bytes:
        """Empty where it is too long to be kept."""
        packed = orjson.dumps({name: value for name, value in asdict(self).items() if value})
        return packed if len(packed) <= MOST_POSITION_BYTES else b""


def number(version: str) -> int | None:
    """A version's; None: it is none that can be compared."""
    return int(version) if version.isascii() and version.isdecimal() else None


def is_behind(version: str, taken: str) -> bool:
    """Whether what has `version` came behind what was taken; where that can't be told it did: twice is better than never."""
    of, last = number(version), number(taken)
    return of is None or last is None or of > last
