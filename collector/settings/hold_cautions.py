"""What a legal hold can't do: it has ended, its domain is nobody's, a destination deletes by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from collector.component import DeletesByItself, GivesDomains
from collector.settings.model import Settings


def hold_cautions(settings: Settings) -> Iterator[str]:
    """A sentence each."""
    holds = settings.service.privacy.standing().all
    now, deleting = time.time_ns(), dict(_deleting(settings))
    served = None if _given_elsewhere(settings) else set(settings.service.domains.served())
    for number, hold in enumerate(holds):
        place = f"service.privacy.holds.{number}"
        if not hold.stands(now):
            yield f"{place}: it has ended, and keeps nothing of {hold.domain}: take it out"
            continue
        if served and hold.domain not in served:
            yield f"{place}: {hold.domain} is none of service.domains.names: is it written as records have it?"
        for name, what in deleting.items():
            yield f"{place}: exporters.{name} can't hold back what is of {hold.domain}: {what}"


def _deleting(settings: Settings) -> Iterator[tuple[str, str]]:
    """(exporter, what its destination deletes by itself)."""
    for name, component in settings.exporters.items():
        if isinstance(component.config, DeletesByItself) and (what := component.config.deletes_by_itself()):
            yield name, what


def _given_elsewhere(settings: Settings) -> bool:
    return any(
        isinstance(each.config, GivesDomains) and each.config.gives_domains() for each in settings.extensions.values()
    )
