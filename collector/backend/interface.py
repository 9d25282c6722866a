"""What keeps the journal and the ledger: intake for senders, a ledger for each partition, a view for observers, a desk for people.

    ingest slot ──► `Intake`      worker ──► `Ledger` of a partition      supervisor ──► `View`      commands ──► `Desk`
    slot 0, besides ──► `Intake` of what people do and the service knows

`LocalBackend` keeps all of it on this machine. Which one it is, is decided in `service/plan.py`, and for commands in `offline.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from collector.errors import LogboomError, StorageError
from collector.journal.entry import Entry, Intake
from collector.journal.limits import Behind, JournalSize
from collector.kafka.wire import Changes
from collector.ledger.deadletters import Action, DeadLetterInfo
from collector.ledger.gauges import QueueState
from collector.ledger.interface import Ledger
from collector.ledger.plan import LedgerPlan
from collector.outcomes import Counts

if TYPE_CHECKING:
    from collector.batch import LogBatch


def always() -> bool:
    """Nobody takes it away meanwhile."""
    return True


class Backend(Protocol):
    """Opens what the processes work on."""

    def prepare(self) -> None:
        """Make what is missing, so that every process finds all of it.

        Raises:
            StorageError: what is there can't be used.
        """
        ...

    def open_intake(self, slot: int, on_fatal: Callable[[StorageError], None]) -> Intake:
        """Where ingest slot `slot` puts what it accepts. `on_fatal`: once, from another thread, when it can't be trusted any more.

        Raises:
            Locked: a predecessor still has it.
            StorageError: it can't be used.
        """
        ...

    def open_control(self, on_fatal: Callable[[StorageError], None]) -> Intake:
        """Where ingest slot 0 puts what people do and the service knows: a journal of its own, with a budget of its own, so that it
        has room when the others have none. Raises as `open_intake`."""
        ...

    def ownership(self, worker: int) -> Ownership:
        """Which partitions belong to a worker, from now on.

        Raises:
            Locked: a predecessor still asks for them.
            StorageError: nobody can tell.
        """
        ...

    def open_ledger(self, partition: int, plan: LedgerPlan, wanted: Callable[[], bool] = always) -> Ledger:
        """Take a partition that belongs to us. From any thread; several at once, each once.

        Args:
            wanted: asked again and again where it takes long: whether it is still to be taken.

        Raises:
            Locked: a predecessor still has it.
            Lost: not ours any more, or it can't be had now; it may be asked for again.
            StorageError: it can't be used.
        """
        ...

    def died(self, worker: int) -> None:
        """A worker has ended unasked: what it had in hand is told to whoever takes its partitions, where that may be another machine.
        May take seconds; called by the supervisor, beside all else."""
        ...

    def pulse(self, worker: int) -> Pulse:
        """Of all that a worker reads and writes."""
        ...

    def place(self, partition: int) -> Path:
        """The directory on this machine for what its owner notes beside the ledger; it exists while the ledger is open."""
        ...

    def view(self) -> View: ...

    def desk(self) -> Desk: ...

    def frozen(self) -> AbstractContextManager[Frozen]:
        """Copies of one moment, made while others write; they go with the context.

        Raises:
            Locked: somebody else is at it.
            NoRoom: the file system has no room for copies.
            StorageError: they can't be made.
        """
        ...


class Ownership(Protocol):
    """Who has which partitions. On one machine all of them come at once, and stay; in a cluster they come and go. For one thread, but
    `last_contact`.

    `alone`: nobody else could go on with them, so that what was accepted is worked off before a stop.
    """

    alone: bool

    def changes(self) -> Changes:
        """What came and went since it was asked last; at least each second. What is `lost` stays ours until `released`, unless it is
        `gone`: that is another's already."""
        ...

    def released(self, partitions: Sequence[int]) -> None:
        """Lost ones that are put down: others may take them."""
        ...

    def in_touch(self) -> bool:
        """Whether what is ours surely is: while it is not, nobody is called in its name. From any thread."""
        ...

    def owners(self) -> Mapping[int, str]:
        """Partition → the machine that told last that it owns it, of a cluster. From any thread."""
        ...

    def silent_secs(self) -> float:
        """For how long nobody has said whose they are, beyond what is allowed; 0: all is well. From any thread."""
        ...

    def expired(self) -> str:
        """Of what was accepted and deleted before it was processed, within the last hour, in words; empty: nothing. From any thread."""
        ...

    def close(self) -> None:
        """Everything is put down; safe twice."""
        ...


class Pulse(Protocol):
    """Whether there may be anything new in a worker's journals and partitions, at next to no cost: so a worker that has nothing to
    do does nothing. For one thread, but `wake`."""

    def changed(self) -> Collection[int]:
        """The partitions for which something may have been committed since the last call, by whichever process; who reads
        afterwards sees it."""
        ...

    def wait(self, secs: float) -> None:
        """Until that may be, or for so long; what was committed since the last `changed` counts."""
        ...

    def wake(self) -> None:
        """End a `wait` at once, and each that follows. From any thread; after `close` it does nothing."""
        ...

    def close(self) -> None:
        """Let go of the files; safe twice."""
        ...


