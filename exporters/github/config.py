"""Options of the `github` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.ticket_options import TicketOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

Label = Annotated[str, Field(pattern=r"^[^,\n]{1,50}$")]


class GithubConfig(HttpClientConfig, TicketOptions):
    """An HTTP client, delivery, and the repository."""

    own_credential = "`token`"

    token: SecretStr = Field(..., min_length=1)
    """A fine-grained token, or that of an app, with write access to issues."""
    repository: str = Field(..., pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$")
    """`owner/name`."""
    labels: list[Label] = Field([], max_length=20)
    """Added to each new issue."""
    endpoint: str = "https://api.github.com"
    """Where the API is; of GitHub Enterprise Server `https://HOST/api/v3`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    @property
    def address(self) -> str:
        """Where issues are."""
        return f"{self.endpoint.rstrip('/')}/repos/{self.repository}/issues"

    def destination(self) -> str:
        """For people: the server and the repository."""
        return origin(self.endpoint)
