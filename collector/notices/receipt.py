"""What an exporter remembers of a group: what it said last, and under which names the destination knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of the last message that was taken. `names`: the destination's own, such as the key of a ticket."""

    sequence: int
    status: str
    names: Mapping[str, str] = field(default_factory=dict)

    def packed(self) -> bytes:
        """As it is kept."""
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, data: bytes | None) -> Receipt | None:
        """What was kept; None when nothing was, or nobody can read it."""
        try:
            found = orjson.loads(data or b"null")
            names = {str(key): str(value) for key, value in found["names"].items()}
            return cls(int(found["sequence"]), str(found["status"]), names)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
