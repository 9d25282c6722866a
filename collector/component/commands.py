"""Commands: what people want of a component, and what it says to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Command:
    """One of them, on disk.

    Args:
        id: made by whoever asks; the same id is carried out once within 24 hours.
        name: the event name, `logboom.command.…`.
        domain: whose it is; known, or it would not have come in.
        who, why: as the client says.
        attributes: what else it says.
        received_unix_nano: a state machine compares times: what was received before never undoes this.
    """

    id: str
    name: str
    domain: str
    who: str
    why: str
    attributes: Mapping[str, Value]
    received_unix_nano: int


@dataclass(frozen=True, slots=True)
class Applied:
    """It is done; `snapshot` is what is true now, told to whoever waits for it."""

    snapshot: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done, for a reason that people understand."""

    reason: str
