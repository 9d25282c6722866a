"""Options of a route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.connectors.alerting.times_config import Name, TimeOfDay, Zone
from collector.matchers import Matcher, matcher, parse
from collector.units import Duration


def _matchers(text: str) -> str:
    parse(text)
    return text


Matchers = Annotated[str, AfterValidator(_matchers)]


class DigestConfig(Config):
    """Instead of alerts: counts, told once a period."""

    every: Duration = Field(24 * 3600.0, ge=60)
    """How often."""
    at: TimeOfDay | None = None
    """From which time of day on, such as `08:00`; without, from midnight UTC."""
    location: Zone = "UTC"
    """The time zone of `at`."""


class RouteConfig(Config):
    """Who is told of which alerts, and when. What a route does not say it has from the one above."""

    matchers: list[Matchers] = []
    """Labels that an alert must have: `level="critical"`, `service=~"shop|cart"`, `!=`, `!~`."""
    match: dict[str, str] = {}
    """Alertmanager's old form of `=`."""
    match_re: dict[str, str] = {}
    """Alertmanager's old form of `=~`."""
    receiver: str = ""
    """A name from `receivers`."""
    group_by: list[Name] | None = None
    """Labels by which alerts are one message; `['...']` = all. The domain is always one of them."""
    group_wait: Duration | None = None
    """How long the first message waits for more; 30s, and for a critical alert nothing."""
    group_interval: Duration | None = None
    """The time between two messages of a group, if there is something new; 5m."""
    repeat_interval: Duration | None = None
    """The time after which a group that goes on is told again, rounded up to `group_interval`s; 4h."""
    resolve_after: Duration | None = None
    """An alert is over when no record told it for so long; 15m."""
    send_resolved: bool | None = None
    """Whether the end is told; yes."""
    continue_: bool = Field(False, alias="continue")
    """Whether the routes after this one are asked as well."""
    mute_time_intervals: list[Name] = []
    """From `time_intervals`: when nobody is told."""
    active_time_intervals: list[Name] = []
    """From `time_intervals`: nobody is told outside of them."""
    escalation: str = ""
    """A name from `escalations`: who is told next while nobody acknowledges."""
    responses: list[Name] = []
    """Names from `responses`: what may be done while a group of this route goes on."""
    digest: DigestConfig | None = None
    """Counts, told once a period, in the place of alerts."""
    routes: list[RouteConfig] = []
    """Asked one after the other: the first that matches takes the alert, unless it says `continue`."""

    def all_matchers(self) -> Sequence[Matcher]:
        """Of the three forms."""
        found = [one for text in self.matchers for one in parse(text)]
        found += [matcher(name, "=", value) for name, value in self.match.items()]
        return [*found, *(matcher(name, "=~", value) for name, value in self.match_re.items())]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, expression in self.match_re.items():
            matcher(name, "=~", expression)
        if self.group_interval == 0:
            raise ValueError("group_interval: it can't be 0")
        return self
