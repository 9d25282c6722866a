"""Options of the `coralogix` exporter: those of the Collector's."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from collector.delivery.config import DeliveryConfig
from collector.transport.grpc_client_config import GrpcClientConfig, GrpcClientOptions
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

_NOWHERE = frozenset({"", "http://", "https://"})


def _stripped(key: SecretStr) -> SecretStr:
    return SecretStr(key.get_secret_value().strip())


class CoralogixConfig(DeliveryConfig):
    """Delivery, the account, and what names application and subsystem."""

    timeout: Duration = 5.0
    """Time for one attempt; 0 = no limit."""
    domain: Annotated[str, StringConstraints(pattern=r"^[^/\s:]*$")] = ""
    """Where the account lives: `eu2.coralogix.com`; `ingress.<domain>:443` is sent to."""
    private_link: bool = False
    """Send over AWS PrivateLink: `ingress.private.<domain>:443`."""
    protocol: Literal["grpc"] = "grpc"
    """OTLP over gRPC; over HTTP use `otlp_http`."""
    domain_settings: GrpcClientOptions = GrpcClientOptions()
    """The client, with `domain`."""
    logs: GrpcClientOptions = GrpcClientOptions()
    """The client; its `endpoint` instead of `domain`. Its headers go with those of `domain_settings`."""
    private_key: Annotated[SecretStr, AfterValidator(_stripped)] = Field(..., min_length=1)
    """The account's key for sending data."""
    application_name: str = Field(..., min_length=1)
    """The application of resources that have none of `application_name_attributes`."""
    subsystem_name: str = ""
    """The subsystem of resources that have none of `subsystem_name_attributes`."""
    application_name_attributes: list[str] = []
    """Attributes of the resource: the first that is not empty names the application."""
    subsystem_name_attributes: list[str] = []
    """The same for the subsystem."""
    rate_limiter: dict[str, Any] = {}
    """Accepted; a refusal slows sending down and loses nothing."""
    metrics: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    traces: dict[str, Any] = {}
    """Accepted; only logs are sent."""
    profiles: dict[str, Any] = {}
    """Accepted; only logs are sent."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.logs.endpoint in _NOWHERE and not self.domain:
            raise ValueError("needs `domain`, or `logs: {endpoint: …}`")
        if self.client.destination().endswith("(in the clear)"):
            raise ValueError("the private key would travel in the clear to another machine: leave `tls.insecure` out")
        return self

    def destination(self) -> str:
        """For people: the server."""
        return self.client.destination()

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust."""
        return self.client.tls

    @property
    def client(self) -> GrpcClientConfig:
        """What sends: the client's options with address and key."""
        given = self.logs if self.logs.endpoint not in _NOWHERE else self.domain_settings
        private = "private." if self.private_link else ""
        endpoint = given.endpoint if given is self.logs else f"ingress.{private}{self.domain}:443"
        key = {"Authorization": SecretStr(f"Bearer {self.private_key.get_secret_value()}")}
        headers = {**self.domain_settings.headers, **self.logs.headers, **key}
        options = {name: getattr(given, name) for name in given.model_fields_set}
        return GrpcClientConfig.model_validate({**options, "endpoint": endpoint, "headers": headers})
