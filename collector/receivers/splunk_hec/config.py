"""The options of the `splunk_hec` receiver: an HTTP listener's, its paths, and what Splunk's metadata become."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from collector.ingress.listener_config import ListenerConfig
from collector.transport.auth import ExtensionId
from collector.transport.block import Block
from collector.transport.probe import Probe


class HecNames(Block):
    """The `hec_metadata_to_otel_attrs:` block: the attributes of the resource that an event's metadata become."""

    source: str = "com.splunk.source"
    """Of `source`."""
    sourcetype: str = "com.splunk.sourcetype"
    """Of `sourcetype`."""
    index: str = "com.splunk.index"
    """Of `index`."""
    host: str = "host.name"
    """Of `host`."""


class AckOptions(Block):
    """The `ack:` block: senders that give a channel get an `ackId`, and may ask for it."""

    extension: ExtensionId | None = None
    """Id of an extension `ack`; with it answers have an `ackId`, and the path answers."""
    path: str = "/services/collector/ack"
    """Where senders ask which of their requests are indexed: here, on disk."""


class SplunkHecReceiverConfig(ListenerConfig):
    """Options of the `splunk_hec` receiver."""

    probed: ClassVar[tuple[str, str]] = ("splunk_hec", "")

    endpoint: str = "localhost:8088"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    raw_path: str = "/services/collector/raw"
    """Where text is posted to; every other path takes events."""
    health_path: str = "/services/collector/health"
    """Answered to whoever asks."""
    splitting: Literal["line", "none"] = "line"
    """Text is a record a line, or one as a whole."""
    access_token_passthrough: bool = False
    """The sender's token becomes the attribute `com.splunk.hec.access_token` of its resource: it stands in the journal and in every store then."""
    hec_metadata_to_otel_attrs: HecNames = HecNames()
    """What metadata of events become."""
    ack: AckOptions = AckOptions()
    """Acknowledgement by number."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send logs, and that needs no warning; never with several domains."""

    @field_validator("raw_path", "health_path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return value if value.startswith("/") else f"/{value}"

    @model_validator(mode="after")
    def _paths_differ(self) -> Self:
        paths = [self.raw_path, self.health_path, *([self.ack.path] if self.ack.extension else [])]
        if len(set(paths)) < len(paths):
            raise ValueError("raw_path, health_path and ack.path must be different paths")
        return self

    def probes(self) -> dict[str, Probe]:
        """See `ListenerConfig.probes`; an empty request would be a refusal, and counted as one."""
        return {protocol: replace(probe, path=self.health_path) for protocol, probe in super().probes().items()}
