"""Who tells the events of a process, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from collector.component import Kind, Provides, Use
from collector.control import catalogue
from collector.control.event import PROCESS
from collector.control.record import ControlRecord, Value
from collector.control.reporter import Reporter
from collector.control.teller import Teller
from collector.reserved import DOMAIN
from collector.settings.model import Settings
from collector.settings.resolved import secrets_of


def operator_domain(settings: Settings) -> str:
    """The domain of what the service knows and its operator does: the chosen one; where one is served and nobody is asked who
    sends, that one, for its reader is the operator; else the reserved one."""
    domains = settings.service.domains
    if domains.operator:
        return domains.operator
    served = domains.served()
    return DOMAIN if may_ask(settings) or len(served) != 1 else served[0]


def may_ask(settings: Settings) -> bool:
    """Whether an extension is there that can say who sends; no other gives senders limits, or keys that may show up in logs."""
    configs = [extension.config for extension in settings.extensions.values()]
    return any(Use.SERVER_AUTHENTICATOR in each.provides() for each in configs if isinstance(each, Provides))


@lru_cache(maxsize=4)
def _secrets(settings: _ById) -> frozenset[str]:
    sections = (settings.settings.components(kind).values() for kind in Kind)
    return frozenset(text for section in sections for each in section for text in secrets_of(each.config))


class _ById:
    """Settings hold mappings and can't be hashed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __hash__(self) -> int:
        return id(self.settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.settings is self.settings


class Reporting:
    """The teller of a process and its reporter.

    Args:
        process: its name.
        settings: as they are now.
    """

    def __init__(self, root: Path, process: str, settings: Callable[[], Settings]) -> None:
        def domain() -> str:
            return operator_domain(settings())

        def lost(count: int) -> ControlRecord:
            body = f"{count} events of this process were lost"
            own: dict[str, Value] = {PROCESS: process, "logboom.count": count}
            return ControlRecord(catalogue.EVENTS_LOST.event_name, domain(), body, own, catalogue.EVENTS_LOST.severity)

        self.teller = Teller(root, lost)
        self.reporter = Reporter(self.teller, process, domain, lambda: _secrets(_ById(settings())))

    def start(self) -> None:
        """Begin to hand over."""
        self.teller.start()

    def close(self, deadline_secs: float = 1.0) -> None:
        """Hand over what is left, if somebody listens."""
        self.teller.close(deadline_secs)
