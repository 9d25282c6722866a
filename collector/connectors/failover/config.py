"""Options of `failover`: the OpenTelemetry Collector's, and one of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.units import Duration


def _pipeline(name: str) -> str:
    """An id as pipelines have it: without spaces about its parts."""
    return "/".join(part.strip() for part in name.split("/", 1))


Pipeline = Annotated[str, Field(min_length=1), AfterValidator(_pipeline)]


class FailoverConfig(Config):
    """Levels, the best first."""

    priority_levels: list[list[Pipeline]] = []
    """The levels; all pipelines of a level get the records, and one that fails makes the level fail."""
    retry_interval: Duration = 600.0
    """How long a level that failed must have been well before it is chosen again."""
    failing_after: Duration = 10.0
    """How long an exporter may have to repeat its requests before its level counts as failed. One that is blocked, or full, is that
    at once."""
    move_backlog_after: Duration = 0.0
    """After so long a failure what is queued for a pipeline of the level moves to the level that is chosen; 0: it stays."""
    retry_gap: Duration = 0.0
    """Accepted; no effect: delivery itself tries the exporters of all levels."""
    max_retries: int = Field(0, ge=0)
    """Accepted; no effect: no level is given up."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.priority_levels:
            raise ValueError("priority_levels: no pipelines are defined")
        if not all(self.priority_levels):
            raise ValueError("priority_levels: a level has no pipelines")
        names = self.leads_to()
        if len(set(names)) < len(names):
            raise ValueError("priority_levels: a pipeline stands in two levels")
        return self

    def leads_to(self) -> Sequence[str]:
        """All pipelines of all levels."""
        return [name for level in self.priority_levels for name in level]

    def levels(self) -> Sequence[Sequence[str]]:
        """Each step's records go to one of them."""
        return self.priority_levels
