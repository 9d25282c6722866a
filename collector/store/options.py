"""Options that every exporter on the `logs` schema has: which rows stay, and which indexes there are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.component import Config
from collector.store.retention import Keep, Retention
from collector.units import Duration

Level = Literal["critical", "warning", "info", "debug"]
Index = Literal["service", "component", "endpoint", "severity", "trace", "event"]


class KeepConfig(Config):
    """How long rows stay."""

    default: Duration = 0.0
    """For levels that `levels` does not name; 0 = for ever. Rows that triage did not see have the level of their severity."""
    levels: dict[Level, Duration] = {}
    """By triage level; 0 = for ever."""
    minutes: Duration = 400 * 86_400.0
    """How long counts by minute (`log_minutes`, `pattern_minutes`, `issue_minutes`) stay, whatever happens to their rows; 0 = for ever."""
    events: Duration = 400 * 86_400.0
    """How long records that components made stay, and what they describe (`deployments`, `notifications`, `patterns`, `issues`,
    `issue_activity`), whatever their
    level; 0 = for ever."""

    def keep(self) -> Keep:
        """The same for the store."""
        return Keep(self.default, {str(level): age for level, age in self.levels.items()}, self.minutes, self.events)


class RetentionConfig(KeepConfig):
    """`retention`: rows older than this are deleted, a bounded number at a time."""

    domains: dict[str, KeepConfig] = {}
    """Domains with rules of their own, which replace the ones above as a whole."""
    interval: Duration = Field(60.0, gt=0)
    """Time between two sweeps."""
    batch_rows: int = Field(2000, ge=1)
    """Rows deleted in one transaction; inserts go in between."""

    def rules(self) -> Retention:
        """The same for the store."""
        return Retention(self.keep(), {domain: keep.keep() for domain, keep in self.domains.items()})
