"""The options of the `fluent_forward` receiver."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.transport.auth import authenticates
from collector.transport.endpoint import listened_on
from collector.transport.stream_server_config import StreamServerConfig


class FluentForwardConfig(StreamServerConfig, Config):
    """A listener; the Collector's has `endpoint` alone."""

    endpoint: str = Field("localhost:24224", min_length=1)
    """`host:port`, `:port` for all interfaces, or `unix:///path` of a socket."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send, and that needs no warning; never with several domains."""

    @model_validator(mode="after")
    def _address(self) -> Self:
        self.address  # noqa: B018 - it raises
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, where other machines reach the listener and it does not ask who sends."""
        return {} if self.address.is_local or authenticates(self) else {"endpoint": self.endpoint}

    def listens_on(self) -> list[str]:
        """The address as `Listens` has it, for whoever looks beforehand whether it is free."""
        return [listened_on(self.endpoint, self.transport)]
