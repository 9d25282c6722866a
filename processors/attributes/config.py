"""Options of `attributes`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from collector.attribute_options import Action, AttributeMatch, MatchType, SeverityMatch, asked_of_clients
from collector.client_info import Wanted
from collector.component import Config

if TYPE_CHECKING:
    from collector.ottl.matching import Matcher


class Library(Config):
    """An instrumentation scope."""

    name: str
    """Its name."""
    version: str | None = None
    """Its version; left out: any."""


class Match(Config):
    """Which records: all that is named must hold."""

    match_type: MatchType
    """`strict`: values are equal; `regexp`: RE2 finds the expression in them."""
    regexp: dict[str, Any] = {}
    """Accepted; no effect: what an expression said is asked once for each distinct value anyway."""
    services: list[str] = []
    """Values of the resource attribute `service.name`, one of which must match."""
    log_bodies: list[str] = []
    """Bodies, one of which must match; a body that is no string is compared as text."""
    log_severity_texts: list[str] = []
    """Severity texts, one of which must match."""
    log_severity_number: SeverityMatch | None = None
    """The least severity."""
    attributes: list[AttributeMatch] = []
    """Attributes of the record."""
    resources: list[AttributeMatch] = []
    """Attributes of its resource."""
    libraries: list[Library] = []
    """Instrumentation scopes, one of which must match."""

    def matcher(self) -> Matcher:
        """Raises `ValueError`."""
        from collector.ottl.matching import Matcher  # loads polars: only where there is something to match

        services = "|".join(self.services) if self.match_type == "regexp" else ""
        wanted = [AttributeMatch(key="service.name", value=services)] if services else []
        if self.services and not services:
            if len(self.services) > 1:
                raise ValueError("services: one with match_type strict; several with regexp")
            wanted = [AttributeMatch(key="service.name", value=self.services[0])]
        return Matcher(
            self.match_type,
            self.attributes,
            [*self.resources, *wanted],
            self.log_bodies,
            self.log_severity_texts,
            self.log_severity_number,
            [(one.name, one.version) for one in self.libraries],
        )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.matcher().asks:
            raise ValueError(
                "nothing to match: name attributes, resources, log_bodies, log_severity_texts or libraries"
            )
        return self


class AttributesConfig(Config):
    """The actions, and on which records."""

    actions: list[Action] = Field(min_length=1)
    """What is done, in order."""
    include: Match | None = None
    """Only records that match."""
    exclude: Match | None = None
    """None that match; looked at behind `include`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        from collector.ottl.actions import check  # loads polars: only where there is something to check

        check(self.actions)
        return self

    def asks_of_clients(self) -> Wanted:
        """What `from_context` names."""
        return asked_of_clients(self.actions)
