"""What stands in the journal: one accepted payload of one domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from collector.errors import Refusal
from collector.journal.layout import PayloadKind
from collector.journal.limits import JournalStatistics
from collector.journal.positions import Position
from collector.journal.price import price_of
from collector.outcomes import Outcome


class Payload(NamedTuple):
    """An admitted request, ready to be made durable.

    Args:
        domain: the tenant; one payload never mixes domains.
        receiver: id of the component it came through (`otlp`, `otlp/edge`).
        body: the uncompressed protobuf `ExportLogsServiceRequest`, checked with upb.
        records: log records in it.
        received_unix_ms: when it arrived.
        digest: 16 bytes; two payloads of a domain and of equal length with the same digest are the same one, sent twice.
        dearness: what it costs to process beyond its size (`collector.journal.price`).
        position: how far its receiver has read with it; durable with the payload, or neither is.
        besides: positions of other sources that become durable with it.
        kind: what the body is.
        with_client: the body begins with what came with the request, or where it stood before (`collector.journal.accompanied`).
        sealed: the body is encrypted.
        seed, checksum: by which its bytes are known again (`collector.journal.layout`); empty: the journal makes it.
    """

    domain: str
    receiver: str
    body: bytes
    records: int
    received_unix_ms: int
    digest: bytes
    dearness: int = 0
    seed: int = 0
    checksum: bytes = b""
    position: Position | None = None
    kind: PayloadKind = PayloadKind.OTLP
    besides: Sequence[Position] = ()
    with_client: bool = False
    sealed: bool = False


class Entry(NamedTuple):
    """A payload that is durable. (`journal`, `domain`, `offset`) names it for ever.

    Args:
        journal: the random id of the journal, 16 hex digits; a wiped data directory has another one.
        offset: grows by one for each entry of this journal, over all domains.
        records: those of this piece, when only a piece of the payload is taken (`piece`); else all of it.
        price: what it (or the piece) costs to process, in bytes; 0 where nobody has told: see `cost`.
        first, rest: records of the payload before and behind the piece.
        damaged: these are not the bytes that were accepted.
        made: how many times over components of another logboom made the records; 0: they were sent.
        text: the body is text, not OTLP (`PayloadKind.TEXT`).
        sealed: the body is still encrypted; so it is while the journal is being read, and nowhere else.
        erased: the key of the body was destroyed: nobody reads it any more.
        client: what came with the request, as far as it is carried along (`collector.client_info`); it may hold credentials.
        provenance: where its records stood before they came (`collector.journal.provenance`); empty: nobody told.
    """

    journal: str
    offset: int
    domain: str
    receiver: str
    body: bytes
    records: int
    received_unix_ms: int
    digest: bytes
    price: int = 0
    first: int = 0
    rest: int = 0
    damaged: bool = False
    made: int = 0
    text: bool = False
    client: str = ""
    sealed: bool = False
    erased: bool = False
    provenance: str = ""

    @property
    def cost(self) -> int:
        """The price, whoever made the entry."""
        return self.price or price_of(len(self.body), self.records)

    @property
    def partial(self) -> bool:
        """It is a piece of its payload."""
        return bool(self.first or self.rest)

    def piece(self, start: int, records: int) -> Entry:
        """The records from `start` on, counted from the beginning of this piece, at most `records` of them."""
        records = min(records, self.records - start)
        price = self.cost * records // max(1, self.records)
        rest = self.rest + self.records - start - records
        return self._replace(records=records, price=max(1, price), first=self.first + start, rest=rest)

    def onward(self) -> Entry:
        """The piece and all of the payload behind it."""
        return self._replace(records=self.records + self.rest, price=0, rest=0) if self.rest else self


Durable = Callable[[Refusal | None], None]
"""Called once, from the journal's thread: None = on disk, a `Refusal` = nothing was kept."""


class Sink(Protocol):
    """Where receivers put payloads. All of `payloads` become durable together, or none.

    Payloads of one source are appended one after the other, the next when the one before is durable: else a refusal in
    between would be passed over by the position of what comes behind it.
    """

    def append(self, payloads: Sequence[Payload], done: Durable) -> None: ...
    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Source → position of what is durable of a receiver's sources. Raises `Unavailable` while there is no journal."""
        ...


class Intake(Sink, Protocol):
    """The sink of one ingest process, with its account. Safe from any thread."""

    @property
    def last_beat(self) -> float:
        """Monotonic seconds; moves at least every quarter of a second while it can make anything durable."""
        ...

    def count_refused(self, domain: str, receiver: str, records: int, outcome: str = Outcome.REFUSED) -> None:
        """Count records that were refused, here or before it (or, with `outcome`, values that were repaired)."""
        ...

    def statistics(self) -> JournalStatistics:
        """How full it is, and what it did since the process started."""
        ...

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """Domain → records and bytes that it took since it was made, as of the last commit."""
        ...

    def close(self, deadline_secs: float) -> bool:
        """Refuse what comes, make durable what waits, let go; safe twice. False when that took too long: what is not
        acknowledged was not promised."""
        ...
