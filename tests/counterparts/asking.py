"""A request as authenticators see it, without a listener."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.transport.client_certificate import ClientCertificate


@dataclass(frozen=True)
class Asking:
    """Facts of a request; a header with a list of values came several times."""

    headers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    host: str = "logs.example"
    address: str = "203.0.113.9"
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: ClientCertificate | None = None

    def header(self, name: str) -> str | None:
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> Sequence[str]:
        found = self.headers.get(name, ())
        return [found] if isinstance(found, str) else found

    def parameters(self, name: str) -> Sequence[str]:
        return self.query.get(name, ())

    def peer(self) -> str:
        return self.address

    def certificate(self) -> ClientCertificate | None:
        return self.shown
