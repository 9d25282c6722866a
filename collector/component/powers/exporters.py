"""What an exporter may do beyond sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from collector.component.behaviour import Exporter

if TYPE_CHECKING:
    import polars as pl

    from collector.batch import LogBatch
    from collector.component.erasing import ErasedSlice, Erasure, FoundSlice
    from collector.outcomes import ReceiptKey


@runtime_checkable
class PayloadExporter(Exporter, Protocol):
    """An exporter that can also forward OTLP payloads untouched.

    A pipeline without processors, whose exporters all can, decodes nothing. With `attributes` or `redact` there are
    batches again.
    """

    def encode_payloads(self, payloads: Sequence[bytes]) -> Any:
        """What `send` takes, of serialized `ExportLogsServiceRequest`s of one domain. On a thread, as `encode`."""
        ...


@runtime_checkable
class Ordered(Exporter, Protocol):
    """An exporter whose records must arrive in order, key by key: of one domain and key one request is under way at a time, and the next
    one waits while it is retried; those of other keys go on beside it."""

    def order_by(self, batch: LogBatch) -> pl.Series:
        """A text for each record; null or "" = in no order. On the exporter's threads. Sees the batch before `attributes` and `redact`."""
        ...


@runtime_checkable
class OneRequestPer(Exporter, Protocol):
    """An exporter whose requests each are about one thing: records of different keys, or domains, never share a request."""

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """A text for each record; null counts as a text of its own. As `order_by`."""
        ...


@runtime_checkable
class Supersedes(Ordered, Protocol):
    """An exporter that tells how things stand: of what waits about a thing only the newest is sent. What is older ends as
    `dropped:superseded`, also while it waits for its next attempt."""

    def version(self, batch: LogBatch) -> pl.Series:
        """A number for each record, which grows within its key of `order_by`; null = nothing supersedes it. As `order_by`."""
        ...


@runtime_checkable
class KeepsReceipts(Ordered, Protocol):
    """An exporter that remembers something of its destination by key, such as the ticket that it opened: `Ok(receipts=…)`. That is seen by
    the next request of the key at once, and on disk with the acknowledgement. After a crash in between it is lost: then look for what
    is there before anything is made. A receipt goes with its domain, or when it was not written for long."""

    @property
    def receipts_for_secs(self) -> float:
        """How long one is kept."""
        ...

    def encode_with(self, batch: LogBatch, receipts: Mapping[ReceiptKey, bytes]) -> Any:
        """In place of `encode`, with what is remembered under the keys of the batch."""
        ...


@runtime_checkable
class TellsOrigin(Exporter, Protocol):
    """An exporter that can tell the next logboom which records components made. Its requests hold what was sent, or what was made as
    many times over: never both."""

    def encode_made(self, batch: LogBatch, generation: int) -> Any:
        """In place of `encode`, for records that were all made so many times over."""
        ...


@runtime_checkable
class Counting(Exporter, Protocol):
    """An exporter with numbers of its own. Its factory declares them (`Factory.counters`); telemetry shows those."""

    def counters(self) -> Mapping[str, int]:
        """Declared name → value since this process began. From any thread, each second: no I/O."""
        ...


@runtime_checkable
class Bills(Exporter, Protocol):
    """An exporter whose destination tells what it bills."""

    def billed(self) -> Mapping[tuple[str, str], float]:
        """(domain, unit) → number since this process began; the domain "" = of several, which nobody can tell apart. A unit is one of
        `service.domains.costs.prices`. From any thread, each second: no I/O."""
        ...


@runtime_checkable
class Addressed(Exporter, Protocol):
    """An exporter that tells people, or acts: of the notifications (`logboom.alert.notification`) and responses (`logboom.response.started`) it is
    sent those that are addressed to it, unless its option `events` says otherwise."""

    @property
    def addressed(self) -> bool:
        """Whether it is."""
        ...


class OutboxRun(NamedTuple):
    """Entries of one partition's outbox, one after the other: the numbers of the first and the last of them."""

    partition: int
    first: int
    last: int


class RunLimits(NamedTuple):
    """A run ends with the entry that makes it so large (as entries wait: stored bytes), or before one that was made so long after its first."""

    size_bytes: int
    secs: float


@runtime_checkable
class Gathers(Exporter, Protocol):
    """An exporter that makes one thing of many outbox entries, such as a file. What `encode` gave is given to `keep`; when all of a run is
    kept, `send` is given the `OutboxRun`, and what it answers is about all of it: delivered, again, or blocked. All of its entries are
    acknowledged at once.

    Where a run ends is decided by what is stored, so after a death the same run comes again, and may have the same name: `keep` need not
    survive. Has no other power over order or company of records."""

    @property
    def run_limits(self) -> RunLimits:
        """Where runs end; asked once."""
        ...

    async def keep(self, partition: int, first: int, encoded: Any) -> None:
        """Records of the run that begins there, in any order. Raises when nothing of them is kept; then they are given again."""
        ...

    async def run_ended(self, run: OutboxRun) -> None:
        """It has ended, however: nothing of it is needed any more."""
        ...


class StoreMark(NamedTuple):
    """By what a store is known again: a name, drawn when its tables were made or changed, and how often events changed them since."""

    name: str
    changes: int


@runtime_checkable
class KeepsTables(Exporter, Protocol):
    """An exporter to a store with tables that are made of events. Owners of their contents (`Republishes`) are asked to tell
    all again when a store has another name than the last one, or fewer changes."""

    def marks(self) -> Mapping[str, StoreMark]:
        """Domain → the mark of its store, as far as known by now; "" for all domains without a store of their own. From any thread, each
        second: no I/O."""
        ...


@runtime_checkable
class ErasesSubjects(Exporter, Protocol):
    """An exporter that can delete at its destination what it sent there: the records of a person, or all of a domain
    (`logboom privacy erase`), and hand out what is there of a person (`logboom privacy export`). Each in bounded slices: the owner of
    the domain calls until a slice is the last one, tries again what raises, later and later, over restarts, and notes how far it came.
    What was erased already is no longer found, so a slice that is done again changes nothing. It tells the same number again: where the
    destination has transactions the number stands in that of the deletion, elsewhere one slice tells what the next one deletes. Both run on
    the delivery event loop, as `send`, beside it.

    `Subject.named_in` says of a document whether it names them; `collector.privacy.subjects.held_by` is the same for a batch, as a mask.
    """

    @property
    def erasure_promise(self) -> str:
        """What of an erased record may still be somewhere at the destination, and until when: a sentence for people."""
        ...

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """Delete the next slice behind `after` ("" = from the start). Raises `NotErasable`, or what it meets: then it is tried again."""
        ...

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:
        """The next slice of what is there, as `erase` would find it."""
        ...
