"""Options of the `logzio` exporter: those of the Collector's."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from collector.delivery.config import DeliveryConfig
from collector.transport.compression import Compression
from collector.transport.http_client_config import HttpClientConfig, check_no_user, leaves_in_the_clear, origin
from collector.units import Duration


def _lower(region: Any) -> Any:
    return region.lower() if isinstance(region, str) else region


class LogzioConfig(HttpClientConfig, DeliveryConfig):
    """An HTTP client, delivery, and the account."""

    own_credential: ClassVar[str] = "`account_token`"
    former_names = {"custom_endpoint": "endpoint"}
    removed_options = dict.fromkeys(
        ("drain_interval", "queue_capacity", "queue_max_length"),
        "sending_queue says how much waits, and how requests are cut",
    )

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Compression = "gzip"
    """Of request bodies."""
    account_token: SecretStr = Field(..., min_length=1)
    """The account's token for shipping logs."""
    region: Annotated[Literal["", "us", "au", "ca", "eu", "uk"], BeforeValidator(_lower)] = ""
    """Where the account lives: `otlp-listener-<region>.logz.io` is sent to, for `us` `otlp-listener.logz.io`."""
    endpoint: str = ""
    """The full URL for logs, instead of the region's."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.endpoint or self.region):
            raise ValueError("needs `region`, or `endpoint`")
        check_no_user("endpoint", self.endpoint)
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.url)

    @property
    def url(self) -> str:
        """Where logs are posted to."""
        place = "" if self.region == "us" else f"-{self.region}"
        return self.endpoint or f"https://otlp-listener{place}.logz.io/v1/logs"
