"""The options of the `kv` exporter."""

from __future__ import annotations

from pydantic import Field

from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.transport.cloudflare_config import CloudflareConfig
from collector.units import ByteSize, Duration


class KvQueueConfig(QueueConfig):
    """`sending_queue`: every write is billed, so there are few."""

    num_consumers: int = 2
    """Requests in flight at once."""
    batch: BatchConfig | None = BatchConfig.model_validate(
        {"flush_timeout": "10s", "min_size": 50_000, "sizer": "items"}
    )
    """How old the view may be: each request writes one key for the counts and the changed chunks, for each domain."""


class KvConfig(CloudflareConfig, DeliveryConfig):
    """Cloudflare's account, the namespace, what is kept in it."""

    namespace_id: str = Field(min_length=1)
    """The KV namespace."""
    prefix: str = Field("logboom/v1/", max_length=64)
    """Before every key."""
    recent: int = Field(1000, ge=1, le=9900)
    """Newest records kept for each domain; they stand in chunks."""
    chunk: int = Field(100, ge=1, le=1000)
    """Records in one key."""
    recent_ttl: Duration = Field(7 * 86_400.0, ge=60)
    """A chunk that was not written for so long goes."""
    counts_ttl: Duration = Field(31 * 86_400.0, ge=60)
    """An hour's counts go after this time."""
    described: int = Field(100, ge=1, le=1000)
    """Newest deployments, notifications, … kept for each domain: what events describe, a key for each table."""
    described_ttl: Duration = Field(400 * 86_400.0, ge=60)
    """Such a key goes when it was not written for so long."""
    max_components: int = Field(200, ge=1)
    """Components counted by name in an hour of a domain; the others count as `(other)`."""
    max_body_size: ByteSize = Field(4096, ge=256)
    """Longer bodies are cut."""
    min_write_interval: Duration = Field(1.0, ge=0)
    """Between two writes of one key; KV refuses more than one a second."""
    timeout: Duration = 30.0
    """Time for one request."""
    sending_queue: KvQueueConfig = KvQueueConfig()
    """Queue, batching and quota."""

    def deletes_by_itself(self) -> str:
        """For legal holds."""
        return f"it keeps the newest {self.recent} records of a domain, and keys go by their TTL"
