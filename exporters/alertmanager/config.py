"""Options of the `alertmanager` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.delivery.notice_options import IncidentOptions, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, check_url, origin
from collector.units import Duration

LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class AlertmanagerConfig(HttpClientConfig, IncidentOptions):
    """An HTTP client, delivery, and the servers that are told."""

    endpoint: str = ""
    """One server: `http://alertmanager:9093`."""
    endpoints: list[str] = Field([], max_length=10)
    """All servers of a cluster: each of them is told."""
    labels: dict[LabelName, str] = {}
    """Added to each alert."""
    lasts: Duration = Field(32_400.0, gt=0)
    """How long Alertmanager holds an alert for going on if nothing more is heard of it: longer than `repeat_interval` of `alerting`."""
    pace: PaceConfig = PaceConfig(calls=10)
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.endpoint) == bool(self.endpoints):
            raise ValueError("exactly one of endpoint and endpoints must be specified")
        for at, url in enumerate(self.endpoints):
            check_url(f"endpoints.{at}", url)
            self.check_credentials(f"endpoints.{at}", url)
        return self

    @property
    def addresses(self) -> list[str]:
        """Where alerts are posted to."""
        return [f"{url.rstrip('/')}/api/v2/alerts" for url in (self.endpoints or [self.endpoint])]

    def destination(self) -> str:
        """For people: the servers."""
        return ", ".join(origin(url) for url in (self.endpoints or [self.endpoint]))
