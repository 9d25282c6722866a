"""Options of `sigv4auth`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from collector.component import Config, Use
from collector.transport.aws.assume_role import AssumeRole


class SigV4AuthConfig(Config):
    """For whom requests are signed."""

    region: str = ""
    """The region; empty = `AWS_REGION`, or as the endpoint's name says it."""
    service: str = ""
    """The service, such as `es`, `aoss`, `logs`; empty = as the endpoint's name says it."""
    assume_role: AssumeRole = AssumeRole()
    """A role to take on with the keys that are found."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.assume_role.web_identity_token_file and not self.assume_role.arn:
            raise ValueError("assume_role.arn is needed with web_identity_token_file")
        return self

    def provides(self) -> frozenset[Use]:
        """It is for exporters."""
        return frozenset({Use.CLIENT_AUTHENTICATOR})
