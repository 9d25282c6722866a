"""What a signed link does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Self

import msgpack

from collector.alert_commands import ACKNOWLEDGE, GROUP, RESOLVE, SECONDS, SILENCE
from collector.reserved import COMMANDS

RESPONSE = "logboom.response"
_RESPONSE = f"{COMMANDS}response."
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Verb:
    """A kind of act.

    Args:
        command: the event name of what it becomes.
        subject: the attribute that says about what.
        label: on a button.
        done: in the past tense, for the record.
    """

    command: str
    subject: str
    label: str
    done: str


VERBS: Mapping[str, Verb] = {
    "ack": Verb(ACKNOWLEDGE, GROUP, "Acknowledge", "acknowledged"),
    "silence": Verb(SILENCE, GROUP, "Silence", "silenced"),
    "resolve": Verb(RESOLVE, GROUP, "Resolve", "resolved"),
    "approve": Verb(f"{_RESPONSE}approve", f"{RESPONSE}.id", "Approve", "approved"),
    "deny": Verb(f"{_RESPONSE}deny", f"{RESPONSE}.id", "Deny", "denied"),
}
"""By the word that stands in a token."""


@dataclass(frozen=True, slots=True)
class Act:
    """One of them.

    Args:
        verb: of `VERBS`.
        domain: the one domain in which it can do something.
        subject: id of the group, or of the response.
        expires: Unix seconds; from then on it does nothing.
        seconds: how long a silence lasts.
        via: id of the exporter that handed it out.
        about: what it is about, for people: a place, no text of a record.
    """

    verb: str
    domain: str
    subject: str
    expires: int
    seconds: int = 0
    via: str = ""
    about: str = ""

    @property
    def label(self) -> str:
        """On a button: `Silence 1 h`."""
        return f"{VERBS[self.verb].label} {span(self.seconds)}" if self.seconds else VERBS[self.verb].label

    def attributes(self) -> dict[str, str | float]:
        """Of the command."""
        said: dict[str, str | float] = {VERBS[self.verb].subject: self.subject}
        return said | ({SECONDS: float(self.seconds)} if self.seconds else {})

    def packed(self) -> bytes:
        """As it stands in a token."""
        kept: bytes = msgpack.packb([_VERSION, *astuple(self)])
        return kept

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From `packed`. Raises `ValueError`: it is none, or of a later logboom."""
        try:
            version, *fields = msgpack.unpackb(data)
            act = cls(*fields)
        except (TypeError, msgpack.UnpackException) as error:
            raise ValueError("no act") from error
        if version != _VERSION or not act._fits():
            raise ValueError("no act that is known here")
        return act

    def _fits(self) -> bool:
        texts: tuple[Any, ...] = (self.verb, self.domain, self.subject, self.via, self.about)
        numbers: tuple[Any, ...] = (self.expires, self.seconds)
        known = all(isinstance(each, str) for each in texts) and all(isinstance(each, int) for each in numbers)
        return known and self.verb in VERBS


def span(seconds: int) -> str:
    """A length of time for people: `1 h`, `2 d`, `30 min`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
