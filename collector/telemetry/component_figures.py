"""Numbers that components keep of their state (`collector.component.figures`): instruments are made when the configuration first has a component
whose factory declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from collector.component.figures import Figure
from collector.telemetry.snapshot import Snapshots


class ComponentFigures:
    """The instruments of all component types that were declared so far."""

    def __init__(self, meter: Meter, snapshots: Snapshots) -> None:
        self._meter = meter
        self._snapshots = snapshots
        self._known: set[str] = set()

    def declare(self, figures: Iterable[tuple[str, Figure]]) -> None:
        """Make those that are new, each of a component type."""
        for of, each in figures:
            if each.name not in self._known:
                self._known.add(each.name)
                make = self._meter.create_observable_counter if each.grows else self._meter.create_observable_gauge
                make(f"logboom_{each.name}", [self._callback(of, each)], each.unit, each.description)

    def _callback(self, of: str, figure: Figure) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterator[Observation]:
            for (component, domain), values in self._snapshots.get().figures.items():
                for labels, number in values.get(figure.name, {}).items() if component == of else ():
                    yield Observation(number, {"domain": domain, **dict(zip(figure.labels, labels, strict=True))})

        return observe
