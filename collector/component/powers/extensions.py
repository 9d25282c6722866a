"""What an extension may do for servers, clients and the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from collector.component.behaviour import Extension

if TYPE_CHECKING:
    from collector.domains.credential import Credential
    from collector.domains.resolver import RequestFacts


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


class Vouched(NamedTuple):
    """Whom an authenticator let in, as it is now. `mark`: another one, once what they prove themselves by is another; never a secret."""

    credential: Credential
    mark: str


@runtime_checkable
class Vouches(Extension, Protocol):
    """A server authenticator that says of whom it let in whether it would again: what began with a credential (a session) ends with it."""

    def vouched(self, ident: str) -> Vouched | None:
        """By the id of the credential; None: nobody has it any more, or it is over. From any thread: no I/O."""
        ...


class Journey(NamedTuple):
    """Of a browser to a provider and back. `state` comes back with it; `nonce` in the token; `verifier` shows that the same asks for it.
    All three are secrets, which the browser keeps until then."""

    url: str
    state: str
    nonce: str
    verifier: str


class NotReturned(Exception):
    """A provider lets nobody in; a sentence without secrets says why."""


@runtime_checkable
class SendsPeople(Extension, Protocol):
    """A server authenticator whose people log in somewhere else, and come back with a code. What that is good for is a credential like others:
    shown as `Bearer`."""

    def elsewhere(self) -> Mapping[str, str]:
        """Name of each such place → as people read it."""
        ...

    def sent(self, name: str, back: str) -> Journey:
        """Where a browser goes, to come back to the URL `back`. Waits for others: call it on a thread. Raises NotReturned."""
        ...

    def returned(self, name: str, journey: Journey, code: str, back: str) -> str:
        """The credential of who comes back with a code. On a thread, too. Raises NotReturned."""
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

    def ending(self) -> Mapping[tuple[str, str], float]:
        """(domain, id of the credential) → Unix time at which it ends, of those that are good, end soon and have no heir. From any thread: no I/O."""
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
