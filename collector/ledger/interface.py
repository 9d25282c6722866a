"""The ledger: the exactly-once hand-off between the journal, the processors and the exporters of one partition.

    journal entries ──read──► worker ──commit──► outbox ──deliverable──► delivery ──ack──► gone

`commit` is one transaction: cursor, components' state, counts, dedup window and outbox entry become durable together or
not at all. LMDB is one implementation; a Kafka transaction can be another, so nothing here speaks of either.

Domains map to a fixed number of partitions; a partition has one owner at a time, so all state of a domain does too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Union

from collector.journal.entry import Entry
from collector.outcomes import Counts, ReceiptKey

if TYPE_CHECKING:
    import polars as pl

    from collector.batch import LogBatch
    from collector.component import Due
    from collector.ledger.pieces import StoredBatch


ErasurePlace = Literal["outbox", "dead letters"]
LAST = (1 << 63) - 1
"""No entry of an outbox has a higher `seq`."""


@dataclass(frozen=True, slots=True)
class Read:
    """Work for one pipeline: fresh entries, and those whose bytes were seen within the dedup window.

    Args:
        position: (journal, domain) → the highest offset passed; entries of other receivers are passed, too.
        begun: (journal, domain) → (offset, records) of an entry that is taken in part; the others of it come next.
        unclaimed: how records of passed entries ended whose receiver no pipeline has any more, or whose key was destroyed.
        replayed: dead letters that are tried again: payloads, which are the first of `entries`, or what is `returned`.
        id: makes a commit idempotent: the ledger applies a `Read` once, however often it is given.
        returned: records that were set aside within a step, and are tried again where that was.
    """

    entries: Sequence[Entry]
    duplicates: Sequence[Entry] = ()
    position: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unclaimed: Counts = field(default_factory=Counts)
    replayed: Sequence[int] = ()
    id: bytes = field(default_factory=lambda: os.urandom(8))
    begun: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    returned: SetAside | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.entries or self.duplicates or self.position or self.returned)


@dataclass(frozen=True, slots=True)
class SetAside:
    """Records that a fed pipeline or a connector could not take: kept as a batch, to be tried again there and nowhere else.

    `owner`: `pipeline/<id>`, or `connector/<pipeline>/<id>` for a connector behind that pipeline.
    """

    owner: str
    pipeline: str
    reason: str
    batch: LogBatch


DAMAGED = "damaged"
"""The reason of dead letters whose bytes are not those that were written."""


ERASED = "erased"
"""Why records are dropped whose key was destroyed."""


RETENTION = "retention"
"""Why entries are dropped that a log deleted before they were read."""


@dataclass(frozen=True, slots=True)
class RawDeadLetter:
    """A payload that could not be decoded, that killed the worker, or is damaged; kept with its bytes."""

    entry: Entry
    reason: str


Content = Union["LogBatch", Sequence[Entry]]
"""Records, or the payloads themselves of pipelines that hand them on untouched."""


StateKey = tuple[str, str, bytes]
"""(component id, domain, name) of a value that a component keeps."""


TimerKey = tuple[str, str, str]
"""(component id, domain, name) of something that a component is due for."""


class KeptState(Protocol):
    """What one component has committed of one domain; each call sees the newest commit."""

    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those of `names` that there are."""
        ...

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The pairs whose name begins with `prefix`, by name."""
        ...

    def excess_bytes(self) -> int:
        """This component's part of what the domain, or the partition, holds above its budget; 0 = within it."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one step of a pipeline changes, those that its connectors feed included.

    Args:
        pipeline: the one that read.
        read: what was read; the cursor moves behind it, duplicates are counted, digests remembered.
        outbox: pipeline → what left it at its end: counted, and written for its exporters where it has some. The same object
            for several is written once.
        state: what components keep; None deletes.
        ran: what was due, and is no more.
        timers: what is due from now on; None: not any more.
        counts: outcomes named by the components. The ledger itself counts what is read, what leaves each pipeline, dead
            letters, and what it enqueues for each exporter.
        dead_letters: entries of `read` that could not be decoded.
        set_aside: what fed pipelines and connectors could not take.
    """

    pipeline: str
    read: Read
    outbox: Mapping[str, Content] = field(default_factory=dict)
    state: Mapping[StateKey, bytes | None] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    dead_letters: Sequence[RawDeadLetter] = ()
    ran: Sequence[Due] = ()
    timers: Mapping[TimerKey, int | None] = field(default_factory=dict)
    set_aside: Sequence[SetAside] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An outbox entry that is not loaded. `giant`: it is larger than entries are written today, and comes in pieces. `last`:
    nothing stands behind it, so that whoever loads it need not look again before it is told of more."""

    seq: int
    records: int
    size_bytes: int
    giant: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """Records on their way to the exporters of one pipeline. `seq` grows, with gaps, over a partition.

    `content` is a `LogBatch`, or what gives it in pieces, or the payloads of a pass-through pipeline.
    """

    seq: int
    pipeline: str
    records: int
    size_bytes: int
    by_domain: Mapping[str, int]
    created_unix_ms: int
    content: LogBatch | StoredBatch | Sequence[Entry]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Records that an exporter will never take, as a batch, with the destination's reason."""

    seq: int
    reason: str
    batch: LogBatch


