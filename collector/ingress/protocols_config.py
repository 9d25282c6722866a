"""The options of a receiver that speaks gRPC and HTTP: its `protocols:` block, and what others ask of them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import model_validator

from collector.component import Config
from collector.transport.auth import authenticates
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint, listened_on
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.probe import Probe


class ProtocolsBlock(Block):
    """Base of such blocks: fields `grpc` and `http`, of which only what is named listens."""

    @model_validator(mode="before")
    @classmethod
    def _named_is_enough(cls, value: Any) -> Any:
        """`grpc:` without anything behind it is null in YAML and means all defaults."""
        if isinstance(value, dict):
            return {key: {} if block is None and key in ("grpc", "http") else block for key, block in value.items()}
        return {} if value is None else value

    def blocks(self) -> dict[str, GrpcServerConfig | HttpServerConfig]:
        """Protocol name → its block, for those that are on."""
        named = ((name, getattr(self, name, None)) for name in ("grpc", "http"))
        return {name: block for name, block in named if block is not None}


class ProtocolsConfig(Config):
    """Base of the options. `spoken` is what their receiver is called in an error, `grpc_path` the method that is served."""

    spoken: ClassVar[str]
    grpc_path: ClassVar[str]

    protocols: ProtocolsBlock = ProtocolsBlock()
    """Which protocols listen, and where."""

    def http_path(self) -> str:
        """Where logs are posted to."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _check_protocols(self) -> Self:
        blocks = self.protocols.blocks()
        if not blocks:
            raise ValueError(f"must specify at least one protocol when using the {self.spoken} receiver")
        for name, block in blocks.items():
            try:
                Endpoint.parse(block.endpoint, block.transport)
            except ValueError as error:
                raise ValueError(f"protocols.{name}.endpoint: {error}") from None
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, of the listeners that other machines reach and that don't ask who sends."""
        return {
            f"protocols.{name}.endpoint": block.endpoint
            for name, block in self.protocols.blocks().items()
            if not (Endpoint.parse(block.endpoint, block.transport).is_local or authenticates(block))
        }

    def listens_on(self) -> list[str]:
        """The addresses as `Listens` has them, for whoever looks beforehand whether they are free."""
        return [listened_on(block.endpoint, block.transport) for block in self.protocols.blocks().values()]

    def probes(self) -> dict[str, Probe]:
        """Protocol → how to ask its listener whether it serves."""
        paths = {"grpc": self.grpc_path, "http": self.http_path()}
        return {
            name: Probe(name, paths[name], block.tls is not None, bool(block.tls and block.tls.client_ca_file))
            for name, block in self.protocols.blocks().items()
        }
