"""What a component may do beyond the contract of its kind.

The core asks with `isinstance`: a class has a power by having its methods, all of them, and registers nothing. Powers of a
behaviour stand first, then those of options (a `Config`), which are asked before anything is made.
`collector.testing.contract` tells of half a power, and of one that is called otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

from collector.component.behaviour import Connector, Due, Exporter, Extension, Processor, Receiver, Work
from collector.component.commands import Applied, Command, Refused
from collector.component.declaration import Config, Use

if TYPE_CHECKING:
    import polars as pl

    from collector.batch import LogBatch
    from collector.domains.credential import Credential
    from collector.domains.resolver import RequestFacts
    from collector.explanation import Explanation
    from collector.outcomes import ReceiptKey
    from collector.signed_links import LinkRules
    from collector.transport.probe import Probe
    from collector.transport.tls import TlsClientConfig, TlsServerConfig


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
class Priced(Protocol):
    """Options of an exporter whose destination has prices that everybody pays."""

    def prices(self) -> Mapping[str, float]:
        """Unit → price of a million; `service.domains.costs.prices` decides otherwise."""
        ...


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


@runtime_checkable
class KeepsState(Protocol):
    """Options of a processor that may keep state (`work.state`, `work.wake`): then it stands in one pipeline, for two would change
    the same. One that keeps things apart by pipeline, as the counts of `triage` are, says no. A connector is one wherever it stands."""

    def keeps_state(self) -> bool:
        """Whether it does, with these options."""
        ...


@runtime_checkable
class JudgesService(Protocol):
    """Options of a processor that can also judge what the service knows about itself: an instance of it, with options of its own, stands in
    the pipeline that every configuration has for that (`logs/service`). Of those that are configured the first does."""

    def for_service(self) -> Config:
        """The options of that instance; it keeps no state."""
        ...


@runtime_checkable
class Chooses(Protocol):
    """Options of a connector that hands all of a step to one of several levels: a full exporter of one stops nobody, as long as
    another has room."""

    def levels(self) -> Sequence[Sequence[str]]:
        """The pipelines of each."""
        ...


@runtime_checkable
class LeadsTo(Protocol):
    """Options of a connector that name pipelines: each must have it among its receivers."""

    def leads_to(self) -> Sequence[str]:
        """Their ids, as written."""
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
class Addressed(Exporter, Protocol):
    """An exporter that tells people, or acts: of the notifications (`logboom.alert.notification`) and responses (`logboom.response.started`) it is
    sent those that are addressed to it, unless its option `events` says otherwise."""

    @property
    def addressed(self) -> bool:
        """Whether it is."""
        ...


@runtime_checkable
class NamesExporters(Protocol):
    """Options of a connector that name exporters which it addresses: each must stand in a pipeline that it feeds."""

    def names_exporters(self) -> Mapping[str, str]:
        """Option (`receivers.page.0`) → the exporter's id, as written."""
        ...


@runtime_checkable
class ExplainsItself(Protocol):
    """Options of a connector whose meaning is more than what is written: `logboom validate` shows it."""

    def explained(self) -> tuple[str, Mapping[str, str]]:
        """A heading, and lines below it by name."""
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
class Explains(Processor, Protocol):
    """A processor that can explain its decisions on one record: `logboom explain`."""

    def explain(self, batch: LogBatch) -> Sequence[Explanation]:
        """The evidence for a batch of one record, in the order in which it is asked."""
        ...


@runtime_checkable
class ServerAuthenticator(Extension, Protocol):
    """An extension that says who a sender is, before anything of its body is read (`Use.SERVER_AUTHENTICATOR`)."""

    def authenticate(self, request: RequestFacts) -> Credential:
        """Called from any thread, and must not wait: what it needs is in memory.

        Raises:
            Unauthenticated: no credential, or one that is wrong: the sender drops its data.
            PermissionDenied: it is known and may not send.
            Unavailable: it can't be told now: the sender comes again.
        """
        ...


@runtime_checkable
class Recalls(Extension, Protocol):
    """A server authenticator that knows again whom it has let in, without the work of checking. Asked in the place of `authenticate`
    while too many requests of a network fail: so a stranger there costs no verification, and keeps out nobody who is known."""

    def recall(self, request: RequestFacts) -> Credential | None:
        """As `authenticate`, from memory alone; None for who is not there, whoever it is."""
        ...


@runtime_checkable
class MakesDomainsKnown(Extension, Protocol):
    """An extension whose credentials were made for domains: these are known beside `service.domains.names`."""

    def known_domains(self) -> frozenset[str]:
        """Those of now; the same object as long as they are the same. From any thread, with each request: no I/O."""
        ...


@runtime_checkable
class ClientAuthenticator(Extension, Protocol):
    """An extension that says who we are, with each request of an exporter (`Use.CLIENT_AUTHENTICATOR`)."""

    async def headers(self) -> Mapping[str, str]:
        """Headers (over gRPC: metadata) of the next request; they take the place of those with the same name."""
        ...


class CredentialChange(NamedTuple):
    """What happened to a credential: `created`, `rotated` (in the place of `predecessor`), `revoked`, `expiring` (in `days`)."""

    what: Literal["created", "rotated", "revoked", "expiring"]
    id: str
    domain: str
    name: str = ""
    predecessor: str = ""
    days: int = 0


@runtime_checkable
class TellsOfCredentials(Extension, Protocol):
    """An extension whose credentials people make and take back: the service tells it as events."""

    def changes(self) -> Sequence[CredentialChange]:
        """What happened since the last call, as one process tells it. From any thread: no I/O."""
        ...


