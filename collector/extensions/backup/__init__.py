"""Snapshots of the data directory in time, and its stores followed in between; a process of its own does it."""

from collector.component import Factory, Kind
from collector.extensions.backup.config import BackupConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="backup",
    config=BackupConfig,
    behaviour="",
    summary="Backups of journals, ledger and stores, to a folder or an object storage",
    stability="beta",
    local_reason="it copies the data directory elsewhere",
)
