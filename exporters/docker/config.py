"""Options of the `docker` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.delivery.response_options import ResponseOptions
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear
from collector.units import Duration

Container = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]


class DockerConfig(HttpClientConfig, ResponseOptions):
    """An HTTP client, delivery, and the containers that may be restarted."""

    containers: list[Container] = Field(min_length=1)
    """By name: what may be restarted, and nothing else. Never the one that logboom runs in."""
    endpoint: str = ""
    """`http://host:port` or `https://host:port` of the daemon, or better of a proxy that lets nothing else pass. Empty: `socket`."""
    socket: str = "/var/run/docker.sock"
    """The daemon's socket. Who may use it is root on that machine."""
    stop_timeout: Duration = Field(10.0, ge=0, le=600)
    """How long a container has to end by itself before it is killed."""
    timeout: Duration = 60.0
    """Time for one call, on top of `stop_timeout`; 0 = no limit."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.endpoint:
            check_url("endpoint", self.endpoint)
            if leaves_in_the_clear(self.endpoint):
                raise ValueError("whoever sees calls to Docker owns the machine: use https:// to another machine")
        return self

    @property
    def address(self) -> str:
        """Where calls go; over the socket the host says nothing."""
        return (self.endpoint or "http://docker").rstrip("/")

    def destination(self) -> str:
        """For people."""
        return self.endpoint or self.socket
