"""The exporters of a worker as an erasure sees them: who can delete at its destination, and what the others say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from collector.component import ErasedSlice, ErasesSubjects, Erasure, Exporter, GivesDomains
from collector.delivery.config import DeliveryConfig
from collector.settings.model import Settings


class ErasingExporters:
    """See `collector.service.erasing.Destinations`.

    Args:
        run: something on the event loop where exporters live.
        sole_domain: the service has one domain.
    """

    def __init__(
        self,
        exporters: Mapping[str, tuple[Exporter, DeliveryConfig]],
        run: Callable[[Coroutine[Any, Any, ErasedSlice]], Future[ErasedSlice]],
        sole_domain: bool = False,
    ) -> None:
        self._able = {name: each for name, (each, _) in exporters.items() if isinstance(each, ErasesSubjects)}
        self._promises = {
            name: (True, self._able[name].erasure_promise) if name in self._able else (False, config.not_erased())
            for name, (_, config) in exporters.items()
        }
        self._run = run
        self._sole = sole_domain

    def promises(self) -> Mapping[str, tuple[bool, str]]:
        """See `Destinations.promises`."""
        return self._promises

    def erase(self, exporter: str, erasure: Erasure, after: str) -> Future[ErasedSlice]:
        """See `Destinations.erase`."""
        return self._run(self._able[exporter].erase(replace(erasure, sole_domain=self._sole), after))


def sole_domain(settings: Settings) -> bool:
    """Whether all records are of one domain: one is served, and credentials make no others known."""
    gives = any(isinstance(each.config, GivesDomains) for each in settings.extensions.values())
    return len(settings.service.domains.served()) == 1 and not gives
