"""A request's way into the journal, step by step:

    authenticate   who sends               before its body is read: `Entrance.authenticate`
    domain         whose it is             ┐
    origin         what components made    │  of receivers with `trust_events`
    limits         may it send that much   ├ checks, in the order of their list: `checks`
    accompanying   what else came with it  │  where something asks for it
    validity       what it holds           │
    mark           who of it is a stranger ┘
    journal        on disk; then the sender is told: `Admission.submit`

One more limit is one more `Check` in the list: in front of `validity` if it counts bytes, behind it if it counts records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from collector.admission.accompanying import Accompanying
from collector.domains.credential import Credential
from collector.domains.resolver import DomainResolver, RequestFacts
from collector.errors import PermissionDenied
from collector.journal.positions import Position
from collector.journal.provenance import Provenance
from collector.journal.text import with_resource
from collector.origin import MADE_HEADER, generation_in
from collector.reserved import CONNECTION
from otlp_wire import Received, marked, of_resources, receive_protobuf

NOTHING_ELSE = Accompanying({}, {})
PUBLIC_MARK = {"logboom.sender.trust": "public"}
"""On each record of a sender whose credential everybody can read; nobody else's word for it is kept."""

OnForeign = Callable[["Arrival", PermissionDenied], None]
"""Somebody sends for a domain that is not theirs, or for none that is known. Called from any thread: it must not wait."""
Read = Callable[[bytes], Received]
"""From the bytes of a request to what is taken of them. Raises `InvalidPayload`, `TooLarge`."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A request on its way in: what came, and what the checks have found out.

    Args:
        receiver: id of the component that it came through.
        facts: what its server knows of it.
        body: as it was sent, uncompressed.
        credential: who its sender proved to be; None where nobody asked.
        read: makes records of the body.
        digest: 16 bytes by which the receiver knows it again (what it read from where); empty: by its bytes and sender.
        variant: what else in the request makes records of it; the same bytes with another one are no duplicate.
        position: how far the receiver has read with it.
        besides: positions of other sources that become durable with it.
        include_metadata: its headers may be carried along with its records, where something asks for them.
        client: what came with it and is carried along; empty before `accompanying`.
        provenance: where its records stood before they came.
        text: the body is text that stays as it is (`collector.journal.text`), no OTLP.
        domain, sender: whose it is, and where it comes from; empty before `domain`.
        held: who submits it has it still, and comes again by itself: a refusal that may pass costs no record, and is not counted.
        received: what is taken of the body; None before `validity`.
        made: how many times over components of the logboom that sends made the records, where its word is trusted (`origin`); 1 where the
            receiver itself makes events of what is sent.
        undo: called when it is refused and may come again: what it has taken of limits goes back.
    """

    receiver: str
    facts: RequestFacts
    body: bytes
    credential: Credential | None = None
    read: Read = receive_protobuf
    digest: bytes = b""
    variant: str = ""
    position: Position | None = None
    besides: Sequence[Position] = ()
    include_metadata: bool = False
    client: str = ""
    provenance: Provenance | None = None
    text: bool = False
    held: bool = False
    domain: str = ""
    sender: str = ""
    received: Received | None = None
    made: int = 0
    undo: Sequence[Callable[[], None]] = ()

    @property
    def records(self) -> int:
        """How many it holds; 0 where that is not known yet."""
        return self.received.records if self.received is not None else 0


class Check(Protocol):
    """One step. Writes what it found out into the arrival, or raises the `Refusal` that its sender gets.

    It is called from any thread, gRPC's among them, and must not wait: what it needs is in memory.
    """

    def __call__(self, arrival: Arrival) -> None: ...


def checks(
    resolver: DomainResolver,
    before: Sequence[Check] = (),
    behind: Sequence[Check] = (),
    trusting: AbstractSet[str] = frozenset(),
    on_foreign: OnForeign = lambda *_: None,
    located: AbstractSet[str] = frozenset(),
    accompanying: Accompanying = NOTHING_ELSE,
) -> Sequence[Check]:
    """The list of an ingest process; `before` a body is read count bytes, `behind` count records. `trusting` are the receivers that take
    another logboom's word for what its components made, `located` those whose requests are told from where they came;
    `accompanying` takes down what else comes with requests."""

    def domain(arrival: Arrival) -> None:
        try:
            arrival.domain, arrival.sender = resolver.place(arrival.facts, arrival.credential)
        except PermissionDenied as refusal:
            on_foreign(arrival, refusal)
            raise

    def origin(arrival: Arrival) -> None:
        credential = arrival.credential
        if arrival.receiver in trusting and credential is not None and not credential.public:
            arrival.made = generation_in(arrival.facts.header(MADE_HEADER))
            arrival.variant += f"{MADE_HEADER}{arrival.made}" if arrival.made else ""

    def locate(arrival: Arrival) -> None:
        received, told = arrival.received, {CONNECTION: arrival.facts.peer()}
        if arrival.receiver not in located or received is None:
            return
        if not arrival.text:
            arrival.received = of_resources(received, told)
        elif told[CONNECTION] and received.records:
            arrival.received = received._replace(body=with_resource(received.body, told))

    others: list[Check] = [*([origin] if trusting else []), *before, *([accompanying] if accompanying else [])]
    return [domain, *others, validity, *behind, mark, *([locate] if located else [])]


def validity(arrival: Arrival) -> None:
    """The body is read, and put right where one value is wrong."""
    arrival.received = arrival.read(arrival.body)


def mark(arrival: Arrival) -> None:
    """What came with a credential that stands in web pages is told from the rest by an attribute."""
    if arrival.credential is not None and arrival.credential.public and arrival.records:
        assert arrival.received is not None
        arrival.received = marked(arrival.received, PUBLIC_MARK)
