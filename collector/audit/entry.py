"""One entry of a chain. `hash` = SHA-256(hash before ‖ text), the text being canonical JSON: keys sorted, no spaces, UTF-8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Self

import orjson

from collector.reserved import COMMANDS, SERVICE_EVENTS

ENTRY = f"{SERVICE_EVENTS}audit.entry"
"""Event name of an entry; nothing that is sent is one."""
CHECKPOINT = f"{SERVICE_EVENTS}audit.checkpoint"
READ = f"{SERVICE_EVENTS}records.read"
"""What was read, summed for a minute; it is in the chain alone."""

SEQ, HASH, PREVIOUS, TEXT = "logboom.audit.seq", "logboom.audit.hash", "logboom.audit.previous", "logboom.audit.entry"
RECEIVED, EXPIRES = "logboom.audit.received", "logboom.audit.expires"
EVENT, ACTION, ADDRESS = "logboom.audit.event", "logboom.audit.action", "logboom.audit.address"
WHO, WHY = "logboom.audit.who", "logboom.audit.why"

_FRONTS = (COMMANDS, SERVICE_EVENTS, "logboom.")
_WHO = ("logboom.command.who", "user.id", "logboom.who")
_WHY = ("logboom.command.why", "logboom.why", "logboom.reason")
_ADDRESS = ("client.address",)
_OWN = ("domain", "seq", "received", "after", "expires", "time", "record", "event")
_MOST_VALUE, _MOST_TEXT = 1000, 12_000
"""Characters of a value, and of all values together; what is longer stands as its SHA-256."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands. `signed`: the `seq` of the last checkpoint."""

    seq: int = 0
    hash: str = ""
    received: int = 0
    signed: int = 0

    @classmethod
    def read(cls, kept: bytes | None) -> Self:
        """From `bytes`; of a chain that has not begun."""
        return cls(**orjson.loads(kept)) if kept else cls()

    def __bytes__(self) -> bytes:
        return orjson.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a chain holds of one event.

    Args:
        received: when the event came, never before the one in front of it; `time`: when it happened. Nanoseconds.
        after: `received` of the entry before, 0 of the first.
        expires: from when on it need not be kept any more.
        record: id of the event among records.
        event: its name; `what` its sentence.
        attributes: the rest of what it says.
    """

    domain: str
    seq: int
    received: int
    after: int
    expires: int
    time: int
    record: str
    event: str
    what: str
    attributes: Mapping[str, Value]

    @property
    def action(self) -> str:
        """What was done, in a word or two: `console.login`, `issue.resolve`."""
        front = next(front for front in (*_FRONTS, "") if self.event.startswith(front))
        return self.event.removeprefix(front)

    @property
    def who(self) -> str:
        """In whose name; empty: nobody's that is known."""
        return self._first(_WHO)

    @property
    def why(self) -> str:
        """The reason that was given."""
        return self._first(_WHY)

    @property
    def address(self) -> str:
        """From where."""
        return self._first(_ADDRESS)

    @property
    def text(self) -> str:
        """As it is hashed."""
        own = {name: getattr(self, name) for name in _OWN}
        named = {"action": self.action, "who": self.who, "why": self.why, "address": self.address}
        return canonical({**own, **named, "what": self.what[:_MOST_VALUE], "attributes": _bounded(self.attributes)})

    def _first(self, names: tuple[str, ...]) -> str:
        found = (str(self.attributes[name]) for name in names if self.attributes.get(name))
        return next(found, "")[:_MOST_VALUE]


def canonical(value: Mapping[str, Any]) -> str:
    """The one way to write it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def linked(previous: str, text: str) -> str:
    """The hash of an entry behind the one with the hash `previous`; of the first, behind nothing."""
    return sha256(bytes.fromhex(previous) + text.encode()).hexdigest()


def _bounded(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """No longer than a store keeps: what is, stands as its hash."""
    bounded = {key: _digest(value) if len(str(value)) > _MOST_VALUE else value for key, value in attributes.items()}
    if len(canonical(bounded)) <= _MOST_TEXT:
        return bounded
    return {"sha256": sha256(canonical(bounded).encode()).hexdigest()}


def _digest(value: Value) -> str:
    return f"sha256:{sha256(str(value).encode()).hexdigest()}"
