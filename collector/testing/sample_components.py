"""Small component types with options of every shape, for tests of configuration that must not depend on real ones."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SecretStr, field_validator

from collector.component import Config, Factory, Kind
from collector.delivery.config import DeliveryConfig
from collector.registry import Registry
from collector.units import ByteSize, Duration


class SampleTls(Config):
    """A nested block."""

    insecure: bool = False
    """Without TLS."""
    ca_file: str | None = None
    """A path."""


class SampleHeader(Config):
    """An item of a list."""

    name: str
    """Its name."""
    value: str
    """Its value."""


class SourceConfig(Config):
    """Options of the sample receiver."""

    endpoint: str = "localhost:1"
    """Where it listens."""
    include: list[str] = []
    """A list."""
    workers: int = 1
    """A number."""


class FilterConfig(Config):
    """Options of the sample processor."""

    mode: Literal["include", "exclude"] = "include"
    """A choice."""
    attributes: dict[str, Any] = {}
    """Free values."""


class SinkConfig(DeliveryConfig):
    """Options of the sample exporter."""

    endpoint: str
    """A required URL."""
    api_key: SecretStr | None = None
    """A secret."""
    tls: SampleTls = SampleTls()
    """A nested block."""
    headers: dict[str, str] | list[SampleHeader] = {}
    """A map, or a list."""
    max_size: ByteSize = 1 << 20
    """A size."""
    interval: Duration = 1.0
    """A duration."""

    @field_validator("endpoint")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if "://" not in value:
            raise ValueError(f"{value!r} is not a URL: write http://host:port")
        return value


class DebugConfig(DeliveryConfig):
    """What every exporter has."""


class BridgeConfig(Config):
    """Options of the sample connector."""

    prefers: list[str] = []
    """Pipelines."""
    tells: list[str] = []
    """Exporters."""

    def leads_to(self) -> list[str]:
        """Those that it prefers."""
        return self.prefers

    def names_exporters(self) -> dict[str, str]:
        """As an option names them."""
        return {f"tells.{at}": name for at, name in enumerate(self.tells)}


def _sample(kind: Kind, name: str, config: type[Config], *aliases: str) -> Factory[Any]:
    return Factory(kind, name, config, f"{__name__}:Nothing", f"sample {name}", aliases, "development")


class Nothing:
    """The behaviour of every sample: none."""

    def __init__(self, config: Config, context: object) -> None:
        self.config, self.context = config, context


SAMPLES = (
    _sample(Kind.RECEIVER, "source", SourceConfig),
    _sample(Kind.PROCESSOR, "filter", FilterConfig),
    _sample(Kind.EXPORTER, "sink", SinkConfig),
    _sample(Kind.EXPORTER, "otlp_http", SinkConfig, "otlphttp"),
    _sample(Kind.EXPORTER, "debug", DebugConfig),
    _sample(Kind.CONNECTOR, "bridge", BridgeConfig),
)


def sample_registry(*more: Factory[Any]) -> Registry:
    """A registry of the samples and `more`, and nothing else."""
    return Registry([*SAMPLES, *more], installed=False)
