"""Options of `console`."""

from __future__ import annotations

from pydantic import Field, field_validator

from collector.component import Config
from collector.transport.endpoint import Endpoint
from collector.transport.tls import TlsServerConfig
from collector.units import Duration


class ConsoleConfig(Config):
    """Where the console is, and what it shows."""

    endpoint: str = "localhost:8080"
    """`host:port` to listen on: an address of this machine alone. From elsewhere, through a tunnel (`ssh -L`), or a proxy that asks who comes."""
    hosts: list[str] = []
    """Names, beside those of loopback, by which a proxy in front asks for it."""
    tls: TlsServerConfig | None = None
    """Serve HTTPS."""
    base_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    """What stands in front of every path where a proxy leaves it there: `/logboom`."""
    store: str = ""
    """Id of the exporter whose store is read: one with a file, as `sqlite` has; the first of them without it."""
    query_timeout: Duration = Field(2.0, gt=0)
    """How long a search may take; then it says how far it got."""
    slow_query: Duration = Field(1.0, ge=0)
    """A question to the store that takes longer is told as an event, `logboom.service.console.slow`; 0: none is."""
    query_threads: int = Field(4, ge=1, le=32)
    """Questions to the store at once; half of them for one domain."""
    loki: bool = False
    """Answer Loki's read API below `/loki/api/v1`, for Grafana and logcli."""
    mcp: bool = True
    """Answer agents at `/mcp` (Model Context Protocol, streamable HTTP), who may look. Takes the extra `mcp`."""
    mcp_decisions: bool = False
    """Let agents resolve, archive, acknowledge and assign issues, too, where who asks may."""

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not Endpoint.parse(value, "tcp").is_local:
            raise ValueError(
                "the console asks nobody who they are, so other machines may not reach it: listen on localhost, behind a proxy that does"
            )
        return value

    def reads_store(self) -> str:
        """Whose store is shown."""
        return self.store

    def listens_on(self) -> list[str]:
        """For whoever looks beforehand whether it is free."""
        return [self.endpoint]
