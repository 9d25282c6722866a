"""Options of `alerting`: Alertmanager's words in the Collector's shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.report_config import ReportConfig
from collector.connectors.alerting.responses.config import ResponseConfig, ResponseLimitsConfig
from collector.connectors.alerting.route_config import Matchers, RouteConfig
from collector.connectors.alerting.times_config import Name, TimeIntervalConfig
from collector.connectors.alerting.words import LABELS
from collector.units import Duration

_PATH = re.compile(r"""(?:log\.)?(?:attributes|resource\.attributes)\["[^"\]]+"\]""")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError(f"""{text!r}: write attributes["key"] or resource.attributes["key"]""")
    return text


Path = Annotated[str, AfterValidator(_path)]


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

    def over(self, step: int) -> bool:
        """Whether there is no such step: all were gone through as often as they are."""
        return step >= len(self.steps) * (self.repeat + 1)

    def after(self, step: int) -> float:
        """Seconds from the first message to a step, counted from 0; a repetition begins when the last one has ended."""
        loop, at = divmod(step, len(self.steps))
        return loop * self.steps[-1].after + self.steps[at].after


class InhibitConfig(Config):
    """While an alert goes on, others that follow from it tell nobody."""

    source_matchers: list[Matchers] = Field(min_length=1)
    """Of the alert that goes on."""
    target_matchers: list[Matchers] = Field(min_length=1)
    """Of those that are kept back."""
    equal: list[Name] = []
    """Labels that both must share; the domain is always one of them."""


class LimitsConfig(Config):
    """How many first messages an exporter is given before it hears of the rest as one."""

    groups: int = Field(20, ge=1)
    """So many in a window."""
    window: Duration = Field(300.0, ge=1)
    """Its length."""


class HeartbeatConfig(Config):
    """A sign of life, for whoever watches that alerts are told."""

    notify: list[Name] = Field(min_length=1)
    """Ids of exporters."""
    every: Duration = Field(60.0, ge=10)
    """How often."""
    domain: Name = "default"
    """From whose first record on: its alerts are told as long as this goes on."""


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
    responses: dict[Name, ResponseConfig] = {}
    """By name: what may be done about a group that goes on, under guard; routes name them."""
    response_limits: ResponseLimitsConfig = ResponseLimitsConfig()
    """Over all responses."""
    inhibit_rules: list[InhibitConfig] = []
    """Which alerts keep others back."""
    time_intervals: dict[Name, list[TimeIntervalConfig]] = {}
    """By name: sets of times, one of which must hold. Alertmanager's list of `{name, time_intervals}` is understood, too."""
    monitors: list[MonitorConfig] = Field([], max_length=200)
    """Conditions on the stream, whose alerts take the same routes."""
    reports: list[ReportConfig] = Field([], max_length=50)
    """What a period brought, sent to people at its end."""
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
    heartbeat: HeartbeatConfig | None = None
    """A message each so often, which stops when nobody would be told."""
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
        names = [monitor.name for monitor in self.monitors]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"monitors: {name!r} is there twice"
        for name in self.labels:
            if not _NAME.fullmatch(name) or name in LABELS:
                yield f"labels: {name!r} is taken, or no name of letters, digits and _"

    def _of_monitors(self) -> set[str]:
        """Labels that only their alerts have."""
        return {label for monitor in self.monitors for label in (*monitor.labels, "overflow")}

    def _bad(self, route: RouteConfig, path: str) -> Iterator[str]:
        if route.receiver and route.receiver not in self.receivers:
            yield f'{path}.receiver: "{route.receiver}" is not one of receivers ({", ".join(self.receivers)})'
        if route.escalation and route.escalation not in self.escalations:
            yield f'{path}.escalation: "{route.escalation}" is not one of escalations'
        yield from self._bad_responses(route, path)
        for name in (*route.mute_time_intervals, *route.active_time_intervals):
            if name not in self.time_intervals:
                yield f'{path}: "{name}" is not one of time_intervals'
        known = {*LABELS, *self.labels, *self._of_monitors(), "..."}
        asked = [*(route.group_by or ()), *(one.name for one in route.all_matchers())]
        for name in dict.fromkeys(asked):
            if name not in known:
                yield f'{path}: "{name}" is no label: there are {", ".join(sorted(known - {"..."}))}'

    def _bad_responses(self, route: RouteConfig, path: str) -> Iterator[str]:
        for name in route.responses:
            if name not in self.responses:
                yield f'{path}.responses: "{name}" is not one of responses'
            elif (by := self.responses[name].by) and by not in {*LABELS, *self.labels}:
                yield f'responses.{name}.by: "{by}" is no label'
        if route.responses and route.digest:
            yield f"{path}.responses: what is only counted starts nothing"

    def explained(self) -> tuple[str, Mapping[str, str]]:
        """For people: who is told, by level; what is watched, reported and may be done."""
        from collector.connectors.alerting import effective  # it reads these options

        told = (effective.who_is_told(self), effective.what_is_watched(self), effective.what_is_reported(self))
        return "who is told", {**dict(chain(*told)), **dict(self._what_may_be_done())}

    def _what_may_be_done(self) -> Iterator[tuple[str, str]]:
        limits = self.response_limits
        for name, one in self.responses.items():
            yield f"response {name}", one.sentence()
        if self.responses:
            yield (
                "responses",
                f"at most {limits.max_per_hour} an hour in a domain" if limits.enabled else "OFF: nothing is done",
            )

    def cautions(self) -> Mapping[str, str]:
        """Those that act without a person."""
        return {
            f"responses.{name}": "it acts without approval: every guard but a person stands before it"
            for name, one in self.responses.items()
            if one.approval == "automatic" and not one.dry_run and self.response_limits.enabled
        }

    def for_every_domain(self) -> Mapping[str, str]:
        """Responses that act for every domain: a sender of one would move what belongs to another."""
        return {
            f"responses.{name}.domains": "it acts, and a sender of any domain could start it"
            for name, one in self.responses.items()
            if not one.dry_run and not one.domains
        }

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
        for at, exporter in enumerate(self.heartbeat.notify if self.heartbeat else ()):
            found[f"heartbeat.notify.{at}"] = exporter
        for at, report in enumerate(self.reports):
            found |= {f"reports.{at}.to.{n}": exporter for n, exporter in enumerate(report.to)}
        found |= {f"responses.{name}.exporter": one.exporter for name, one in self.responses.items()}
        return found | {f"fallback.{at}": exporter for at, exporter in enumerate(self.fallback)}