@dataclass(frozen=True, slots=True)
class Ack:
    """An outbox entry that one exporter is done with, and how its records ended.

    Args:
        outcomes: (domain, outcome) → records; they add up to the entry's records.
        dead_letters: the rejected ones.
        receipts: what the exporter remembers from now on, for so long; None forgets. `numbers` say in which order it was told.
    """

    seq: int
    outcomes: Mapping[tuple[str, str], int]
    dead_letters: Sequence[DeadLetter] = ()
    receipts: Mapping[ReceiptKey, bytes | None] = field(default_factory=dict)
    numbers: Mapping[ReceiptKey, int] = field(default_factory=dict)
    receipts_for_secs: float = 0.0


@dataclass(frozen=True, slots=True)
class Removal:
    """What an erasure takes out of what is kept.

    Args:
        domain: of the records.
        of_batch: True for each record that goes.
        of_payload: a payload without them; None: nothing is left of it; the same: none of them is in it. Raises `Damaged` where that
            can't be seen.
        tally: a name of state, of no domain: how many records were taken out under it so far, 8 bytes, big end first; it changes in the
            transaction that takes them out.
    """

    domain: str
    of_batch: Callable[[LogBatch], pl.Series]
    of_payload: Callable[[Entry], Entry | None]
    tally: StateKey | None = None


class ErasedPiece(NamedTuple):
    """A bounded piece of an erasure.

    Args:
        records: that were taken out, or would be.
        after: where to go on; None: that was all.
        unseen: records of the domain in contents that can't be read.
    """

    records: int
    after: int | None
    unseen: int = 0


class Ledger(Protocol):
    """One partition. `read` and `commit` belong to the worker's thread, what delivers to delivery's."""

    def read(self, pipeline: str, max_bytes: int, max_records: int) -> Read:
        """The next entries of the pipeline's receivers, fair over domains, large ones in pieces; empty when there is
        nothing, or when the outbox has no room (an exporter that it reaches, itself or through connectors, with `on_full: block`
        is over its quota, or the budget is used). A pipeline without receivers gets nothing but dead letters that are tried again."""
        ...

    def due(self, pipeline: str, components: Sequence[str], now_unix_nano: int, limit: int) -> Sequence[Due]:
        """What these components of the pipeline are due for, the earliest first; empty when there is nothing, or no room for
        what they may make, as in `read`."""
        ...

    def next_due(self, components: Sequence[str], after_unix_nano: int) -> int | None:
        """The first moment behind that one, ns, for which these components are due; None: there is none before a commit."""
        ...

    def commit(self, commit: Commit) -> None:
        """Make one step durable. Raises `StorageError`: commit the same again, or exit."""
        ...

    def applied(self, pipeline: str) -> bytes:
        """The `id` of the pipeline's last committed `Read`; empty before the first: whether the step that a predecessor
        died in was made durable."""
        ...

    def keep_up(self) -> None:
        """What time alone asks for, such as the ages of entries and what operators ask for; at most once a second, whoever calls how
        often. `read` does it, too: for whoever has nothing to read. Raises `StorageError`."""
        ...

    def ahead(self, pipeline: str) -> bool:
        """Whether delivery should catch up before the pipeline's next read, so that domains have their turns there, too."""
        ...

    def full(self, pipeline: str) -> bool:
        """Whether an exporter that the pipeline reaches has so much to send that it stops whoever feeds it."""
        ...

    def move(self, pipeline: str, to: Sequence[str]) -> int:
        """The oldest of what waits for the exporters of a pipeline is fed to other pipelines instead; how many records, 0: none, or
        there is no room for it now. What is on its way to a destination at this moment may reach it as well."""
        ...

    def erase(self, place: ErasurePlace, taking: Removal, after: int, *, counts_only: bool = False) -> ErasedPiece:
        """Take records out of what waits (`outbox`, spill files and forwarded payloads included) or of dead letters, some of it behind
        `after` (-1 = from the start); they end as `dropped:erased` when what they stood in ends. Doing it again changes nothing. To
        the worker's thread. Raises `StorageError`: nothing is lost, try again."""
        ...

    def erased_waiting(self, domain: str) -> int:
        """How many entries wait of which records of the domain were erased: what was loaded before may still be on its way."""
        ...

    def state(self, component: str, domain: str) -> KeptState:
        """What a component has committed of a domain, read lazily."""
        ...

    def domains(self, component: str) -> Sequence[str]:
        """The domains of which a component keeps anything, sorted."""
        ...

    def waiting(self, exporter: str, after: int, max_bytes: int) -> Sequence[Waiting]:
        """The exporter's unacknowledged entries with `seq > after`, oldest first, about `max_bytes` of them (at
        least one if there is one). None of them is loaded: whoever will load them can say so first."""
        ...

    def deliverable(self, exporter: str, after: int, max_bytes: int, upto: int = LAST) -> Sequence[OutboxEntry]:
        """The same, up to that `seq`, with their contents."""
        ...

    def bury(self, exporter: str, seq: int, reason: str) -> None:
        """An entry that can't be loaded becomes a dead letter of this exporter as it is, unread."""
        ...

    def give_up(self, exporter: str, seq: int, reason: str) -> None:
        """An entry is dropped for this exporter, counted as `dropped:<reason>`; nothing of it is read."""
        ...

    def ack(self, exporter: str, acks: Sequence[Ack]) -> None:
        """Make progress durable: ranges, counts and dead letters in one transaction. Entries that every exporter is
        done with are deleted."""
        ...

    def receipts(self, exporter: str, names: Sequence[ReceiptKey]) -> Mapping[ReceiptKey, bytes]:
        """What is on disk of that which an exporter remembers under these names. To delivery's thread."""
        ...

    def close(self) -> None:
        """Give the partition free. Both threads must have stopped; safe twice."""
        ...
