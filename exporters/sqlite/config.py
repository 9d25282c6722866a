"""The options of the `sqlite` exporter."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from collector.delivery.config import DeliveryConfig
from collector.store.options import Index, RetentionConfig
from collector.units import ByteSize, Duration


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
    """Indexes beyond those that always are (README). Each costs time and space for every record."""
    max_body_size: ByteSize = Field(1 << 20, ge=1024)
    """Longer bodies are cut; `truncated` keeps their original length."""
    max_attribute_size: ByteSize = Field(256 << 10, ge=1024)
    """Longer string attributes are cut likewise."""
    retention: RetentionConfig = RetentionConfig()
    """What is deleted, and when."""

    def stays_here(self) -> str:
        """See `StaysHere`."""
        return "each machine has a store of its own, of what it processed itself, and a query asks one of them"

    def store_file(self, root: Path) -> Path:
        """For whoever reads it (`HoldsLogs`)."""
        return self.path if self.path.is_absolute() else root / self.path
