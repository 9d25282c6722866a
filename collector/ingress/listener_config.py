"""The options of a receiver that is one HTTP listener, as others ask for them: its address, who reaches it, how it is probed."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from collector.component import Config
from collector.transport.auth import authenticates
from collector.transport.endpoint import Endpoint, listened_on
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.probe import Probe


class ListenerConfig(HttpServerConfig, Config):
    """Base of such options. `probed` is what `endpoints` calls the listener, and the path that an empty request may ask for."""

    probed: ClassVar[tuple[str, str]]

    @model_validator(mode="after")
    def _address(self) -> Self:
        Endpoint.parse(self.endpoint, self.transport)
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, where other machines reach the listener and it does not ask who sends."""
        local = Endpoint.parse(self.endpoint, self.transport).is_local
        return {} if local or authenticates(self) else {"endpoint": self.endpoint}

    def listens_on(self) -> list[str]:
        """The address as `Listens` has it, for whoever looks beforehand whether it is free."""
        return [listened_on(self.endpoint, self.transport)]

    def probes(self) -> dict[str, Probe]:
        """How to ask the listener whether it serves."""
        protocol, path = self.probed
        asks = bool(self.tls and self.tls.client_ca_file)
        return {protocol: Probe("http", path, self.tls is not None, asks)}
