"""Options of `filter`: the OpenTelemetry Collector's names, old and new."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from collector.attribute_options import AttributeMatch, MatchType, SeverityMatch
from collector.client_info import NOTHING, Wanted
from collector.component import Config

if TYPE_CHECKING:
    from collector.ottl.matching import Matcher

ErrorMode = Literal["ignore", "silent", "propagate"]


class LogMatch(Config):
    """Which records: all that is named must hold."""

    match_type: MatchType = "strict"
    """`strict`: values are equal; `regexp`: RE2 finds the expression in them."""
    resource_attributes: list[AttributeMatch] = []
    """Attributes of the resource."""
    record_attributes: list[AttributeMatch] = []
    """Attributes of the record."""
    severity_texts: list[str] = []
    """Severity texts, one of which must match."""
    severity_number: SeverityMatch | None = None
    """The least severity."""
    bodies: list[str] = []
    """Bodies, one of which must match; a body that is no string is compared as text."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.matcher()
        return self

    def matcher(self) -> Matcher:
        """Raises `ValueError`."""
        from collector.ottl.matching import Matcher  # loads polars: only where there is something to match

        return Matcher(
            self.match_type,
            self.record_attributes,
            self.resource_attributes,
            self.bodies,
            self.severity_texts,
            self.severity_number,
        )


class LogFilter(Config):
    """The old block: conditions, or `include` and `exclude`."""

    log_record: list[str] = []
    """Conditions about records: one that holds drops the record."""
    resource: list[str] = []
    """Conditions about resources: one that holds drops all its records."""
    scope: list[str] = []
    """Conditions about scopes."""
    include: LogMatch | None = None
    """Only records that match stay."""
    exclude: LogMatch | None = None
    """None that match; looked at behind `include`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.log_record or self.resource or self.scope) and (self.include or self.exclude):
            raise ValueError("cannot use OTTL conditions and include/exclude for logs at the same time")
        return self


class Conditions(Config):
    """Conditions with what they are about."""

    context: Literal["", "log", "scope", "resource"] = ""
    """What a path without a context of its own is about; left out, it is the lowest that the paths name."""
    error_mode: ErrorMode | None = None
    """Instead of the processor's."""
    conditions: list[str] = Field(min_length=1)
    """One that holds drops the record (or all records of the scope, or resource)."""


class FilterConfig(Config):
    """What is dropped."""

    error_mode: ErrorMode = "ignore"
    """What an error while a condition is asked means: `ignore`: told once a minute, the next condition is asked; `silent`: the same, not
    told; `propagate`: the payload that the record came with is dropped, and counted (`dropped:condition_error`)."""
    log_conditions: list[str | Conditions] = []
    """Conditions whose paths name their context (`log.body == "x"`), or groups of them; one that holds drops the record."""
    logs: LogFilter | None = None
    """The same as it was written before."""
    traces: dict[str, Any] = {}
    """Accepted; no effect: about spans."""
    metrics: dict[str, Any] = {}
    """Accepted; no effect: about metrics."""
    spans: dict[str, Any] = {}
    """Accepted; no effect: about spans."""
    profiles: dict[str, Any] = {}
    """Accepted; no effect: about profiles."""
    trace_conditions: list[Any] = []
    """Accepted; no effect: about spans."""
    metric_conditions: list[Any] = []
    """Accepted; no effect: about metrics."""
    profile_conditions: list[Any] = []
    """Accepted; no effect: about profiles."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.log_conditions and self.logs is not None:
            raise ValueError("log_conditions and logs say the same in two ways: keep one of them")
        if self.log_conditions or self.logs is not None:
            from processors.filter.questions import questions_of  # loads polars: only where there is something to check

            questions_of(self)
        return self

    def cautions(self) -> Mapping[str, str]:
        """An option whose default was another one."""
        block = self.logs
        asks = bool(self.log_conditions) or (
            block is not None and bool(block.log_record or block.resource or block.scope)
        )
        groups = [one for one in self.log_conditions if isinstance(one, Conditions)]
        all_say = bool(groups) and len(groups) == len(self.log_conditions) and all(one.error_mode for one in groups)
        if asks and not all_say and "error_mode" not in self.model_fields_set:
            return {
                "error_mode": "is not set: a condition that fails is passed over (ignore), as in the Collector since 0.153; before that the default "
                "was propagate, which drops the payload: say which one is meant"
            }
        return {}

    def asks_of_clients(self) -> Wanted:
        """What `otelcol.…` names."""
        if not self.log_conditions and self.logs is None:
            return NOTHING
        from processors.filter.questions import questions_of

        return reduce(or_, (question.asks_of_clients for question in questions_of(self)), NOTHING)
