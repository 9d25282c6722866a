"""Options of the `pagerduty` exporter."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import IncidentOptions, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

_PATH = "/v2/enqueue"


class PagerdutyConfig(HttpClientConfig, IncidentOptions):
    """An HTTP client, delivery, and the service that is told."""

    own_credential = "`routing_key`"

    routing_key: SecretStr = Field(..., min_length=1)
    """Integration key of a service, or of global event orchestration."""
    region: Literal["us", "eu"] = "us"
    """Where the account lives."""
    endpoint: str = ""
    """Instead of PagerDuty's own server: a proxy's URL; `/v2/enqueue` is appended."""
    client: str = "logboom"
    """By whom an incident was triggered, as people read it."""
    pace: PaceConfig = PaceConfig(calls=10)
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the routing key would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.address)

    @property
    def address(self) -> str:
        """Where events are posted to."""
        own = "https://events.eu.pagerduty.com" if self.region == "eu" else "https://events.pagerduty.com"
        return (self.endpoint.rstrip("/") or own) + _PATH
