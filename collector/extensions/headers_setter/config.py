"""Options of `headers_setter`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.client_info import NOTHING, Wanted
from collector.component import Config, Use
from collector.transport.auth import ExtensionId

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


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
    """What it says where what `from_context` or `from_attribute` name did not come; left out: nothing, in an empty header."""
    from_context: str = ""
    """A header that came with the request of the records that are sent, by its name: to receivers with `include_metadata`."""
    from_attribute: str = ""
    """An attribute of who sent that request, as its authenticator calls it: `username`, `subject`, `membership`, `raw` …"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not _NAME.fullmatch(self.key):
            raise ValueError("key must be the name of a header")
        if self.action == "delete":
            return self
        sources = [self.value is not None, *map(bool, (self.value_file, self.from_context, self.from_attribute))]
        if sum(sources) != 1:
            raise ValueError(f"the header {self.key} needs one of value, value_file, from_context and from_attribute")
        if self.default_value is not None and not (self.from_context or self.from_attribute):
            raise ValueError(f"the header {self.key}: default_value stands beside from_context or from_attribute")
        if not is_line(self.text):
            raise ValueError(f"the value of {self.key} must be one line of ASCII")
        return self

    @property
    def wanted(self) -> Wanted:
        """What it needs of requests."""
        if self.action == "delete":
            return NOTHING
        return Wanted(
            frozenset({self.from_context.lower()} if self.from_context else ()),
            frozenset({self.from_attribute} if self.from_attribute else ()),
        )

    @property
    def text(self) -> str:
        """What is written here, also in the place of what did not come."""
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

    def named_authenticators(self) -> Sequence[str]:
        """The one before it."""
        return [self.additional_auth] if self.additional_auth else []

    def asks_of_clients(self) -> Wanted:
        """What the headers say of requests."""
        return reduce(or_, (header.wanted for header in self.headers), NOTHING)

    def provides(self) -> frozenset[Use]:
        """It is for exporters."""
        return frozenset({Use.CLIENT_AUTHENTICATOR})
