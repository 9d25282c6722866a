"""Options of `file_storage`: the OpenTelemetry Collector's names, checked and otherwise without effect."""

from __future__ import annotations

from pydantic import Field, field_validator

from collector.component import Config, Use
from collector.units import Duration


class CompactionConfig(Config):
    """When the OpenTelemetry Collector compacts its files; no effect here."""

    on_start: bool = False
    """No effect."""
    on_rebound: bool = False
    """No effect."""
    directory: str | None = None
    """No effect."""
    max_transaction_size: int = Field(65536, ge=0)
    """No effect."""
    rebound_needed_threshold_mib: int = Field(100, ge=0)
    """No effect."""
    rebound_trigger_threshold_mib: int = Field(10, ge=0)
    """No effect."""
    check_interval: Duration = 5.0
    """No effect."""
    cleanup_on_start: bool = False
    """No effect."""


class FileStorageConfig(Config):
    """Where the OpenTelemetry Collector would keep its queues."""

    directory: str = "/var/lib/otelcol/file_storage"
    """No effect: queues are kept in logboom's data directory (`--data-dir`)."""
    timeout: Duration = 1.0
    """No effect."""
    max_size: int = Field(0, ge=0)
    """No effect: an exporter's quota is `sending_queue.max_bytes`."""
    fsync: bool = False
    """No effect: every commit is synced to disk."""
    create_directory: bool = False
    """No effect."""
    directory_permissions: str = "0750"
    """No effect: directories are made with 0700."""
    recreate: bool = False
    """No effect."""
    compaction: CompactionConfig = CompactionConfig()
    """No effect."""

    def provides(self) -> frozenset[Use]:
        """A queue may name it; it is on disk in any case."""
        return frozenset({Use.STORAGE})

    @field_validator("directory_permissions")
    @classmethod
    def _is_octal(cls, value: str) -> str:
        if not value or any(digit not in "01234567" for digit in value):
            raise ValueError("must be an octal number in quotes, such as '0750'")
        return value
