"""What an event of the service is: its name, when it is told, and what it says. All of them stand in `catalogue.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from collector.control.record import Value
from collector.reserved import SERVICE_EVENTS

PREFIX = SERVICE_EVENTS
PROCESS, PHASE = "logboom.process", "logboom.phase"


class Phase(StrEnum):
    """Of what lasts: told once when it begins, once when it ends."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Example:
    """One occasion, for the page of events: what the code is given."""

    body: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    process: str = "supervisor"


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One kind of event.

    Args:
        name: without `PREFIX`.
        when: it is told, in words.
        severity: of `SEVERITIES`; the end of what lasts is INFO.
        attributes: name → what it says; no other is told.
        lasts: it has a beginning and an end.
        shown: attributes that the domain concerned may see; empty: it is told nothing.
        shown_body: the sentence for that domain.
        audited: it is an entry of the audit log.
        example: one.
    """

    name: str
    when: str
    severity: str
    attributes: Mapping[str, str]
    example: Example
    lasts: bool = False
    shown: frozenset[str] = frozenset()
    shown_body: str = ""
    audited: bool = False

    @property
    def event_name(self) -> str:
        """As records carry it."""
        return PREFIX + self.name