@dataclass(frozen=True, slots=True)
class Frozen:
    """Journals and ledger as they were at one moment: files of a data directory.

    Args:
        folder: they stand below it.
        files: their paths, relative to it.
    """

    folder: Path
    files: Sequence[Path]


class View(Protocol):
    """All journals and partitions as anybody may see them. Each call is a short look, cheap enough for each second; what does
    not exist yet is empty. For one thread."""

    def counts(self) -> Counts:
        """(domain, component, outcome) → records since the data directory was made, receivers' and partitions' together."""
        ...

    def by_partition(self) -> Mapping[int, Counts]:
        """Partition → its part of `counts`, where others may have it tomorrow and go on counting; empty on one machine."""
        ...

    def journals(self) -> Mapping[int, JournalSize]:
        """Ingest slot → how full its journal is; also slots of an earlier configuration."""
        ...

    def control(self) -> JournalSize:
        """How full the control journal is."""
        ...

    def state_bytes(self) -> Mapping[int, int]:
        """Partition → what components keep in it, names and values."""
        ...

    def figures(self, component: str) -> Mapping[str, bytes]:
        """Domain → the numbers that a component keeps of its state, for `collector.component.figures.read`."""
        ...

    def kept(self, component: str, prefix: bytes) -> Sequence[bytes]:
        """What a component keeps of no domain, which is not encrypted, under names that begin so."""
        ...

    def queues(self) -> Mapping[str, QueueState]:
        """Exporter → what waits for it, over all partitions; removed ones with a backlog included."""
        ...

    def behind(self, pipelines: Collection[str]) -> Mapping[str, Behind]:
        """Pipeline → what it has not read, over all journals."""
        ...

    def unread(self, pipeline: str) -> Mapping[str, int]:
        """Domain → records that the pipeline has not read."""
        ...

    def watermarks(self, slot: int | None) -> Mapping[str, int]:
        """Domain → the highest offset of that slot's journal (None: of the control journal) that nobody needs any more."""
        ...

    def delivery(self, slot: int, domain: str, pipelines: Collection[str], exporters: Collection[str]) -> Delivery:
        """How far a domain's records of a slot's journal have come."""
        ...

    def close(self) -> None:
        """Let go of the files; safe twice."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a domain has come, by marks; the journal was looked at before the partition.

    Args:
        taken_in: the last offset of the domain in the journal.
        passed: up to which offset all of the pipelines have read.
        next_seq: what the next entry of the partition's outbox will have; from 1 on.
        oldest_seq: of the entries that wait for one of the exporters, the oldest; `next_seq` when none does.
    """

    taken_in: int = 0
    passed: int = 0
    next_seq: int = 1
    oldest_seq: int = 1


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A dead letter and the partition where it is kept."""

    partition: int
    info: DeadLetterInfo

    @property
    def id(self) -> str:
        """What people name it by: `<partition>:<number>`."""
        return f"{self.partition}:{self.info.id}"


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters are meant; None = any. `reason`: a text within it."""

    exporter: str | None = None
    domain: str | None = None
    reason: str | None = None

    def chooses(self, info: DeadLetterInfo) -> bool:
        """Whether this one is."""
        return (
            self.exporter in (None, info.owner.removeprefix("exporter/"))
            and (self.domain is None or self.domain in info.by_domain)
            and (self.reason is None or self.reason in info.reason)
        )


ANY = LetterFilter()


class NoSuchDeadLetter(LogboomError):
    """`ids` name none."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"no such dead letter: {', '.join(ids)}")


class Desk(Protocol):
    """Where people decide about dead letters, whether or not logboom runs. Each method may raise `StorageError`."""

    def letters(self, chosen: LetterFilter = ANY) -> Sequence[FiledLetter]:
        """Those of the filter, oldest first in each partition."""
        ...

    def named(self, ids: Sequence[str]) -> Sequence[FiledLetter]:
        """Those of that name, in the order of `ids`, each once. Raises `NoSuchDeadLetter`."""
        ...

    def content(self, letter: FiledLetter) -> LogBatch | Sequence[Entry]:
        """Its records; payloads where nobody has decoded them. Raises `Damaged`."""
        ...

    def damaged(self) -> Sequence[str]:
        """Read all that is kept and compare it with its checksums; a sentence for each place where it is not what was written."""
        ...

    def request(self, action: Action, letters: Sequence[FiledLetter]) -> None:
        """Ask the owners of the partitions to replay or to delete; they do so within seconds, or at the next start. A letter
        that is gone by then is passed over: asking twice does it once."""
        ...
