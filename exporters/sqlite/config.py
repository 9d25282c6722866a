"""The options of the `sqlite` exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from collector.component import Config
from collector.delivery.config import DeliveryConfig
from collector.store.retention import Keep, Retention
from collector.units import ByteSize, Duration

Level = Literal["critical", "warning", "info", "debug"]
Index = Literal["service", "component", "endpoint", "severity", "trace", "event"]


class KeepConfig(Config):
    """How long rows stay."""

    default: Duration = 0.0
    """For levels that `levels` does not name, and for rows without a level; 0 = for ever."""
    levels: dict[Level, Duration] = {}
    """By triage level; 0 = for ever."""

    def keep(self) -> Keep:
        """The same for the store."""
        return Keep(self.default, {str(level): age for level, age in self.levels.items()})


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


class SqliteConfig(DeliveryConfig):
    """Options of the embedded store."""

    path: Path = Path("store.db")
    """The file; a relative path is inside the data directory."""
    timeout: Duration = 60.0
    """Time for one batch. A slow disk is waited for: the write would go on anyway, and a resend adds nothing."""
    busy_timeout: Duration = 5.0
    """How long to wait for another process that is writing the same file."""
    auto_migrate: bool = True
    """Make the schema and bring it up to date at start; false refuses to start when a migration is needed."""
    indexes: list[Index] = []
    """Indexes beyond the three that always are (README). Each costs time and space for every record."""
    max_body_size: ByteSize = Field(1 << 20, ge=1024)
    """Longer bodies are cut; `truncated` keeps their original length."""
    max_attribute_size: ByteSize = Field(256 << 10, ge=1024)
    """Longer string attributes are cut likewise."""
    retention: RetentionConfig = RetentionConfig()
    """What is deleted, and when."""
