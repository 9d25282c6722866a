"""Options of the `otlp_http` (`otlphttp`) exporter."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from collector.delivery.config import DeliveryConfig
from collector.transport.compression import Compression
from collector.transport.http_client_config import WordClientConfig, check_url, origin
from collector.transport.tls import MOVED_TO_TLS
from collector.units import Duration


class OtlpHttpConfig(WordClientConfig, DeliveryConfig):
    """An HTTP client and delivery."""

    former_names = MOVED_TO_TLS
    removed_options = {"batcher": "sending_queue.batch says how requests are cut"}

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Compression = "gzip"
    """Of request bodies."""
    encoding: Literal["proto", "json"] = "proto"
    """Of requests."""
    logs_endpoint: str = ""
    """The full URL for logs; empty = `endpoint` with `/v1/logs` appended."""
    traces_endpoint: str = ""
    """The same for traces, where a pipeline carries them: `/v1/traces`."""
    metrics_endpoint: str = ""
    """The same for metrics: `/v1/metrics`."""
    profiles_endpoint: str = ""
    """The same for profiles: `/v1development/profiles`."""

    @model_validator(mode="after")
    def _check_endpoints(self) -> Self:
        if not (self.endpoint or self.logs_endpoint):
            raise ValueError("either endpoint or logs_endpoint must be specified")
        if self.logs_endpoint:
            check_url("logs_endpoint", self.logs_endpoint)
        return self

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.url)

    @property
    def url(self) -> str:
        """Where logs are posted to."""
        return self.logs_endpoint or self.endpoint.rstrip("/") + "/v1/logs"

    def carries(self, signal: str) -> str:
        """See `CarriesSignals`."""
        if self.encoding == "json":
            return "encoding is json, and what passes as it is was protobuf"
        return "" if self.endpoint or self._own(signal) else f"it has neither endpoint nor {signal}_endpoint"

    def url_for(self, signal: str) -> str:
        """Where requests of another signal are posted to."""
        path = "v1development" if signal == "profiles" else "v1"
        return self._own(signal) or f"{self.endpoint.rstrip('/')}/{path}/{signal}"

    def _own(self, signal: str) -> str:
        own = {"traces": self.traces_endpoint, "metrics": self.metrics_endpoint, "profiles": self.profiles_endpoint}
        return own[signal]
