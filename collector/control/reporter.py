"""Tells events of the service: the process's own hand on `Teller`. Secrets of the configuration never leave in one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from collector.control.event import PHASE, PROCESS, Phase, ServiceEvent
from collector.control.record import ControlRecord, Value, shortened

HIDDEN = "[REDACTED]"
_SHORTEST_SECRET = 4


class Tells(Protocol):
    """Where records go: `collector.control.teller.Teller`."""

    def tell(self, record: ControlRecord) -> None: ...


class Reporter:
    """Of one process; safe from any thread, never waits, never raises.

    Args:
        process: its name, `worker 0`.
        domain: the operator's domain, as it is now.
        secrets: texts that must not be told, as they are now.
    """

    def __init__(
        self, teller: Tells, process: str, domain: Callable[[], str], secrets: Callable[[], Collection[str]] = tuple
    ) -> None:
        self._teller = teller
        self._process = process
        self._domain = domain
        self._secrets = secrets

    def tell(
        self,
        event: ServiceEvent,
        body: str,
        attributes: Mapping[str, Value] | None = None,
        *,
        phase: Phase | None = None,
        concerned: str = "",
    ) -> None:
        """It happened.

        Args:
            attributes: of those that the event has; others are left out.
            phase: of what lasts.
            concerned: the domain that it is about, which is told of it as far as the event allows.
        """
        operator = self._domain()
        told = {key: self._fit(value) for key, value in (attributes or {}).items() if key in event.attributes}
        own = {**({PHASE: str(phase)} if phase is not None else {}), **told}
        severity = "INFO" if phase is Phase.ENDED else event.severity
        self._teller.tell(
            ControlRecord(event.event_name, operator, self._clean(body), {PROCESS: self._process, **own}, severity)
        )
        if event.shown and concerned and concerned != operator:
            shown = {key: value for key, value in own.items() if key in event.shown or key == PHASE}
            self._teller.tell(ControlRecord(event.event_name, concerned, event.shown_body, shown, severity))

    def _fit(self, value: Value) -> Value:
        return self._clean(value) if isinstance(value, str) else value

    def _clean(self, text: str) -> str:
        for secret in self._secrets():
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, HIDDEN)
        return shortened(text)


class Silent:
    """A reporter's place where nobody is told: tests, and what runs without a service."""

    def tell(self, record: ControlRecord) -> None:
        """Forgets it."""


def nobody() -> Reporter:
    """Tells nobody."""
    return Reporter(Silent(), "", lambda: "logboom")
