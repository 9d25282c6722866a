"""The life of a receiver with a listener for each protocol that its `protocols:` block names: gRPC, HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from collector.admission.admission import Admission
from collector.admission.entrance import Entrance
from collector.component import Context, ServerAuthenticator
from collector.ingress.listening import cannot_listen
from collector.ingress.protocols_config import ProtocolsBlock
from collector.reserved import carrier_name
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.serving.grpc_server import GrpcListener
from collector.transport.serving.http_server import HttpListener


class ProtocolsReceiver:
    """Listens as configured and passes requests to admission. Not started, it does nothing; shut down, it is over.

    Args:
        protocols: what listens, and where.
        make_service, make_app: what serves gRPC, of an entrance; and HTTP, of an entrance and the threads that `HttpListener.start` gives.
    """

    per_process = True

    def __init__(
        self,
        protocols: ProtocolsBlock,
        context: Context,
        make_service: Callable[[Entrance], Any],
        make_app: Callable[[Entrance, Any], Any],
    ) -> None:
        self._protocols = protocols
        self._make_service = make_service
        self._make_app = make_app
        self._id = context.id
        self._signals = context.signals
        self._listeners: dict[str, GrpcListener | HttpListener] = {}
        self._bound: dict[str, str] = {}
        self._entrances: list[Entrance] = []
        self._authenticator_ids = {
            protocol: block.auth.authenticator
            for protocol, block in protocols.blocks().items()
            if block.auth is not None
        }
        self._authenticators: dict[str, ServerAuthenticator] = {
            protocol: context.extensions[ident] for protocol, ident in self._authenticator_ids.items()
        }

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Bind every protocol, or none.

        Args:
            admission: where requests go.
            share_port: other processes of ours listen on the same ports (SO_REUSEPORT); whoever starts them must
                have looked that nobody else does.

        Raises:
            ConfigError: an address is in use or not ours, or a TLS file can't be used; it names the option.
        """
        protocols = self._protocols
        for protocol, block in protocols.blocks().items():
            self._listeners[protocol] = (
                GrpcListener(block) if isinstance(block, GrpcServerConfig) else HttpListener(block)
            )
        share = admission.statistics().max_in_flight_bytes // len(self._listeners) // len(self._signals)
        for protocol, listener in self._listeners.items():
            entrance = self._enter(admission, share, protocol)
            try:
                self._bound[protocol] = self._serve(listener, entrance, share_port)
            except (OSError, ValueError) as error:
                self.shutdown(0.0)
                endpoint = protocols.blocks()[protocol].endpoint
                raise cannot_listen(f"receivers.{self._id}.protocols.{protocol}", endpoint, error) from error

    def _enter(self, admission: Admission, share: int, protocol: str) -> Entrance:
        """The entrance of a protocol, with those of the other signals that pipelines carry: each is a source of its own in the journal."""

        def entrance(name: str) -> Entrance:
            authenticator, ident = self._authenticators.get(protocol), self._authenticator_ids.get(protocol, "")
            included = self._protocols.blocks()[protocol].include_metadata
            made = Entrance(admission, name, share, authenticator, ident, included)
            self._entrances.append(made)
            return made

        main = entrance(self._id)
        main.signals = {
            signal: main if signal == "logs" else entrance(carrier_name(signal, self._id)) for signal in self._signals
        }
        return main

    def _serve(self, listener: GrpcListener | HttpListener, entrance: Entrance, share_port: bool) -> str:
        if isinstance(listener, GrpcListener):
            return listener.start(self._make_service(entrance), share_port)
        return listener.start(lambda turns: self._make_app(entrance, turns), share_port)

    def endpoints(self) -> Mapping[str, str]:
        """Protocol → the address bound, with the port that the system chose for port 0."""
        return dict(self._bound)

    def leave(self, patience_secs: float) -> None:
        """See `HandsOver.leave`."""
        for listener in self._listeners.values():
            listener.leave(patience_secs)

    def stop_intake(self) -> None:
        """Refuse new requests with a hint; those under way go on."""
        for entrance in self._entrances:
            entrance.close()

    def shutdown(self, deadline_secs: float) -> None:
        """Let requests under way finish until the deadline, then close. Nothing is appended afterwards."""
        self.stop_intake()
        ends = time.monotonic() + deadline_secs
        for entrance in self._entrances:
            entrance.wait_until_empty(max(0.0, ends - time.monotonic()))
        for listener in self._listeners.values():
            listener.shutdown(max(0.0, ends - time.monotonic()))
        self._listeners.clear()
        self._bound.clear()

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Protocol → what is in use of what it bounds, and how often somebody had to give back."""
        return {protocol: listener.gauges() for protocol, listener in self._listeners.items()}

    def silent_secs(self) -> float:
        """How long ago the HTTP event loop last gave a sign of life (each second); 0 without HTTP."""
        listener = self._listeners.get("http")
        return listener.silent_secs() if isinstance(listener, HttpListener) else 0.0
