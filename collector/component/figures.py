"""What a component tells of its state in numbers: kept in that state, so that they commit with what they count, and shown by the service as metrics.

A factory declares them (`Factory.figures`); the component changes them in its step (`Figures`); the supervisor reads them from the disk, a value for
each component and domain, as it reads counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgpack

if TYPE_CHECKING:
    from collector.component.behaviour import State

NAME = b"\x01figures"
"""Under which they stand in the state of a domain; names that begin so are not a component's."""
Values = Mapping[str, Mapping[tuple[str, ...], int]]
"""Figure → values of its labels → number."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of them, shown as `logboom_<name>`, by domain and these labels.

    Args:
        labels: their names; each has few values, whatever is sent.
        unit: as UCUM writes it: `{issues}`.
        description: one sentence for whoever reads the metrics.
        grows: it counts what happened; else it says how many there are.
    """

    name: str
    labels: tuple[str, ...]
    unit: str
    description: str
    grows: bool = False


class Figures:
    """Of one component and domain, in one step."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __contains__(self, name: str) -> bool:
        """Whether it was ever set."""
        return name in self._kept()

    def add(self, name: str, change: Mapping[tuple[str, ...], int]) -> None:
        """Values of labels → by how much it changes. Nothing falls below 0."""
        kept = self._kept()
        held = kept.setdefault(name, {})
        for labels, number in change.items():
            held[labels] = max(0, held.get(labels, 0) + number)
        self._keep(kept)

    def set(self, name: str, values: Mapping[tuple[str, ...], int]) -> None:
        """All of it as it is."""
        self._keep({**self._kept(), name: dict(values)})

    def _kept(self) -> dict[str, dict[tuple[str, ...], int]]:
        return {name: dict(values) for name, values in read(self._state.get(NAME)).items()}

    def _keep(self, values: Values) -> None:
        written = {name: [[*labels, number] for labels, number in held.items()] for name, held in values.items()}
        self._state.put(NAME, msgpack.packb(written))


def joined(one: Values, other: Values) -> Values:
    """Of two components of a type."""
    names = dict.fromkeys((*one, *other))
    sums = {name: Counter(one.get(name, {})) for name in names}
    for name, held in other.items():
        sums[name].update(held)
    return sums


def read(kept: bytes | None) -> Values:
    """Of what stands in the state."""
    if not kept:
        return {}
    return {name: {tuple(labels): number for *labels, number in held} for name, held in msgpack.unpackb(kept).items()}
