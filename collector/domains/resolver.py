"""From a request to its domain.

    credential ► header (trusted peer) ► X-Forwarded-Host (trusted peer) ► Host / :authority ► default, or a refusal

The first that names something decides. A name that is not a known domain, or below one, never makes a new domain: it
gets the default, or a refusal where there is none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.domains.credential import Credential
from collector.domains.trusted import TrustedPeers
from collector.errors import PermissionDenied
from collector.transport.client_certificate import ClientCertificate

FORWARDED_HOST = "x-forwarded-host"
FORWARDED_FOR = "x-forwarded-for"
_REMEMBERED = 4096
_LONGEST_NAME = 253  # RFC 1035


@dataclass(frozen=True, slots=True)
class DomainRules:
    """How domains are found; the fields are those of `service.domains` in the configuration."""

    names: Sequence[str] = ()
    default: str | None = "default"
    header: str | None = None
    trusted_peers: Sequence[str] = ("127.0.0.0/8", "::1/128")


class RequestFacts(Protocol):
    """What a server knows of a request. `header` takes a lower-case name and gives the last value, None if absent, and
    `values` all of them; `peer` is an IP address, empty for a unix socket; `certificate` what the client showed and TLS
    has checked, None without. All are asked only when they matter."""

    @property
    def host(self) -> str: ...
    def header(self, name: str) -> str | None: ...
    def values(self, name: str) -> Sequence[str]: ...
    def peer(self) -> str: ...
    def certificate(self) -> ClientCertificate | None: ...


class DomainResolver:
    """Finds the domain of a request; safe to call from any thread. Raises ValueError for rules that make no sense."""

    def __init__(self, rules: DomainRules) -> None:
        self._names = frozenset(_normal(name) for name in rules.names)
        if "" in self._names:
            raise ValueError("an empty name is not a domain")
        self._default = rules.default
        self._header = rules.header.lower() if rules.header else None
        self._trusted = TrustedPeers(rules.trusted_peers)
        self._by_host: dict[str, str | None] = {}

    def resolve(self, request: RequestFacts, credential: Credential | None = None) -> str:
        """The request's domain. Raises `PermissionDenied`: unknown host without a default, or a foreign domain."""
        named = self._named_by(request)
        known = self._known(named)
        if credential is not None and credential.domain is not None:
            return _with_credential(credential, credential.domain, known)
        if known is not None:
            return known
        if self._default is None:
            raise PermissionDenied(f"{_shown(named)} belongs to no known domain")
        return self._default

    def sender(self, request: RequestFacts) -> str:
        """Where a request comes from, the same for every connection of a sender: its address, or its network where
        addresses change (IPv6, /64); from a trusted peer the address that it forwards for. Empty for a unix socket."""
        peer = request.peer()
        forwarded = request.header(FORWARDED_FOR)
        if forwarded and peer in self._trusted:
            peer = forwarded.rpartition(",")[2].strip()  # the last one was added by the peer itself
        return _network(peer)

    def _named_by(self, request: RequestFacts) -> str:
        explicit = request.header(self._header) if self._header else None
        if explicit and request.peer() in self._trusted:
            return explicit
        forwarded = request.header(FORWARDED_HOST)
        if forwarded and request.peer() in self._trusted:
            return forwarded.rpartition(",")[2]  # the last one was added by the peer itself; others by anybody
        return request.host

    def _known(self, host: str) -> str | None:
        if not self._names:
            return None
        if host in self._by_host:
            return self._by_host[host]
        if len(self._by_host) >= _REMEMBERED:
            self._by_host.clear()
        found = self._by_host[host] = self._longest(_normal(host)) if len(host) <= _LONGEST_NAME + 6 else None
        return found

    def _longest(self, name: str) -> str | None:
        while name:
            if name in self._names:
                return name
            name = name.partition(".")[2]
        return None


def _with_credential(credential: Credential, own: str, known: str | None) -> str:
    if known is None or known == own:
        return own
    if credential.multi_domain:
        return known
    raise PermissionDenied(f"the credential does not reach the domain {known}")


def _normal(host: str) -> str:
    """Lower case, without port and without the dot of a fully qualified name."""
    name = host.strip().lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.removesuffix(".")


def _network(address: str) -> str:
    """An IPv4 address as it is, without a port; of an IPv6 address the /64; other text as it is."""
    if ":" not in address:
        return address
    host, _, _ = address.rpartition(":")
    if host and ":" not in host:
        return host
    inner = address[1:].partition("]")[0] if address.startswith("[") else address
    try:
        ip = ipaddress.IPv6Address(inner.partition("%")[0])
    except ValueError:
        return address
    return str(ip.ipv4_mapped) if ip.ipv4_mapped else f"{int(ip) >> 64:x}/64"


def _shown(host: str) -> str:
    """A sender's text, short and harmless enough for an answer."""
    text = host[:_LONGEST_NAME].encode("ascii", "replace").decode()
    return f"the host {text!r}" if text else "a request without a host"
