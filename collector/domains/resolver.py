"""From a request to its domain.

    credential ► header (trusted peer) ► X-Forwarded-Host (trusted peer) ► Host / :authority ► default, or a refusal

The first that names something decides. A name that is not a known domain, or below one, never makes a new domain: it
gets the default, or a refusal where there is none. Known are the names of the configuration and those that keys were made for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from collector.domains.credential import Credential
from collector.domains.names import LONGEST, domain_name, host_name
from collector.domains.senders import Senders
from collector.errors import PermissionDenied
from collector.reserved import DOMAIN
from collector.transport.client_certificate import ClientCertificate

FORWARDED_HOST = "x-forwarded-host"
_REMEMBERED = 4096
_NONE: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DomainRules:
    """How domains are found; the fields are those of `service.domains` in the configuration."""

    names: Sequence[str] = ()
    default: str | None = "default"
    header: str | None = None
    trusted_peers: Sequence[str] = ("127.0.0.0/8", "::1/128")


class RequestFacts(Protocol):
    """What a server knows of a request. `header` takes a lower-case name and gives the last value, None if absent, and
    `values` all of them; `parameters` those of the query, none over gRPC; `peer` is an IP address, empty for a unix socket;
    `certificate` what the client showed and TLS has checked, None without. All are asked only when they matter."""

    @property
    def host(self) -> str: ...
    def header(self, name: str) -> str | None: ...
    def values(self, name: str) -> Sequence[str]: ...
    def parameters(self, name: str) -> Sequence[str]: ...
    def peer(self) -> str: ...
    def certificate(self) -> ClientCertificate | None: ...


class SharedFacts:
    """Facts that come again: `shared` is one for all requests of a connection that are the same in all but their length and body. It keeps
    what was found out of them, and for which credential."""

    __slots__ = ("shared",)

    shared: dict[object, tuple[Credential | None, tuple[str, str]]]


class DomainResolver:
    """Finds the domain of a request; safe to call from any thread. Raises ValueError for rules that make no sense.

    Args:
        also_known: domains that are known beside those of the rules, now; the same object as long as they are the same.
    """

    def __init__(self, rules: DomainRules, also_known: Callable[[], AbstractSet[str]] = lambda: _NONE) -> None:
        self._written = frozenset(_written(name) for name in rules.names)
        self._also_known = also_known
        self._also: AbstractSet[str] = frozenset()
        self._names: AbstractSet[str] = self._written
        self._default = rules.default
        self._header = rules.header.lower() if rules.header else None
        self._senders = Senders(rules.trusted_peers)
        self._by_host: dict[str, str | None] = {}
        self._generation = object()  # another one when other names are known

    def place(self, request: RequestFacts, credential: Credential | None = None) -> tuple[str, str]:
        """The request's domain, and its sender. Raises as `resolve` does; what is refused is looked at again each time."""
        if not isinstance(request, SharedFacts):
            return self.resolve(request, credential), self.sender(request)
        self._look_again()
        shared = request.shared
        known = shared.get(self._generation)
        if known is not None and known[0] is credential:
            return known[1]
        found = self.resolve(request, credential), self.sender(request)
        shared.clear()  # of earlier generations
        shared[self._generation] = credential, found
        return found

    def resolve(self, request: RequestFacts, credential: Credential | None = None) -> str:
        """The request's domain. Raises `PermissionDenied`: unknown host without a default, a foreign domain, a credential of a
        domain that nobody knows, or the service's own."""
        self._look_again()
        found = self._found(request, credential)
        if _is_the_service(found):
            raise PermissionDenied(f"{DOMAIN} is the service's own domain", cause="domain")
        return found

    def _found(self, request: RequestFacts, credential: Credential | None) -> str:
        named = self._named_by(request)
        known = self._known(named)
        if credential is not None and credential.domain is not None:
            return self._with_credential(credential, credential.domain, known)
        if known is not None:
            return known
        if self._default is None:
            raise PermissionDenied(f"{_shown(named)} belongs to no known domain", cause="domain")
        return self._default

    def sender(self, request: RequestFacts) -> str:
        """Where a request comes from, the same for every connection of a sender; empty for a unix socket."""
        return self._senders.network(request)

    def _look_again(self) -> None:
        also = self._also_known()
        if also is not self._also:
            self._names, self._also, self._by_host = self._written | also, also, {}
            self._generation = object()

    def _with_credential(self, credential: Credential, own: str, known: str | None) -> str:
        if own not in self._names and own != self._default:
            raise PermissionDenied("the credential's domain is not known here", cause="domain")
        if known is None or known == own:
            return own
        if credential.multi_domain or known in credential.domains:
            return known
        raise PermissionDenied(f"the credential does not reach the domain {known}", cause="domain")

    def _named_by(self, request: RequestFacts) -> str:
        explicit = request.header(self._header) if self._header else None
        if explicit and request.peer() in self._senders.trusted:
            return explicit
        forwarded = request.header(FORWARDED_HOST)
        if forwarded and request.peer() in self._senders.trusted:
            return forwarded.rpartition(",")[2]  # the last one was added by the peer itself; others by anybody
        return request.host

    def _known(self, host: str) -> str | None:
        if not self._names:
            return None
        found = self._by_host.get(host, "")
        if found != "":
            return found
        if len(self._by_host) >= _REMEMBERED:
            self._by_host.clear()
        found = self._by_host[host] = self._longest(host_name(host)) if len(host) <= LONGEST + 6 else None
        return found

    def _longest(self, name: str) -> str | None:
        while name:
            if name in self._names:
                return name
            name = name.partition(".")[2]
        return None


@lru_cache(_REMEMBERED)
def _is_the_service(domain: str) -> bool:
    return host_name(domain) == DOMAIN


def _written(name: str) -> str:
    """A name of the configuration; one that is no domain of the Internet stays as it is."""
    plain = host_name(name) or name.strip().removesuffix(".")
    try:
        return domain_name(plain)
    except ValueError:
        if not plain:
            raise
        return plain


def _shown(host: str) -> str:
    """A sender's text, short and harmless enough for an answer."""
    text = host[:LONGEST].encode("ascii", "replace").decode()
    return f"the host {text!r}" if text else "a request without a host"
