"""Options of the `archive` exporter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from collector.archive.retention import Kept, Retention, held_by
from collector.archive.sealing import Encryptable
from collector.archive.upkeep import Joining
from collector.component import Config
from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.holds import Holds
from collector.object_storage.options import StorageConfig
from collector.units import ByteSize, Duration

Level = Literal["critical", "warning", "info", "debug"]


class KeptConfig(Config):
    """How long records stay."""

    default: Duration = 0.0
    """For levels that `levels` does not name; 0 = for ever."""
    levels: dict[Level, Duration] = {}
    """By triage level; 0 = for ever. Levels with different times stand in objects of their own."""

    def kept(self) -> Kept:
        """The same for the archive."""
        return Kept(self.default, {str(level): age for level, age in self.levels.items()})


class ArchiveRetentionConfig(KeptConfig):
    """`retention`: objects whose hour ended longer ago are deleted."""

    domains: dict[str, KeptConfig] = {}
    """Domains with rules of their own, which replace the ones above as a whole."""

    def rules(self, holds: Holds) -> Retention:
        """The same for the archive."""
        domains = {domain: kept.kept() for domain, kept in self.domains.items()}
        return Retention(self.kept(), domains, held_by(holds.why))


class JoinConfig(Config):
    """`join`: small objects of an hour become one."""

    enabled: bool = True
    """False leaves them as they were written."""
    after: Duration = Field(7200.0, ge=0)
    """How long an hour must have ended."""
    at_least: int = Field(4, ge=2)
    """Hours with fewer small objects are left alone."""
    below: ByteSize = Field(32 << 20, ge=1024)
    """What is small; what is made of them is at most twice as large."""

    def joining(self) -> Joining | None:
        """The same for the archive."""
        return Joining(self.after, self.at_least, self.below) if self.enabled else None


class ArchiveQueueConfig(QueueConfig):
    """`sending_queue`: what waits for the archive. Entries stay in it until the objects that hold them are written."""

    batch: BatchConfig | None = None
    """Wait for fuller requests; here a request is what is added to a file at once."""
    max_request_bytes: ByteSize = Field(8 << 20, ge=1024)
    """What is added to a file at once, about."""


class ArchiveConfig(DeliveryConfig):
    """Where to, how large, how long."""

    timeout: Duration = Field(60.0, gt=0)
    """Time for one request to the storage."""
    sending_queue: ArchiveQueueConfig = ArchiveQueueConfig()
    """Queue and quota."""
    to: str = Field(min_length=1)
    """`s3://bucket/prefix`, `gs://…`, `az://…` with the extra `archive`, or a folder."""
    storage: StorageConfig = StorageConfig()
    """Options of the object storage."""
    target_size: ByteSize = Field(128 << 20, ge=1 << 16)
    """A file is closed when what waits in the outbox for it is so large: at most half of `sending_queue.max_bytes`."""
    max_age: Duration = Field(600.0, gt=0)
    """Or when its first record waits so long."""
    memory: ByteSize = Field(48 << 20, ge=1 << 20)
    """What records on their way may take of memory, in each worker; the rest waits on disk."""
    uploads: int = Field(4, ge=1, le=64)
    """Objects that are written at once."""
    encrypt: list[Encryptable] = []
    """Columns whose values are written encrypted with keys of their domain (needs `service.encryption`); of maps the values, not the keys."""
    retention: ArchiveRetentionConfig = ArchiveRetentionConfig()
    """What is deleted, and when."""
    join: JoinConfig = JoinConfig()
    """Small objects become larger ones."""
    interval: Duration = Field(3600.0, gt=0)
    """Time between two looks at what is to be joined or deleted."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.target_size * 2 > self.sending_queue.max_bytes:
            raise ValueError(
                "target_size must be at most half of sending_queue.max_bytes: entries wait there until their file is closed"
            )
        return self

    @property
    def attempt_timeout(self) -> float:
        """Each request of a run has `timeout` itself."""
        return 0.0

    def destination(self) -> str:
        """For people: where objects go."""
        return self.storage.endpoint or (self.to if "://" in self.to else "")

    def reached_at(self) -> list[str]:
        """An endpoint alone can be asked."""
        return [self.storage.endpoint] if self.storage.endpoint else []

    def notes(self) -> Iterable[str]:
        """For people."""
        kept = self.retention
        if not kept.default and not kept.levels and not kept.domains:
            yield "keeps everything for ever: see `retention`"

    def archived_at(self) -> tuple[str, Mapping[str, str]]:
        """For whoever searches in it (`HoldsArchive`)."""
        return self.to, self.storage.options()
