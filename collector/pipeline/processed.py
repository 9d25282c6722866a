"""What a step would commit, gathered stage by stage; and whose fault it is when a stage fails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from collector.batch import LogBatch, concat
from collector.component import Due
from collector.errors import StorageError
from collector.ledger.interface import RawDeadLetter, SetAside, TimerKey
from collector.outcomes import Counts
from collector.pipeline.state import Changes


@functools.cache
def no_records() -> LogBatch:
    """Batches are immutable, so one serves; making it costs 0.7 ms, as much as the rest of a pass-through step."""
    return LogBatch.empty()


@dataclass(slots=True)
class Processed:
    """What a step, or a part of it, would commit. `changes` include those of everything before it in the same step.

    Args:
        batch: what left the processors.
        left: pipeline → what left it at its end, once connectors have carried it on.
        made: what was emitted, and has not joined `batch` yet.
        handed: pipeline → what a connector hands to it.
    """

    batch: LogBatch = field(default_factory=no_records)
    counts: Counts = field(default_factory=Counts)
    changes: Changes = field(default_factory=dict)
    left: dict[str, LogBatch] = field(default_factory=dict)
    made: list[LogBatch] = field(default_factory=list)
    handed: dict[str, LogBatch] = field(default_factory=dict)
    dead_letters: list[RawDeadLetter] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    ran: list[Due] = field(default_factory=list)
    timers: dict[TimerKey, int | None] = field(default_factory=dict)

    def then(self, later: Processed) -> Processed:
        """Both, as one; `later` was made on top of this one's changes."""
        return Processed(
            concat([self.batch, later.batch]), self.counts + later.counts, later.changes,
            left=joined(self.left, later.left), handed=joined(self.handed, later.handed),
            dead_letters=self.dead_letters + later.dead_letters, set_aside=self.set_aside + later.set_aside,
            ran=self.ran + later.ran, timers=self.timers | later.timers,
        )  # fmt: skip

    def absorb(self, stage: Processed) -> None:
        """A later stage of the same step changes and counts this; its records go elsewhere."""
        self.counts += stage.counts
        self.changes = stage.changes
        self.set_aside += stage.set_aside
        self.timers |= stage.timers

    def join(self) -> None:
        """What was emitted stands behind the records."""
        if self.made:
            self.batch = concat([self.batch, *self.made])
            self.made = []


def joined(first: Mapping[str, LogBatch], later: Mapping[str, LogBatch]) -> dict[str, LogBatch]:
    """What both hold, by pipeline."""
    if not first or not later:
        return dict(first or later)
    parts = {
        pipeline: [held[pipeline] for held in (first, later) if pipeline in held] for pipeline in {**first, **later}
    }
    return {pipeline: concat(batches) for pipeline, batches in parts.items()}


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a step is tried.

    Args:
        at: is told of each stage behind the pipeline's own end before it begins: (owner of what it would lose, component).
        struck: owner → why what it would get is set aside untried.
        events_since_unix_ms: of records that were received before, components make none of their own.
    """

    at: Callable[[str, str], None] = lambda *_: None
    struck: Mapping[str, str] = field(default_factory=dict)
    events_since_unix_ms: int = 0


class StageFailed(Exception):
    """A component raised; `reason` names it and the type of the error, never the error's text."""

    def __init__(self, component: str, cause: Exception) -> None:
        self.reason = f"{component}: {type(cause).__name__}"
        super().__init__(self.reason)


@contextmanager
def told_of(component: str) -> Iterator[None]:
    """Whose error it is: `processor triage`."""
    try:
        yield
    except StorageError:
        raise
    except (MemoryError, OSError) as error:  # of the machine, not of the records
        error.add_note(component)
        raise
    except Exception as error:
        raise StageFailed(component, error) from error
