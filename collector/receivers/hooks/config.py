"""The options of the `hooks` receiver: an HTTP listener's, and under which address people reach it."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.transport.auth import authenticates
from collector.transport.endpoint import Endpoint
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.probe import Probe
from collector.units import ByteSize


class HooksConfig(HttpServerConfig, Config):
    """Options of the `hooks` receiver."""

    endpoint: str = "localhost:8082"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    public_url: str = ""
    """Where others reach this listener, such as `https://hooks.example.com`: what it shows of its addresses begins with it."""
    max_request_body_size: ByteSize = Field(1 << 20, ge=0)
    """The largest body, on the wire and again after decompression; 0 = 4 MiB. Each hook has a limit of its own below it."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may tell of deployments, and that needs no warning; never with several domains."""

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{value!r} is not an address: write https://host or https://host/path")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check(self) -> Self:
        Endpoint.parse(self.endpoint, self.transport)
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, where other machines reach the listener and it does not ask who sends."""
        local = Endpoint.parse(self.endpoint, self.transport).is_local
        return {} if local or authenticates(self) else {"endpoint": self.endpoint}

    def listens_on(self) -> list[str]:
        """The TCP address, for whoever looks beforehand whether it is free."""
        return [self.endpoint] if self.transport != "unix" else []

    def probes(self) -> dict[str, Probe]:
        """How to ask the listener whether it serves: an empty request to a path that is no hook."""
        asks = bool(self.tls and self.tls.client_ca_file)
        return {"hooks": Probe("http", "/", self.tls is not None, asks)}
