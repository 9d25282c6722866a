"""Options of the `jsm` exporter."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import IncidentOptions, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

_BASES = {
    "jsm": "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
    "opsgenie": "https://api.opsgenie.com/v2/alerts",
    "opsgenie_eu": "https://api.eu.opsgenie.com/v2/alerts",
}


class JsmConfig(HttpClientConfig, IncidentOptions):
    """An HTTP client, delivery, and the integration that is told."""

    own_credential = "`key`"

    key: SecretStr = Field(..., min_length=1)
    """API key of an integration."""
    service: Literal["jsm", "opsgenie", "opsgenie_eu"] = "jsm"
    """Jira Service Management, or Opsgenie (whose API ends in April 2027)."""
    endpoint: str = ""
    """Instead of the service's own: where its alerts are."""
    tags: list[str] = Field([], max_length=20)
    """Added to each alert."""
    pace: PaceConfig = PaceConfig(calls=10)
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the key would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.address)

    @property
    def address(self) -> str:
        """Where alerts are."""
        return self.endpoint.rstrip("/") or _BASES[self.service]
