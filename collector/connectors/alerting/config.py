"""Options of `alerting`: Alertmanager's words in the Collector's shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.connectors.alerting import intervals
from collector.connectors.alerting.matchers import Matcher, matcher, parse
from collector.connectors.alerting.words import LABELS
from collector.units import Duration

_PATH = re.compile(r"""(?:log\.)?(?:attributes|resource\.attributes)\["[^"\]]+"\]""")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def _matchers(text: str) -> str:
    parse(text)
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError(f"""{text!r}: write attributes["key"] or resource.attributes["key"]""")
    return text


def _zone(name: str) -> str:
    intervals.zone(name)
    return name


def _time(text: str) -> str:
    intervals.minutes(text)
    return text


Matchers = Annotated[str, AfterValidator(_matchers)]
Path = Annotated[str, AfterValidator(_path)]
Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


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


class StepConfig(Config):
    """One step of an escalation."""

    after: Duration
    """Since the first message of the group."""
    notify: list[Name] = Field(min_length=1)
    """Ids of exporters."""


class EscalationConfig(Config):
    """Who is told next while a group goes on and nobody acknowledges it."""

    steps: list[StepConfig] = Field(min_length=1)
    """In order of time."""
    repeat: int = Field(2, ge=0, le=20)
    """How often all steps are gone through again."""
    ack_timeout: Duration = Field(3600.0, ge=1)
    """How long an acknowledgement holds; then the steps go on."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        times = [step.after for step in self.steps]
        if times != sorted(times):
            raise ValueError("steps: each comes after the one before it")
        return self


class InhibitConfig(Config):
    """While an alert goes on, others that follow from it tell nobody."""

    source_matchers: list[Matchers] = Field(min_length=1)
    """Of the alert that goes on."""
    target_matchers: list[Matchers] = Field(min_length=1)
    """Of those that are kept back."""
    equal: list[Name] = []
    """Labels that both must share; the domain is always one of them."""


class TimesConfig(Config):
    """A part of the day."""

    start_time: TimeOfDay
    """Such as `18:00`."""
    end_time: TimeOfDay
    """Such as `24:00`; it is not part of it any more."""


class TimeIntervalConfig(Config):
    """A set of times; what is not said is always."""

    times: list[TimesConfig] = []
    """Parts of the day."""
    weekdays: list[str] = []
    """`saturday`, or `monday:friday`."""
    days_of_month: list[str] = []
    """`1`, `1:7`, or from the end: `-1`."""
    months: list[str] = []
    """`december`, or `6:8`."""
    years: list[str] = []
    """`2026`, or `2026:2028`."""
    location: Zone = "UTC"
    """The time zone, such as `Europe/Berlin`."""

    def interval(self) -> intervals.Interval:
        """What it means. Raises `ValueError`."""
        asked = {
            "weekdays": intervals.weekdays(self.weekdays), "days_of_month": intervals.days_of_month(self.days_of_month),
            "months": intervals.months(self.months), "years": intervals.years(self.years),
        }  # fmt: skip
        times = [(intervals.minutes(one.start_time), intervals.minutes(one.end_time)) for one in self.times]
        if any(start >= end for start, end in times):
            raise ValueError("times: start_time must come before end_time; write two parts for a night")
        return intervals.Interval(times, asked, self.location)

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.interval()
        return self


class LimitsConfig(Config):
    """How many first messages an exporter is given before it hears of the rest as one."""

    groups: int = Field(20, ge=1)
    """So many in a window."""
    window: Duration = Field(300.0, ge=1)
    """Its length."""


class AlertingConfig(Config):
    """Routes, and whom they lead to."""

    route: RouteConfig
    """The root: it takes what no route below it takes."""
    receivers: dict[Name, list[Name]] = Field(min_length=1)
    """Name → ids of exporters, which must stand in a pipeline that this connector feeds."""
    labels: dict[Name, Path] = {}
    """Further labels: name → `attributes["key"]` or `resource.attributes["key"]`."""
    escalations: dict[Name, EscalationConfig] = {}
    """By name."""
    inhibit_rules: list[InhibitConfig] = []
    """Which alerts keep others back."""
    time_intervals: dict[Name, list[TimeIntervalConfig]] = {}
    """By name: sets of times, one of which must hold. Alertmanager's list of `{name, time_intervals}` is understood, too."""
    limits: LimitsConfig = LimitsConfig()
    """Against storms."""
    max_alerts: int = Field(10, ge=1, le=100)
    """How many alerts a message shows; the others are counted."""
    max_samples: int = Field(3, ge=0, le=10)
    """How many lines of an alert are shown."""
    max_sample_chars: int = Field(500, ge=20, le=4000)
    """How long each of them may be."""
    max_groups: int = Field(10_000, ge=10)
    """Groups of a domain that are kept at once; alerts of further ones join one group for each route."""
    fallback: list[Name] = []
    """Ids of exporters that hear of an exporter that is blocked or late, in the place of it."""

    @model_validator(mode="before")
    @classmethod
    def _as_alertmanager_writes_it(cls, given: Any) -> Any:
        """Its lists of named things as maps."""
        if not isinstance(given, Mapping):
            return given
        found = dict(given)
        listed = found.get("time_intervals")
        if isinstance(listed, list) and all(isinstance(one, Mapping) and "name" in one for one in listed):
            found["time_intervals"] = {one["name"]: one.get("time_intervals", []) for one in listed}
        return found

    @model_validator(mode="after")
    def _check(self) -> Self:
        problems = [
            *self._bad_names(),
            *(problem for route, path in self.all_routes() for problem in self._bad(route, path)),
        ]
        if not self.route.receiver:
            problems.append("route: the root needs a receiver")
        if self.route.matchers or self.route.match or self.route.match_re:
            problems.append("route: the root takes everything, it has no matchers")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def all_routes(self) -> Iterator[tuple[RouteConfig, str]]:
        """Each with its place, the root first."""
        waiting = [(self.route, "route")]
        while waiting:
            route, path = waiting.pop(0)
            yield route, path
            waiting[:0] = [(below, f"{path}.routes.{at}") for at, below in enumerate(route.routes)]

    def _bad_names(self) -> Iterator[str]:
        for name in self.labels:
            if not _NAME.fullmatch(name) or name in LABELS:
                yield f"labels: {name!r} is taken, or no name of letters, digits and _"

    def _bad(self, route: RouteConfig, path: str) -> Iterator[str]:
        if route.receiver and route.receiver not in self.receivers:
            yield f'{path}.receiver: "{route.receiver}" is not one of receivers ({", ".join(self.receivers)})'
        if route.escalation and route.escalation not in self.escalations:
            yield f'{path}.escalation: "{route.escalation}" is not one of escalations'
        for name in (*route.mute_time_intervals, *route.active_time_intervals):
            if name not in self.time_intervals:
                yield f'{path}: "{name}" is not one of time_intervals'
        known = {*LABELS, *self.labels, "..."}
        asked = [*(route.group_by or ()), *(one.name for one in route.all_matchers())]
        for name in dict.fromkeys(asked):
            if name not in known:
                yield f'{path}: "{name}" is no label: there are {", ".join(sorted(known - {"..."}))}'

    def names_exporters(self) -> Mapping[str, str]:
        """Option → the exporter that it names."""
        found = {
            f"receivers.{name}.{at}": exporter
            for name, given in self.receivers.items()
            for at, exporter in enumerate(given)
        }
        for name, escalation in self.escalations.items():
            for at, step in enumerate(escalation.steps):
                found |= {
                    f"escalations.{name}.steps.{at}.notify.{n}": exporter for n, exporter in enumerate(step.notify)
                }
        return found | {f"fallback.{at}": exporter for at, exporter in enumerate(self.fallback)}
