"""A header by which the sender of a webhook proves itself."""

from __future__ import annotations

from pydantic import Field, SecretStr

from collector.transport.block import Block


class RequiredHeader(Block):
    """A header that each request must have."""

    key: str = Field(min_length=1)
    """Its name."""
    value: SecretStr = Field(min_length=1)
    """Its value; never shown."""
