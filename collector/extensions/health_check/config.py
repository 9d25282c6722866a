"""Options of `health_check`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.units import Duration


class ResponseBody(Config):
    """Fixed bodies instead of the JSON status."""

    healthy: str | None = None
    """Body of a 200."""
    unhealthy: str | None = None
    """Body of a 503."""


class ServerTls(Config):
    """Certificate of the health endpoint."""

    cert_file: str
    """Path of the PEM certificate chain."""
    key_file: str
    """Path of the PEM private key."""
    client_ca_file: str | None = None
    """Require clients to show a certificate of this CA."""


class ProbeConfig(Config):
    """An empty request to each listener, which becomes no record."""

    interval: Duration = 5.0
    """How often; 0 turns it off."""
    timeout: Duration = Field(5.0, gt=0)
    """A listener that takes longer has failed."""
    failures: int = Field(3, ge=1)
    """After so many in a row `/ready` is 503; before, the status is `degraded`."""


class HttpStatus(Config):
    """The overall status, of `healthcheckv2`."""

    enabled: bool = True
    """Accepted; it is always served."""
    path: str = Field("/status", pattern="^/")
    """Its path."""


class HttpHealth(Config):
    """Where `healthcheckv2` serves health."""

    removed_options = {"config": "`logboom print-config` shows the configuration"}

    endpoint: str = "localhost:13133"
    """`host:port` to listen on."""
    tls: ServerTls | None = None
    """Serve HTTPS."""
    status: HttpStatus = HttpStatus()
    """The overall status."""


_OF_SERVERS = (
    "auth", "compression_algorithms", "cors", "idle_timeout", "include_metadata", "keep_alives_enabled", "max_request_body_size",
    "read_header_timeout", "read_timeout", "response_headers", "transport", "write_timeout",
)  # fmt: skip


class HealthCheckConfig(Config):
    """Where health is served."""

    removed_options = {
        **dict.fromkeys(_OF_SERVERS, "health is served by a small server of its own"),
        "check_collector_pipeline": "an exporter that is blocked is told on /ready in any case",
        "component_health": "what is wrong is told of each component in any case",
        "grpc": "health is served over HTTP",
        "use_v2": "both versions are one here",
    }

    endpoint: str = "localhost:13133"
    """`host:port` to listen on; port 0 takes any free one."""
    path: str = Field("/", pattern="^/")
    """Path of the overall status."""
    http: HttpHealth | None = None
    """The options of `healthcheckv2`: instead of `endpoint`, `path` and `tls`."""
    tls: ServerTls | None = None
    """Serve HTTPS."""
    response_body: ResponseBody | None = None
    """Fixed bodies instead of the JSON status."""

    probe: ProbeConfig = ProbeConfig()
    """Does each listener serve newcomers?"""
    max_queue_age: Duration = Field(300.0, gt=0)
    """An exporter whose oldest record waits for longer is told as `degraded`."""
    max_unread_age: Duration = Field(30.0, gt=0)
    """A pipeline whose oldest request waits in the journal for longer is told as `degraded`."""

    @model_validator(mode="before")
    @classmethod
    def _of_version_2(cls, given: Any) -> Any:
        http = given.get("http") if isinstance(given, Mapping) else None
        if not isinstance(http, Mapping) or "endpoint" in given:
            return given
        taken = {name: http[name] for name in ("endpoint", "tls") if http.get(name)}
        status = http.get("status")
        path = status.get("path", "/status") if isinstance(status, Mapping) else "/status"
        return {"path": path, **given, **taken}

    @field_validator("endpoint")
    @classmethod
    def _has_port(cls, value: str) -> str:
        host_port(value)
        return value

    def listens_on(self) -> list[str]:
        """Where health is served, for whoever looks beforehand whether it is free."""
        return [self.endpoint]

    def address(self) -> tuple[str, int]:
        """Host and port to bind; an empty host means all interfaces."""
        return host_port(self.endpoint)


def host_port(endpoint: str) -> tuple[str, int]:
    """`localhost:13133`, `:13133` or `[::1]:13133` → host and port."""
    host, colon, port = endpoint.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port, such as localhost:13133")
    return host.removeprefix("[").removesuffix("]"), int(port)
