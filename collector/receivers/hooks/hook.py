"""The seam of hooks: a path, and who makes a command of what comes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from collector.control.record import ControlRecord
from collector.errors import InvalidPayload


class BadHook(InvalidPayload):
    """What came is not what this hook takes; `field` is the part that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Hook:
    """One request, whose sender and domain are known.

    Args:
        body: as it was sent, uncompressed: signatures are of these bytes.
        header: the last value of a header, by its name in lower case.
        who: the credential, or the address.
        id: of the command; the same for the same `Idempotency-Key` of a domain.
    """

    body: bytes
    header: Callable[[str], str | None]
    domain: str
    who: str
    id: str


class Handler(Protocol):
    """What is taken at one path. Another hook is another one of these, and a line in `routes.py`."""

    @property
    def max_bytes(self) -> int:
        """The largest body."""
        ...

    def command(self, hook: Hook) -> ControlRecord | None:
        """Check it, signature and all, and make a command of it, which its owner carries out; None: there is nothing to do. Raises `BadHook`, or another `Refusal`."""
        ...
