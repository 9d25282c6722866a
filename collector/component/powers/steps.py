"""What a processor or a connector may do beyond taking a batch. Exporters may take events, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from collector.component.behaviour import Connector, Due, Processor, Work
from collector.component.commands import Applied, Command, Refused

if TYPE_CHECKING:
    from collector.batch import LogBatch
    from collector.component.erasing import Erasure
    from collector.explanation import Explanation


@runtime_checkable
class Ticking(Protocol):
    """A processor or connector that also works when no records come: it says when by `Work.wake`, and is called once for each such time."""

    def tick(self, due: Due, work: Work) -> None:
        """What was due at `due.at_unix_nano`; `work.now_unix_nano` says how late it is. What it emits has that time in its ids.
        One that raises is tried again later, and nothing of it is kept."""
        ...


@runtime_checkable
class TakesCommands(Protocol):
    """A processor or connector that takes commands; its factory names them (`Factory.takes_commands`). The core sees to it that each is
    carried out once, that its id is remembered, and that whoever waits is told."""

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """Carry it out, in the transaction of the step: what it keeps and emits (all of it made of the command) commits with the
        answer. Never raises for what people say: that is a `Refused`."""
        ...


@runtime_checkable
class PassesWhole(Connector, Protocol):
    """A connector that may hand all that it gets to every pipeline that it feeds, untouched: where nobody else looks at records,
    payloads go through it undecoded."""

    @property
    def passes_whole(self) -> bool:
        """Whether it does, with these options."""
        ...


@runtime_checkable
class MovesBacklog(Connector, Protocol):
    """A connector that may give what waits for the exporters of one pipeline to others that it feeds."""

    def moves(self, now_unix_nano: int) -> Mapping[str, Sequence[str]]:
        """Pipeline whose backlog is to move → the pipelines that get it, asked each second. Empty: nothing is to move."""
        ...


ALL_EVENTS = ("*",)
"""What a component takes that takes events of every kind."""


@runtime_checkable
class TakesEvents(Protocol):
    """A processor, connector or exporter that also sees records that components made. Other processors get batches without
    them, which pass them in their places: nothing judges or counts an event by oversight. Others are not offered to a
    connector. Other exporters are not sent them (`filtered`),
    unless their option `events` says so."""

    @property
    def takes_events(self) -> Sequence[str]:
        """Their event names; `logboom.anomaly.*` means all that begin so."""
        ...


@runtime_checkable
class Republishes(Protocol):
    """A processor or connector that owns what stores show of its events. For a store that is new, empty, or an older copy, the core asks it to
    tell all again; what it tells reaches every store of the pipeline, which take only what is newer."""

    def republish(self, domain: str, after: bytes, work: Work) -> bytes | None:
        """Emit snapshots of a domain's subjects, without `parents`: some hundred, in an order of its own, behind `after` (b"" = from the
        first one). Gives where to go on, 60 bytes at most; None = that was all. Versions stay as they are. Called as `tick` is: exactly
        once for each piece, in a step of its own."""
        ...


@runtime_checkable
class ForgetsSubjects(Protocol):
    """A processor or connector that keeps texts of records in its state (an example, a template, a title), and can take out of them
    what is of a person. Of a domain that is erased whole (`erasure.subject` is None) the core deletes all state itself, afterwards: then
    it forgets what it holds in memory."""

    def forget(self, erasure: Erasure, work: Work) -> int:
        """Change what is kept of `erasure.domain` so that the value of `erasure.subject` stands nowhere in it; gives how many things
        were changed, or would be (`erasure.counts_only`). It commits with what is noted of the erasure, and may be called again; memory
        beside the state must follow. What it would emit goes nowhere."""
        ...


@runtime_checkable
class Explains(Processor, Protocol):
    """A processor that can explain its decisions on one record: `logboom explain`."""

    def explain(self, batch: LogBatch) -> Sequence[Explanation]:
        """The evidence for a batch of one record, in the order in which it is asked."""
        ...
