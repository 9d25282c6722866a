"""Accepted so that configurations with `sending_queue.storage: file_storage` run; queues are always on disk here."""

from collector.component import Factory, Kind
from collector.extensions.file_storage.config import FileStorageConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="file_storage",
    config=FileStorageConfig,
    behaviour="",
    summary="accepted for compatibility: every queue is persistent already",
    stability="beta",
    differs=("queues are kept in the data directory, always",),
    local_reason="it makes directories",
)
