"""Options of the `ci_trigger` exporter."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.component import Config
from collector.delivery.response_options import ResponseOptions, Target
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin

_OWN = {"github": "https://api.github.com", "gitlab": "https://gitlab.com", "jenkins": ""}
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,99}$")]


class TriggerConfig(Config):
    """One pipeline that may be started."""

    project: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,250}$")
    """GitHub: `owner/name`; GitLab: the project's number or path; Jenkins: the job, `folder/name`."""
    workflow: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,200}$")
    """GitHub: the workflow's file, `rollback.yml`."""
    ref: str = Field("main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,250}$")
    """GitHub, GitLab: the branch or tag."""
    parameters: dict[Parameter, str] = Field({}, max_length=20)
    """What it is started with, as written here."""
    id_parameter: str = Field("", pattern=r"^([A-Za-z_][A-Za-z0-9_-]{0,99})?$")
    """The name under which it is told the response's id, so that a pipeline can see that it ran; empty: it is not told."""


class CiTriggerConfig(HttpClientConfig, ResponseOptions):
    """An HTTP client, delivery, and what may be started."""

    own_credential = "`token`"

    provider: Literal["github", "gitlab", "jenkins"]
    """Whose pipelines."""
    token: SecretStr = Field(..., min_length=1)
    """GitHub: with write access to actions; GitLab: a trigger token; Jenkins: `user:API token`."""
    endpoint: str = ""
    """GitHub Enterprise Server `https://HOST/api/v3`, a GitLab of your own, Jenkins; empty: GitHub's and GitLab's own."""
    triggers: dict[Target, TriggerConfig] = Field(min_length=1)
    """Target → the pipeline; nothing else is started."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.address:
            raise ValueError("endpoint: Jenkins needs one")
        check_url("endpoint", self.address)
        if leaves_in_the_clear(self.address):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        if self.provider == "jenkins" and ":" not in self.token.get_secret_value():
            raise ValueError("token: of Jenkins write user:token")
        for name, one in self.triggers.items():
            if (self.provider == "github") != bool(one.workflow):
                raise ValueError(f"triggers.{name}.workflow: GitHub needs one, others have none")
            if self.provider == "github" and one.project.count("/") != 1:
                raise ValueError(f"triggers.{name}.project: of GitHub write owner/name")
        return self

    @property
    def address(self) -> str:
        """Of the API."""
        return (self.endpoint or _OWN[self.provider]).rstrip("/")

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.address)