@runtime_checkable
class KnowsSecrets(Extension, Protocol):
    """An extension whose credentials can be told from other text: one that stands in a log record is masked, and told."""

    def exposed(self, secret: str) -> Credential | None:
        """Whose live credential it is, which is not secret any more; None: nobody's. From any thread: no I/O."""
        ...


@runtime_checkable
class GoesStale(Extension, Protocol):
    """An extension that lives of what it asks others for, and for a while without them."""

    def stale(self) -> Mapping[str, str]:
        """Whom it can't ask now → what that means, in words; empty: all is fresh. From any thread: no I/O."""
        ...


@runtime_checkable
class AmendsHeaders(Extension, Protocol):
    """A client authenticator that also looks at the headers that are there. Asked in the place of `headers`."""

    async def amended(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """All headers of the next request, from those that it would have."""
        ...


class Outgoing(NamedTuple):
    """An HTTP request as it will be sent, but for its signature."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class SignsRequests(Extension, Protocol):
    """A client authenticator that signs each request as a whole; over HTTP only. Asked behind `headers`."""

    async def signature(self, request: Outgoing) -> Mapping[str, str]:
        """Headers to add. Raises what the connection of who gives the keys raises: nothing was sent."""
        ...


@runtime_checkable
class Provides(Protocol):
    """Options of an extension that other components may name: looked at before anything runs."""

    def provides(self) -> frozenset[Use]:
        """What it may be named for, with these options."""
        ...


@runtime_checkable
class GivesDomains(Protocol):
    """Options of an authenticator whose credentials belong to domains: with it, several domains may be served, and a listener
    that asks nobody refuses to be reached by others."""

    def gives_domains(self) -> bool:
        """Whether they do, with these options."""
        ...


@runtime_checkable
class Cautions(Protocol):
    """Options that may be as they are, and seldom mean it: told by `logboom validate` and in the log at start."""

    def cautions(self) -> Mapping[str, str]:
        """Option (`keys.0`) → what an operator should know, and what cures it; never a secret."""
        ...


@runtime_checkable
class Listens(Protocol):
    """Options of what listens on TCP ports: looked at before any process starts, and shown by `logboom validate`."""

    def listens_on(self) -> Sequence[str]:
        """The addresses, `host:port`; port 0 is always free."""
        ...


@runtime_checkable
class HandsOver(Receiver, Protocol):
    """A receiver whose senders go on with a successor that listens on the same ports."""

    def leave(self, patience_secs: float) -> None:
        """Stop listening, and let each sender go behind an answer that is no refusal; return when all have gone, or after so long."""
        ...


class AckRule(NamedTuple):
    """A sender is answered when these exporters (none: all of the receiver's pipelines) have its records; after so long it is
    told to come again."""

    exporters: tuple[str, ...]
    timeout_secs: float


@runtime_checkable
class Acknowledging(Protocol):
    """Options of a receiver that may answer later than when a request is on disk."""

    def ack_rule(self) -> AckRule | None:
        """None: when it is on disk."""
        ...


@runtime_checkable
class Probed(Protocol):
    """Options of a receiver whose listeners are asked again and again whether they serve newcomers."""

    def probes(self) -> Mapping[str, Probe]:
        """Protocol, as in `Receiver.endpoints`, → how to ask its listener."""
        ...


@runtime_checkable
class WantsOfListeners(Protocol):
    """Options of a server authenticator that lives of how a listener is set up."""

    def missing(self, tls: TlsServerConfig | None) -> str:
        """What a listener that names it lacks, so that it lets nobody in, in words; empty: nothing."""
        ...


@runtime_checkable
class OpenToOthers(Protocol):
    """Options of a receiver that other machines may reach: a warning, or refused where several domains are served."""

    @property
    def allow_anonymous(self) -> bool:
        """The operator wrote that anybody may send."""
        ...

    def open_to_others(self) -> Mapping[str, str]:
        """Option (`protocols.grpc.endpoint`) → address, of the listeners that don't ask who sends."""
        ...


@runtime_checkable
class TrustsEvents(Protocol):
    """Options of a receiver that may take another logboom's word for which records its components made (`TellsOrigin`). Only of senders who
    were authenticated."""

    @property
    def trust_events(self) -> bool:
        """Whether it does."""
        ...


@runtime_checkable
class TakesLinks(Protocol):
    """Options of a receiver at which signed links arrive (`collector.signed_links`): messages to people carry them then."""

    def links(self) -> LinkRules | None:
        """Where they begin, how long they hold, by which keys they are signed; None: it takes none."""
        ...


@runtime_checkable
class SpeaksTls(Protocol):
    """Options of an exporter that may connect over TLS: `logboom validate --reach` shakes hands with them."""

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust, and what to show."""
        ...


class StepLimits(NamedTuple):
    """What one processing step of a pipeline takes: at most `max_records` (0 = no limit), gathering for at most
    `gather_secs` while fewer than `target_records` wait."""

    target_records: int
    max_records: int
    gather_secs: float


@runtime_checkable
class StepLimiting(Protocol):
    """Options of a processor that say how much a step of its pipeline takes at once; the first one of a pipeline counts."""

    def step_limits(self) -> StepLimits:
        """What the worker gathers before it processes this pipeline."""
        ...


class MemoryLimits(NamedTuple):
    """Anonymous bytes of all processes: above `soft_bytes` new requests are refused with `refusal`, `hard_bytes` is what
    must not be reached; both are looked at every `check_interval_secs`."""

    soft_bytes: int
    hard_bytes: int
    check_interval_secs: float
    refusal: str


@runtime_checkable
class MemoryLimiting(Protocol):
    """Options of a processor that say when memory is short; the strictest of all pipelines counts."""

    def memory_limits(self, total_bytes: int) -> MemoryLimits:
        """The limits on a machine (or in a control group) with `total_bytes` of memory."""
        ...
