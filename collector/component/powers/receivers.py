"""What a receiver, or its options, may say of where it listens and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from collector.component.behaviour import Processor, Receiver
from collector.component.declaration import Context

if TYPE_CHECKING:
    from collector.signed_links import LinkRules
    from collector.transport.tls import TlsServerConfig


@runtime_checkable
class Listens(Protocol):
    """Options of what listens: looked at before any process starts, and shown by `logboom validate`."""

    def listens_on(self) -> Sequence[str]:
        """The addresses: `host:port` of TCP, `udp://host:port`, `unix:/path`; port 0 is always free."""
        ...


@runtime_checkable
class HandsOver(Receiver, Protocol):
    """A receiver whose senders go on with a successor that listens on the same ports."""

    def leave(self, patience_secs: float) -> None:
        """Stop listening, and let each sender go behind an answer that is no refusal; return when all have gone, or after so long."""
        ...


@runtime_checkable
class LacksSources(Receiver, Protocol):
    """A receiver that reads of itself, and may find that it can't."""

    def lacking(self) -> Mapping[str, str]:
        """Source that it can't read now → why, in words; empty: it reads all. From any thread: no I/O."""
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
class JournalsText(Protocol):
    """Options of a receiver that journals text as it stands in a file (`Arrival.text`), of which records are made where pipelines decode,
    or whose records pass steps of its own there: no pipeline that it feeds hands payloads on untouched."""

    def refiner(self, context: Context) -> Processor | None:
        """What works on its records, and on no others, in front of a pipeline's processors (`Context.pipeline`); None: nothing does.
        It keeps state of its own in each pipeline."""
        ...


@runtime_checkable
class TakesLinks(Protocol):
    """Options of a receiver at which signed links arrive (`collector.signed_links`): messages to people carry them then."""

    def links(self) -> LinkRules | None:
        """Where they begin, how long they hold, by which keys they are signed; None: it takes none."""
        ...
