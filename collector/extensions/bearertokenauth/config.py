"""Options of `bearertokenauth`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from collector.component import Config, Use

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


def is_token(text: str) -> bool:
    """Whether it may stand in a header: visible ASCII, without spaces."""
    return bool(text) and all("!" <= character <= "~" for character in text)


class BearerTokenAuthConfig(Config):
    """Which tokens, and where they stand in a request."""

    header: str = "Authorization"
    """The header (over gRPC: the metadata key) that carries the token."""
    scheme: str = "Bearer"
    """What stands before the token, and a space; `""`: the token alone, as API keys are sent."""
    token: SecretStr = SecretStr("")
    """The token."""
    tokens: list[SecretStr] = Field([], max_length=10_000)
    """Several: senders may show any of them, exporters show the first."""
    filename: str = ""
    """A file of tokens, one a line; it is read again within a second when it changes or is replaced. With it, `token` and
    `tokens` are ignored, and the log says so."""

    def provides(self) -> frozenset[Use]:
        """It is good for both sides."""
        return frozenset({Use.SERVER_AUTHENTICATOR, Use.CLIENT_AUTHENTICATOR})

    def written(self) -> list[str]:
        """The tokens of the configuration itself."""
        return [token.get_secret_value() for token in ([self.token] if self.token else self.tokens)]

    @field_validator("header", "scheme")
    @classmethod
    def _is_word(cls, value: str) -> str:
        if value and not _NAME.fullmatch(value):
            raise ValueError("must be one word, as in headers")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.header:
            raise ValueError("header must not be empty")
        if self.token and self.tokens:
            raise ValueError("token and tokens are the same thing twice: keep one of them")
        if not (self.token or self.tokens or self.filename):
            raise ValueError("no bearer token provided: write token, tokens or filename")
        if not all(map(is_token, self.written())):
            raise ValueError(f"{'token' if self.token else 'tokens'} must be ASCII without spaces and line breaks")
        return self
