"""Options of the `jira` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.ticket_options import TicketOptions
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

Label = Annotated[str, Field(pattern=r"^\S{1,100}$")]


class JiraConfig(HttpClientConfig, TicketOptions):
    """An HTTP client, delivery, and the project."""

    own_credential = "`email` and `token`"

    endpoint: str = Field(..., min_length=1)
    """The site: `https://example.atlassian.net`."""
    email: str = Field(..., min_length=3)
    """Whose token it is."""
    token: SecretStr = Field(..., min_length=1)
    """API token of that account."""
    project: str = Field(..., pattern=r"^[A-Z][A-Z0-9_]{1,20}$")
    """Key of the project: `OPS`. `labels` must be on its screens."""
    issue_type: str = Field("Task", min_length=1, max_length=60)
    """Of new tickets: `Bug`, `Incident`."""
    labels: list[Label] = Field([], max_length=20)
    """Added to each new ticket."""
    priorities: dict[str, str] = {}
    """Level → name of a priority: `critical: Highest`. What has none gets the project's."""
    close_transition: str = ""
    """Id or name of the transition that ends a ticket; empty = one into a status of the category "done"."""
    reopen_transition: str = ""
    """Id or name of the transition that begins it again; empty = one into a status that is not "done"."""
    unwanted_resolutions: list[str] = ["Won't Do", "Won't Fix", "Duplicate"]
    """Of tickets with these people want to hear no more."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        if ":" in self.email:
            raise ValueError("email: an address has no colon")
        return self

    @property
    def address(self) -> str:
        """Where the API is."""
        return f"{self.endpoint.rstrip('/')}/rest/api/3"

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.endpoint)
