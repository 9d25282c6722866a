"""Options of the `servicenow` exporter."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.ticket_options import TicketOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin


class ServicenowConfig(HttpClientConfig, TicketOptions):
    """An HTTP client, delivery, and the instance. Who we are: `username` and `password`, `api_key`, or `auth` (OAuth)."""

    endpoint: str = Field(..., min_length=1)
    """The instance: `https://example.service-now.com`."""
    username: str = ""
    """Of an account with the role `itil`."""
    password: SecretStr = SecretStr("")
    """Its password."""
    api_key: SecretStr = SecretStr("")
    """In their place, a key of an API access policy (`x-sn-apikey`)."""
    table: str = Field("incident", pattern=r"^[a-z0-9_]{1,80}$")
    """Where tickets are."""
    assignment_group: str = ""
    """Name or `sys_id` of the group that new incidents go to."""
    fields: dict[str, str] = {}
    """Further fields of new incidents: `category: software`."""
    close_code: str = "Solution provided"
    """Resolution code of incidents that are resolved; which ones there are is the instance's choice."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("a secret would travel over http:// to another machine: use https://")
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("username and password belong together")
        ways = bool(self.username) + bool(self.api_key.get_secret_value()) + (self.auth is not None)
        if ways != 1:
            raise ValueError("exactly one of username, api_key and auth must be specified")
        return self

    @property
    def address(self) -> str:
        """Where tickets are."""
        return f"{self.endpoint.rstrip('/')}/api/now/table/{self.table}"

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.endpoint)
