"""The seam of hooks: a path, and who makes a command of what comes there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import xxhash

from collector.control.asking import Told
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
        domain: empty for hooks that know it themselves (`Handler.knows_domain`).
        who: the credential, or the address.
        id: of the command; the same for the same `Idempotency-Key` of a domain.
    """

    body: bytes
    header: Callable[[str], str | None]
    domain: str
    who: str
    id: str

    def id_of_body(self, what: str, domain: str = "") -> str:
        """The id of a command that these bytes ask for: who sends them again asks for nothing new."""
        return xxhash.xxh3_128_hexdigest(f"{domain or self.domain}\0{what}\0".encode() + self.body)


@dataclass(frozen=True, slots=True)
class HookOrder:
    """What another system asks for, which hears that it was taken whatever its owner says: its repetition would change nothing.

    Args:
        record: a command.
        then: given what its owner says is true now (nothing, where it refused), the commands that follow from it.
        patience_secs: how long its owner is waited for.
        needs_answer: nothing can be made of it before its owner has answered: who asks is told to come again.
        reply: tells the one who asked what became of it.
    """

    record: ControlRecord
    then: Callable[[Mapping[str, Any]], Sequence[ControlRecord]] = lambda _: ()
    patience_secs: float = 8.0
    needs_answer: bool = False
    reply: Callable[[Told], Awaitable[None]] | None = None


class Handler(Protocol):
    """What is taken at one path. Another hook is another one of these, and a line in `routes.py`."""

    @property
    def max_bytes(self) -> int:
        """The largest body."""
        ...

    @property
    def knows_domain(self) -> bool:
        """What comes proves by itself who sent it and which domain it is for: no credential is asked for."""
        ...

    def command(self, hook: Hook) -> ControlRecord | HookOrder | None:
        """Check it, signature and all, and make a command of it, which its owner carries out; None: there is nothing to do. Raises `BadHook`, or another `Refusal`."""
        ...
