"""Options of the `cloudflare_rollback` exporter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from collector.delivery.response_options import ResponseOptions
from collector.transport.cloudflare_config import CloudflareConfig
from collector.transport.http_client_config import origin

Script = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$")]


class CloudflareRollbackConfig(CloudflareConfig, ResponseOptions):
    """Account, token, delivery, and the Workers that may be given an earlier version."""

    scripts: list[Script] = Field(min_length=1)
    """By name: what may be rolled back, and nothing else."""

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.base_url)
