"""Options of `backup`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.component import Config
from collector.object_storage.options import StorageConfig
from collector.units import Duration


class BackupConfig(Config):
    """Where, how often, how many."""

    to: str = Field(min_length=1)
    """A folder (of another disk), or `s3://bucket/prefix`, `gs://…`, `az://…` with the extra `backup`."""
    storage: StorageConfig = StorageConfig()
    """Options of the object storage."""
    interval: Duration = Field(3600.0, gt=0)
    """Time between two snapshots of journals, ledger and stores. One is taken at each start, and at each orderly end."""
    keep: int = Field(24, ge=1)
    """How many snapshots stay."""
    follow: Duration = Field(0.5, ge=0)
    """How often what was committed to a store since is sent after the snapshot; 0 = not at all."""
    restore: Literal["never", "when_empty"] = "never"
    """`when_empty`: a start without a data directory makes it of the newest snapshot, if there is one."""
