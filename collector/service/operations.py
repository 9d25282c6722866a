"""Who is told what the operations of a worker spend their time on, by `service.telemetry.traces` and the extension `zpages`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from collector.extensions.zpages.config import ZPagesConfig
from collector.reserved import carried_by
from collector.service.plan import extension
from collector.settings.model import Settings
from collector.timeline import UNWATCHED, Watched, Watching

if TYPE_CHECKING:
    from collector.telemetry.own_traces import OwnTraces

_LOGS = "logs"


class Operations:
    """Of one process; nobody is told, and nothing measured, where nobody asked."""

    def __init__(self, settings: Settings, process: str) -> None:
        telemetry = settings.service.telemetry
        options = telemetry.traces
        self._traces: OwnTraces | None = None
        self._watched: Watched | None = None
        asked = options.processors or extension(settings, ZPagesConfig) is not None
        if options.level == "none" or not asked:
            return
        if options.processors:
            from collector.telemetry.own_traces import OwnTraces  # the SDK, only where spans go somewhere

            self._traces = OwnTraces(options.processors, process, telemetry.attributes)
        told = self._traces.tell if self._traces is not None else lambda _: None
        self._watched = Watched(options.slower_than, options.share if self._traces is not None else 0.0, told)

    @property
    def watching(self) -> Watching:
        """Whom pipelines and exporters tell."""
        return self._watched or UNWATCHED

    def watched(self, names: Iterable[str]) -> list[str]:
        """Those of pipelines or exporters that are for logs. What passes traces on is not watched: a logboom that sends its own to itself would
        make more of each."""
        return [
            name
            for name in names
            if carried_by(name) == name and name.partition("/")[0] not in ("traces", "metrics", "profiles")
        ]

    def figures(self) -> dict[str, Any]:
        """For the heartbeat: how many took how long, and the last slow ones."""
        if self._watched is None:
            return {}
        slow = [
            [each.name, each.began, each.ended - each.began, dict(each.attributes), _parts(each.laps)]
            for each in tuple(self._watched.slow)
        ]
        return {
            "operations": {name: list(counts) for name, counts in tuple(self._watched.buckets.items())},
            "slow": slow,
        }

    def close(self) -> None:
        """Send what waits."""
        if self._traces is not None:
            self._traces.shutdown()


def _parts(laps: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """What went into what, nanoseconds; of several of one name the sum."""
    found: dict[str, int] = {}
    for what, began, ended in laps:
        found[what] = found.get(what, 0) + ended - began
    return found
