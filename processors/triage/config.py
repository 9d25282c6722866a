"""Options of `triage`, and the form of a rule, shipped or the user's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from collector.component import Config
from collector.units import Duration

SERVICE = "service"
"""The set of rules that judges events of the service; no configuration names it."""
RULE_ID = r"^[a-z0-9][a-z0-9._/-]{0,79}$"


class Level(StrEnum):
    """How much a record matters."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"

    @property
    def action(self) -> str:
        """What records of the level ask for when a rule does not say."""
        return _ACTIONS[self]


_ACTIONS = {
    Level.CRITICAL: "alert",
    Level.WARNING: "escalate",
    Level.INFO: "aggregate",
    Level.DEBUG: "aggregate",
}


class Examples(Config):
    """Records that a rule must and must not match; a string is the body of a record."""

    match: list[str | dict[str, Any]] = []
    """Records that the condition matches."""
    miss: list[str | dict[str, Any]] = []
    """Records that look alike and must not match."""


class CountLimit(Config):
    """The rule decides only once it matched often enough."""

    more_than: int = Field(ge=1)
    """Matching records within the time that are still normal."""
    within: Duration = 300.0
    """The time looked back over; counted in tenths of it."""
    per: list[str] = ["domain", "component"]
    """What is counted apart: `domain`, `component`, `endpoint`, `service`, or the key of a record attribute."""


class Rule(Config):
    """One rule. Rules are tried in order; the first that matches a record decides."""

    id: str = Field(pattern=RULE_ID)
    """Its name, written to `logboom.triage.rule`. The id of a shipped rule replaces that rule in its place."""
    when: str
    """An OTTL condition of the log context, such as `IsMatch(body, "(?i)out of memory")`."""
    level: Level
    """The level of the records it matches."""
    action: str = Field("", pattern=r"^[a-z_]{0,32}$")
    """What the record asks for; default by level: alert, escalate, aggregate, aggregate."""
    title: str = ""
    """A name for people."""
    why: str = ""
    """Why this matters."""
    suggestion: str = ""
    """What to look at or try first."""
    bounded: bool = False
    """Keep to what the record says of itself: at most `warning` below ERROR, `critical` where it says CRITICAL or FATAL."""
    count: CountLimit | None = None
    """Decide only above a number of matches."""
    tests: Examples = Examples()
    """Checked when the configuration is."""

    @field_validator("when")
    @classmethod
    def _compiles(cls, when: str, info: ValidationInfo) -> str:
        if not _trusted(info):
            from collector.ottl import compile_condition  # loads polars: only where there are rules to check

            compile_condition(when)
        return when

    @model_validator(mode="after")
    def _examples_hold(self, info: ValidationInfo) -> Rule:
        if not _trusted(info) and (self.tests.match or self.tests.miss):
            from processors.triage.examples import broken_example

            problem = broken_example(self)
            if problem is not None:
                raise ValueError(problem)
        return self

    @property
    def asks_for(self) -> str:
        """The action."""
        return self.action or self.level.action


def _trusted(info: ValidationInfo) -> bool:
    """Shipped rules are checked by the product's tests, not at each start."""
    return isinstance(info.context, dict) and info.context.get("shipped") is True


class RulesConfig(Config):
    """Rules and exceptions from them."""

    rules: list[Rule] = []
    """Own rules, tried in order before the shipped ones."""
    disable: list[str] = []
    """Ids of rules that are not used, or the head of several: `payment/`."""


class ServiceRulesConfig(RulesConfig):
    """Rules for what logboom tells of itself."""

    @field_validator("rules")
    @classmethod
    def _count_nothing(cls, rules: list[Rule]) -> list[Rule]:
        for rule in rules:
            if rule.count is not None:
                raise ValueError(f"rule {rule.id}: events of the service are told with a count, and not counted again")
        return rules


class TriageConfig(RulesConfig):
    """Which rules decide, globally and for single domains."""

    rule_set: str = "latest"
    """The date of the shipped rules, such as `2026-11-01`; `latest` moves on with the product, `none` leaves them out."""
    store: dict[Literal["info", "debug"], Literal["rows", "aggregate"]] = {}
    """`aggregate` turns the records of a level into counts already here: what stands behind does not see them one by one. The processor
    `aggregate` does it at the end."""
    domains: dict[str, RulesConfig] = {}
    """More rules for a domain, tried before all others, and what is disabled there."""

    service_events: ServiceRulesConfig = ServiceRulesConfig()
    """How events of the service are judged (`logboom.service.*`, made by logboom): own rules, tried before the shipped ones."""

    @field_validator("rule_set")
    @classmethod
    def _known_set(cls, name: str) -> str:
        from processors.triage.catalogue import check_set

        return check_set(name)

    @model_validator(mode="after")
    def _ids_are_known(self) -> TriageConfig:
        from processors.triage.catalogue import check_ids

        check_ids(self)
        return self

    def for_service(self) -> TriageConfig:
        """What judges events of the service: nothing that judges records."""
        own = self.service_events
        return TriageConfig.model_construct(
            rules=own.rules, disable=own.disable, rule_set=SERVICE, store={}, domains={}, service_events=own
        )
