"""Options of `zpages`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import field_validator

from collector.component import Config
from collector.transport.endpoint import Endpoint

_OF_SERVERS = (
    "auth", "compression_algorithms", "cors", "idle_timeout", "include_metadata", "keep_alives_enabled", "max_request_body_size",
    "middlewares", "read_header_timeout", "read_timeout", "response_headers", "tls", "transport", "write_timeout",
)  # fmt: skip


class ZPagesConfig(Config):
    """Where the pages are served."""

    removed_options = {
        **dict.fromkeys(_OF_SERVERS, "the pages are served by a small server of its own, on loopback"),
        "expvar": "it shows variables of Go's runtime",
    }

    endpoint: str = "localhost:55679"
    """`host:port`. The pages ask nobody who they are: of any address that other machines reach, the port is served on loopback alone."""

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, text: str) -> str:
        Endpoint.parse(text)
        return text

    def served_at(self) -> str:
        """The address of this machine alone."""
        written = Endpoint.parse(self.endpoint)
        return str(written if written.is_local else Endpoint("127.0.0.1", written.port))

    def listens_on(self) -> Sequence[str]:
        """Where the pages are served, for whoever looks beforehand whether it is free."""
        return [self.served_at()]

    def cautions(self) -> Mapping[str, str]:
        """An address that is not served as it is written."""
        if Endpoint.parse(self.endpoint).is_local:
            return {}
        return {"endpoint": f"the pages ask nobody who they are: they are served at {self.served_at()} alone"}
