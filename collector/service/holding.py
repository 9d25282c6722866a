"""A partition in a worker, as long as it is the worker's: its ledger, and all that is stepped over it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collector.errors import StorageError
from collector.ledger.interface import Ledger
from collector.pipeline.pipeline import Pipeline
from collector.service.backlog import Backlogs
from collector.service.erasing import Erasing
from collector.service.plan import StepSize


@dataclass(frozen=True, slots=True)
class Holding:
    """One partition.

    Args:
        place: the directory beside its ledger.
        service: the pipeline of what people do and the service knows: stepped first, held back by nothing.
        pipelines: those of the configuration, and how much each takes at once.
    """

    number: int
    ledger: Ledger
    place: Path
    service: Pipeline
    pipelines: Sequence[tuple[Pipeline, StepSize]]
    backlogs: Backlogs
    erasing: Erasing

    @property
    def upkeep(self) -> str:
        """What its upkeep is called."""
        return f"upkeep of {self.place.parent.name} {self.place.name}"

    @property
    def names(self) -> list[str]:
        """What all its steps are called."""
        return [self.upkeep, *(pipeline.place for pipeline in self)]

    def __iter__(self) -> Iterator[Pipeline]:
        """All its pipelines."""
        yield self.service
        yield from (pipeline for pipeline, _ in self.pipelines)

    def close(self) -> None:
        """Give it free; delivery has let go of it."""
        for pipeline in self:
            pipeline.close()
        with contextlib.suppress(StorageError):  # it may be another's by now
            self.ledger.close()


@dataclass(slots=True)
class Holdings:
    """All of a worker. The worker's thread changes them; the heartbeat looks.

    Args:
        make: makes one of a ledger that was taken.
    """

    make: Callable[[int, Ledger], Holding]
    _held: Mapping[int, Holding] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Holding]:
        """In the order of their numbers, whatever changes meanwhile."""
        return iter(self._held.values())

    def __contains__(self, number: object) -> bool:
        return number in self._held

    def add(self, number: int, ledger: Ledger) -> Holding:
        """A partition was taken."""
        holding = self.make(number, ledger)
        self._held = dict(sorted({**self._held, number: holding}.items()))
        return holding

    def take_out(self, number: int) -> Holding | None:
        """This one is held no more; who is told closes it."""
        holding = self._held.get(number)
        self._held = {of: held for of, held in self._held.items() if of != number}
        return holding

    def ledgers(self) -> dict[int, Ledger]:
        """By partition."""
        return {holding.number: holding.ledger for holding in self}

    def places(self) -> dict[int, Path]:
        """The directories of the ledgers, by partition."""
        return {holding.number: holding.place for holding in self}

    def pipelines(self) -> list[Pipeline]:
        """Of all partitions, those of the service first."""
        held = list(self)
        return [*(each.service for each in held), *(pipeline for each in held for pipeline, _ in each.pipelines)]
