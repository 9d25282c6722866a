"""Options of the `load_balancing` exporter: those of the Collector's."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig
from collector.transport.grpc_client_config import GrpcClientConfig, GrpcClientOptions
from collector.transport.kubernetes.options import ApiOptions
from collector.transport.tls import MOVED_TO_TLS, TlsClientConfig
from collector.units import Duration

DEFAULT_PORT = "4317"
_CLOUD_MAP = "`dns` does it, with the name that Cloud Map gives the service"


class OtlpTemplate(GrpcClientOptions, Config):
    """`protocol.otlp`: how each backend is spoken to."""

    former_names = MOVED_TO_TLS

    endpoint: str = ""
    """Accepted; the resolver says where."""
    timeout: Duration = Field(5.0, gt=0)
    """Time for one call."""
    sending_queue: dict[str, Any] | None = None
    """Accepted; the exporter's own holds for all backends."""
    retry_on_failure: dict[str, Any] | None = None
    """Accepted; the exporter's own holds for all backends."""


class Protocol(Config):
    """`protocol`."""

    otlp: Annotated[OtlpTemplate, BeforeValidator(lambda given: {} if given is None else given)] = OtlpTemplate()
    """OTLP over gRPC: all options of [otlp_grpc](../otlp_grpc/README.md) but where."""


class StaticResolver(Config):
    """`resolver.static`."""

    hostnames: list[Annotated[str, Field(min_length=1)]] = Field(..., min_length=1)
    """The backends, `host:port`; without a port 4317."""


class DnsResolver(Config):
    """`resolver.dns`."""

    hostname: str = Field(..., min_length=1)
    """The name whose addresses are the backends."""
    port: Annotated[str, BeforeValidator(str)] = Field("", pattern=r"^\d*$")
    """Of the backends; empty = 4317."""
    interval: Duration = Field(5.0, gt=0)
    """How often the name is looked up."""
    timeout: Duration = Field(1.0, gt=0)
    """Time for one look."""


class K8sResolver(ApiOptions):
    """`resolver.k8s`; below it whom to ask, too, as the processor k8s_attributes is told."""

    service: str = Field(..., pattern=r"^[^.\s/]+(\.[^.\s/]+(\.svc\.[^\s/]+)?)?$")
    """The service whose endpoints are the backends: `name.namespace`; without a namespace that of the pod in which this runs."""
    ports: list[Annotated[int, Field(gt=0, lt=1 << 16)]] = []
    """Of each endpoint, which is as many backends; empty = 4317."""
    return_hostnames: bool = False
    """Names of pods (`pod.name.namespace`) instead of addresses: of a StatefulSet with a headless service."""
    timeout: Duration = 60.0
    """Accepted; what changes is told as long as this runs."""


class Resolver(Config):
    """`resolver`: exactly one of them."""

    static: StaticResolver | None = None
    """A fixed list."""
    dns: DnsResolver | None = None
    """The addresses of a name."""
    k8s: K8sResolver | None = None
    """The endpoints of a service, as the API server of Kubernetes tells them."""
    aws_cloud_map: dict[str, Any] | None = None
    """Refused; use `dns`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.aws_cloud_map is not None:
            raise ValueError(f"aws_cloud_map is not there: {_CLOUD_MAP}")
        if sum(one is not None for one in (self.static, self.dns, self.k8s)) != 1:
            raise ValueError("exactly one of [static, dns, k8s] must be specified")
        return self


class LoadBalancingConfig(DeliveryConfig):
    """Delivery, the backends, and what decides between them."""

    timeout: Duration = 0.0
    """Time for one attempt at all backends; 0 = no limit but that of each call (`protocol.otlp.timeout`)."""
    protocol: Protocol = Protocol()
    """How backends are spoken to."""
    resolver: Resolver
    """Which backends there are."""
    routing_key: Literal["", "service", "traceID", "resource", "attributes"] = "service"
    """Records with the same one go to the same backend: `service.name`, the trace id (without one: any backend), all attributes of the
    resource, or `routing_attributes`."""
    routing_attributes: list[Annotated[str, Field(min_length=1)]] = []
    """With `routing_key: attributes`: their names; each is looked for in the resource, the scope, the record. `log.severity` is the severity
    text, `log.body` the body."""
    leave_out_for: Duration = 30.0
    """How long a backend that can't be reached, or refuses everything, is left out: its records go where they would without it. 0 = never:
    they wait for it."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.routing_key == "attributes" and not self.routing_attributes:
            raise ValueError("`routing_key: attributes` needs `routing_attributes`")
        if self.routing_key != "attributes" and self.routing_attributes:
            raise ValueError("`routing_attributes` go with `routing_key: attributes` alone")
        for endpoint in self.resolver.static.hostnames if self.resolver.static else ():
            self.client(endpoint)
        return self

    def destination(self) -> str:
        """For people: the servers, or the name whose addresses they are."""
        if self.resolver.static is not None:
            return ", ".join(self.client(endpoint).destination() for endpoint in self.resolver.static.hostnames)
        if self.resolver.k8s is not None:
            port = self.resolver.k8s.ports[0] if self.resolver.k8s.ports else DEFAULT_PORT
            return self.client(f"{self.resolver.k8s.service}:{port}").destination()
        assert self.resolver.dns is not None
        return self.client(f"{self.resolver.dns.hostname}:{self.resolver.dns.port or DEFAULT_PORT}").destination()

    def reached_at(self) -> list[str]:
        """Each of the servers."""
        return self.destination().split(", ")

    @property
    def tls(self) -> TlsClientConfig:
        """Whom to trust."""
        return self.protocol.otlp.tls

    def client(self, endpoint: str) -> GrpcClientConfig:
        """What sends to a backend."""
        template = self.protocol.otlp
        own = template.model_fields_set & GrpcClientOptions.model_fields.keys()
        options = {name: getattr(template, name) for name in own}
        return GrpcClientConfig.model_validate({**options, "endpoint": with_port(endpoint)})


def with_port(endpoint: str) -> str:
    """`host:port` of a backend; an address of IPv6 stands in brackets."""
    bare = ":" not in endpoint or endpoint.endswith("]")
    return f"{endpoint}:{DEFAULT_PORT}" if bare else endpoint
