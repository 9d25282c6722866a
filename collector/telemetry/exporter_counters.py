"""What exporters count themselves: gauges, made when the configuration first has an exporter whose factory declares them.

A worker that starts anew counts from zero again, so a value may fall: none of them is a counter in OpenTelemetry's sense.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from collector.component import Instrument
from collector.telemetry.metrics import NAMES
from collector.telemetry.snapshot import Snapshots

log = logging.getLogger("logboom.telemetry")


class ExporterCounters:
    """The instruments of all exporter types that were declared so far; one name is one instrument."""

    def __init__(self, meter: Meter, snapshots: Snapshots) -> None:
        self._meter = meter
        self._snapshots = snapshots
        self._known: set[str] = set()

    def declare(self, instruments: Iterable[Instrument]) -> None:
        """Make those that are new; a name that is one of our own metrics is told once, and left out."""
        for each in instruments:
            if each.name not in self._known:
                self._known.add(each.name)
                self._make(each)

    def _make(self, each: Instrument) -> None:
        name = f"logboom_exporter_{each.name}"
        if name in NAMES:
            log.warning("an exporter's counter is not shown: %s is a metric of logboom itself", name)
            return
        self._meter.create_observable_gauge(name, [self._callback(each.name)], each.unit, each.description)

    def _callback(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterator[Observation]:
            for exporter, stats in self._snapshots.get().exporters.items():
                if name in stats.get("counters", {}):
                    yield Observation(stats["counters"][name], {"exporter": exporter})

        return observe
