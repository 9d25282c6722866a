"""Options of the `sentinel` exporter."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.transport.http_client_config import HttpClientConfig, check_no_user, check_url, leaves_in_the_clear
from collector.units import ByteSize, Duration
from exporters.sentinel.schema import RESERVED, TABLE

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,44}")
Part = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")]
"""One segment of a URL's path."""


class SentinelConfig(HttpClientConfig, DeliveryConfig):
    """An HTTP client, delivery, the data collection rule, and who we are."""

    own_credential: ClassVar[str] = "`client_id` and `client_secret`"

    timeout: Duration = 30.0
    """Time for one attempt; 0 = no limit."""
    compression: Literal["gzip", "none", ""] = "gzip"
    """Of request bodies."""
    sending_queue: QueueConfig = QueueConfig(max_request_bytes=600_000)
    """Queue, batching and quota."""
    dcr_id: Part = Field(...)
    """Immutable id of the data collection rule (`dcr-…`)."""
    stream: Part = Field(...)
    """Stream of the rule (`Custom-Logboom_CL`)."""
    tenant_id: Part = Field(...)
    """Directory (tenant) of the application."""
    client_id: Part = Field(...)
    """The application. It needs the role Monitoring Metrics Publisher on the rule."""
    client_secret: SecretStr = Field(..., min_length=1)
    """Its secret."""
    authority: str = "https://login.microsoftonline.com"
    """The login service; `https://login.microsoftonline.us` or `https://login.chinacloudapi.cn` for those clouds."""
    scope: str = "https://monitor.azure.com/.default"
    """What the token is for; `https://monitor.azure.us/.default` or `https://monitor.azure.cn/.default` there."""
    api_version: Part = "2023-01-01"
    """Version of the Logs Ingestion API."""
    columns: dict[str, str] = {}
    """Further columns of the table: name → attribute of the record, else of its resource, as text."""
    max_call_bytes: ByteSize = Field(1_000_000, ge=1024, le=1_000_000)
    """Bodies are never larger than this, uncompressed: the API's limit."""
    max_field_bytes: ByteSize = Field(64 << 10, ge=256, le=64 << 10)
    """Longer values are cut here, with a note in `Truncated`; the service would cut them without one."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.endpoint:
            raise ValueError("endpoint must be specified: the logs ingestion endpoint of the rule, or its DCE")
        check_url("authority", self.authority)
        check_no_user("endpoint", self.endpoint)
        if leaves_in_the_clear(self.endpoint) or leaves_in_the_clear(self.authority):
            raise ValueError("the credential would travel over http:// to another machine: use https://")
        for name in self.columns:
            if not _COLUMN.fullmatch(name):
                raise ValueError(
                    f"columns: {name!r} is not a column name: a letter, then letters, digits or _, 45 at most"
                )
            if name.lower() in RESERVED:
                raise ValueError(f"columns: Azure keeps {name} for itself")
            if name in TABLE:
                raise ValueError(f"columns: {name} is always there")
        return self

    @property
    def url(self) -> str:
        """Where records are posted to."""
        path = f"dataCollectionRules/{self.dcr_id}/streams/{self.stream}"
        return f"{self.endpoint.rstrip('/')}/{path}?api-version={self.api_version}"

    @property
    def token_url(self) -> str:
        """Where tokens come from."""
        return f"{self.authority.rstrip('/')}/{self.tenant_id}/oauth2/v2.0/token"
