"""What is known of an HTTP request besides its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs

from collector.domains.resolver import SharedFacts
from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.http_exchange import Exchange


class Connection(Protocol):
    """The connection that a request came on, as `scope["sender"]`."""

    peer: str
    gone: bool

    def certificate(self) -> ClientCertificate | None: ...
    def waits_for_decoding(self, size: int) -> None: ...
    def decoded(self) -> None: ...


class HttpRequest:
    """The facts of a request, from the ASGI scope."""

    __slots__ = ("_headers", "_scope")

    def __init__(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> None:
        self._scope = scope
        self._headers = headers

    @property
    def host(self) -> str:
        return self._headers.get(b"host", b"").decode("latin-1")

    def header(self, name: str) -> str | None:
        value = self._headers.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def values(self, name: str) -> Sequence[str]:
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for key, value in self._scope["headers"] if key == wanted]

    def parameters(self, name: str) -> Sequence[str]:
        query: bytes = self._scope["query_string"]
        return parse_qs(query.decode("latin-1"), keep_blank_values=True).get(name, ()) if query else ()

    def peer(self) -> str:
        """A TCP peer that is gone already has no address left; it must not pass for a unix socket."""
        client, server = self._scope.get("client"), self._scope.get("server")
        if client:
            return str(client[0])
        return "" if server and server[1] is None else "unknown"

    def certificate(self) -> ClientCertificate | None:
        sender: Connection = self._scope["sender"]
        return sender.certificate()


class ExchangeRequest(SharedFacts):
    """The facts of a request that is served without a coroutine: of its head, which others may share, and its connection."""

    __slots__ = ("_texts", "exchange")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.shared = exchange.shared
        self._texts = exchange.head.texts

    @property
    def host(self) -> str:
        return self._texts.get("host", "")

    def header(self, name: str) -> str | None:
        return self._texts.get(name) if name != "content-length" else self._length()

    def values(self, name: str) -> Sequence[str]:
        if name == "content-length":
            length = self._length()
            return [] if length is None else [length]
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for key, value in self.exchange.head.fields if key == wanted]

    def parameters(self, name: str) -> Sequence[str]:  # noqa: ARG002 - there is no query
        return ()

    def peer(self) -> str:
        return self.exchange.connection.address

    def certificate(self) -> ClientCertificate | None:
        return self.exchange.connection.certificate()

    def _length(self) -> str | None:
        """Of this request, whatever it was when its head was parsed."""
        length = self.exchange.length
        return self._texts.get("content-length") if not self.exchange.head.known else str(length)


class WithParameters(HttpRequest):
    """For the authenticator: query parameters that are named as headers of its own stand in for these."""

    __slots__ = ("_parameters",)

    def __init__(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], named: Sequence[str]) -> None:
        super().__init__(scope, headers)
        found = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self._parameters = {name.lower(): found[name] for name in named if name in found}

    def header(self, name: str) -> str | None:
        return self._parameters[name][-1] if name in self._parameters else super().header(name)

    def values(self, name: str) -> Sequence[str]:
        return self._parameters.get(name) or super().values(name)
