"""Options of a report that is sent at times."""

from __future__ import annotations

from pydantic import Field

from collector.component import Config
from collector.connectors.alerting.times_config import Name, TimeOfDay, Zone
from collector.units import LongDuration


class ReportConfig(Config):
    """What a period brought (`logboom report`), sent to people at its end; each domain has its own."""

    every: LongDuration = Field(7 * 86_400.0, ge=3600, le=366 * 86_400.0)
    """How often, and over how long: `7d` is each Monday, for days are counted from a Monday on."""
    at: TimeOfDay | None = None
    """At which time of day, such as `08:00`; without, midnight UTC."""
    location: Zone = "UTC"
    """The time zone of `at`."""
    to: list[Name] = Field(min_length=1)
    """Ids of exporters, which must stand in a pipeline that this connector feeds."""
    domains: list[Name] = []
    """Only of these; without, of each domain from its first record on."""
    store: str = ""
    """The SQLite file that is read; without, `store.db` in the data directory."""
