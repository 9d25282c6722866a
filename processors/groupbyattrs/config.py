"""Options of `groupbyattrs`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from pydantic import field_validator

from collector.component import Config


class GroupByAttrsConfig(Config):
    """What is moved."""

    keys: list[str] = []
    """Attributes of records that become attributes of their resources; none: only resources and scopes that are equal are joined."""

    @field_validator("keys")
    @classmethod
    def _named_once(cls, given: list[str]) -> list[str]:
        """As upstream: empty names are left out, and a name that comes again says nothing new."""
        return [key for key in dict.fromkeys(given) if key]
