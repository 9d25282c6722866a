"""Options of `count`: the OpenTelemetry Collector's for logs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from collector.component import Config
from collector.units import Duration


def _compiles(condition: str) -> str:
    from collector.ottl import compile_condition  # loads polars: only where there are conditions to check

    compile_condition(condition)
    return condition


class CountedAttribute(Config):
    """By what records are counted apart."""

    key: Annotated[str, Field(min_length=1)]
    """Of the record, else of its scope, else of its resource."""
    default_value: str | int | float | bool | None = None
    """For records without it; without a default they are not counted."""


class CountedLogs(Config):
    """One count."""

    description: str = ""
    """What is counted; the text of the records that tell it."""
    conditions: list[Annotated[str, AfterValidator(_compiles)]] = []
    """Records that meet one of these OTTL conditions; empty: all."""
    attributes: list[CountedAttribute] = []
    """A count for each set of their values."""


class CountConfig(Config):
    """What is counted, and how often it is told."""

    logs: dict[Annotated[str, Field(min_length=1, max_length=200)], CountedLogs] = {
        "log.record.count": CountedLogs(description="The number of log records observed.")
    }
    """Name → what is counted under it; by default all, as `log.record.count`."""
    interval: Duration = Field(0.0, ge=0)
    """How often counts are told; 0: with each step."""
    spans: dict[str, Any] = {}
    """Accepted; no effect: there are no spans."""
    spanevents: dict[str, Any] = {}
    """Accepted; no effect: there are no spans."""
    metrics: dict[str, Any] = {}
    """Accepted; no effect: there are no metrics."""
    datapoints: dict[str, Any] = {}
    """Accepted; no effect: there are no metrics."""
    profiles: dict[str, Any] = {}
    """Accepted; no effect: there are no profiles."""
