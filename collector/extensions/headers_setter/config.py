"""Options of `headers_setter`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.component import Config, Use
from collector.transport.auth import ExtensionId

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_ELSEWHERE = "what came with a request is not carried along with its records: write value, value_file or default_value"


class Header(Config):
    """One header."""

    key: str
    """Its name."""
    action: Literal["insert", "update", "upsert", "delete"] = "upsert"
    """`insert` where there is none yet, `update` where there is one, `upsert` in any case; `delete` leaves it out."""
    value: SecretStr | None = None
    """What it says."""
    value_file: str = ""
    """A file with it; it is read again within a second when it changes."""
    default_value: SecretStr | None = None
    """What it says where `from_context` or `from_attribute` are written: what they name is not carried along with records."""
    from_context: str = ""
    """Taken from the OpenTelemetry Collector's configurations; only with `default_value`."""
    from_attribute: str = ""
    """The same."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not _NAME.fullmatch(self.key):
            raise ValueError("key must be the name of a header")
        if self.action == "delete":
            return self
        if (self.from_context or self.from_attribute) and self.default_value is None:
            raise ValueError(_ELSEWHERE)
        sources = [self.value is not None, bool(self.value_file), bool(self.from_context or self.from_attribute)]
        if sum(sources) != 1:
            raise ValueError(f"the header {self.key} needs one of value and value_file")
        if not is_line(self.text):
            raise ValueError(f"the value of {self.key} must be one line of ASCII")
        return self

    @property
    def text(self) -> str:
        """What is written here, also in the place of what is not carried along."""
        written = self.value if self.value is not None else self.default_value
        return written.get_secret_value() if written is not None else ""


def is_line(text: str) -> bool:
    """Whether it may stand in a header, over HTTP and gRPC."""
    return text.isascii() and (not text or text.isprintable())


class HeadersSetterConfig(Config):
    """Which headers are sent."""

    headers: list[Header] = Field(min_length=1)
    """In this order."""
    additional_auth: ExtensionId = ""
    """Id of another authenticator of exporters, whose headers come first."""

    def provides(self) -> frozenset[Use]:
        """It is for exporters."""
        return frozenset({Use.CLIENT_AUTHENTICATOR})
