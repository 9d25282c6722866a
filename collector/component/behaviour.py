"""What a component of each kind does: the methods that it must have. What it may have beyond stands in `powers`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import polars as pl

    from collector.admission.admission import Admission
    from collector.batch import LogBatch
    from collector.outcomes import Verdicts


class State(Protocol):
    """What a component keeps of one domain, by name. Writes are seen at once and commit with the batch, or not at all.

    `get_many` reads many names as one look at the disk; `scan` gives the pairs under a prefix, by name. A name has some 150
    bytes at most. `excess_bytes` says how much of it the component should forget, as of the last commit: its part of what
    the domain, or all domains together, hold above their budget (`service.ledger.state_bytes`). 0 = within it.
    """

    def get(self, name: bytes) -> bytes | None: ...
    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]: ...
    def put(self, name: bytes, value: bytes) -> None: ...
    def delete(self, name: bytes) -> None: ...
    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]: ...
    def excess_bytes(self) -> int: ...


class Due(NamedTuple):
    """Something that a component asked to be called for, and when: nanoseconds since the epoch."""

    component: str
    domain: str
    name: str
    at_unix_nano: int


class Work(Protocol):
    """The transaction a processor takes part in: its state and its counts commit together with the batch.

    State belongs to the component's id and a domain: pipelines with the same component share it.

    `emit` makes records of a kind, such as `logboom.anomaly.spike`, which becomes their event name. `records` is a batch of their
    fields and attributes (`LogBatch.of({…}, {…})`, one call for all of a kind, not one a record); `parents` says for each the
    position in the given batch of the record that it was made of. Domain, record id (the same at a replay) and the mark that they
    were made come from there; at a tick, without `parents`, from the tick, and `rule` may tell apart what one tick makes. They join
    the pipeline's output behind the last processor. Made of what was made of … three times over, they are dropped, and counted.

    `wake` asks for a call of `tick` (`Ticking`) at that time, once, however late, also after a restart; asked again with the same
    domain and name, the later call counts, and None takes it back. It commits with the batch. A time that already came for that
    name, or an earlier one, is moved behind it.

    `release` lets go, at a tick, of records that the component kept (in its state) instead of handing them on: they go on from its place, seen by
    all that stand behind it, as the records that they were: with their ids, domains and payloads. They are counted as `created`.
    """

    def state(self, domain: str) -> State: ...
    @property
    def now_unix_nano(self) -> int: ...
    def count(self, domain: str, outcome: str, records: int) -> None: ...
    def emit(self, kind: str, records: LogBatch, *, parents: pl.Series | None = None, rule: str = "") -> None: ...
    def wake(self, domain: str, name: str, at_unix_nano: int | None) -> None: ...
    def release(self, records: LogBatch) -> None: ...


@runtime_checkable
class Processor(Protocol):
    """`LogBatch` in, `LogBatch` out, a column at a time.

    Records left out must be counted through `work.count` unless the outcome is `filtered`: the pipeline counts any
    difference that was not named as `filtered`. Never raises on bad data.
    """

    def process(self, batch: LogBatch, work: Work) -> LogBatch: ...


@runtime_checkable
class Connector(Protocol):
    """Stands in `exporters` of some pipelines and in `receivers` of others: what leaves the former it hands to the latter, in the
    same step and the same transaction.
    """

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """Id of a pipeline (`Context.targets`) → what it is to get: records of the batch, or others made of them.

        A record that no pipeline gets ends as `filtered`, unless `work.count` names another end (`dropped:no_route`). What it
        emits goes to all pipelines that it feeds. Never raises on bad data.
        """
        ...


@runtime_checkable
class Exporter(Protocol):
    """One destination. Delivery owns batching, retry, order, quotas and dead letters; an exporter only translates.

    `encode` runs on a thread and may be slow; `send` runs on the delivery event loop and must not block it.
    An exception from `send` is passed to `classify` like an answer; `classify` must know its own errors and return
    `Retry` for the rest.
    """

    async def start(self) -> None: ...
    def encode(self, batch: LogBatch) -> Any: ...
    async def send(self, request: Any) -> Any: ...
    def classify(self, answer: Any) -> Verdicts: ...
    async def shutdown(self) -> None: ...


@runtime_checkable
class Receiver(Protocol):
    """A listener. `start` binds its sockets or raises; `stop_intake` refuses new requests with a hint and lets those
    under way finish; `shutdown` closes. `endpoints` maps protocol → the address bound (`grpc` → `127.0.0.1:4317`).

    `per_process`: each ingest process starts it, and they share its ports. Else one does, when nobody else has the journal any
    more: it reads what stays where it is (a file), begins at `admission.positions`, and submits a `Position` with each payload.
    """

    @property
    def per_process(self) -> bool: ...
    def start(self, admission: Admission, *, share_port: bool = False) -> None: ...
    def stop_intake(self) -> None: ...
    def shutdown(self, deadline_secs: float) -> None: ...
    def endpoints(self) -> Mapping[str, str]: ...
    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Protocol → name → how much of something bounded is in use, or how often its bound was met."""
        ...

    def silent_secs(self) -> float:
        """Age of the last sign of life of its serving loop; 0 when it has none of its own."""
        ...


@runtime_checkable
class Extension(Protocol):
    """What other components lean on; made in each process whose components ask for it.

    `start` reads what it stands on, or raises a `LogboomError`: then the process does not start. `reload` is called each
    second, on a thread of its own: what has changed on disk is read again, and what can't be read leaves all as it was.
    """

    def start(self) -> None: ...
    def reload(self) -> None: ...
    def shutdown(self) -> None: ...
