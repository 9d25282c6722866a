"""The options that every exporter has: `timeout`, `retry_on_failure`, `sending_queue`, as in the OpenTelemetry Collector,
and `select`, `attributes`, `redact` (`shaping_config`), which are ours.

Names and meanings are otelcol's (configretry, exporterhelper/queuebatch). Three defaults that lose data there are ours:
`max_elapsed_time` is 0 (never give up), `block_on_overflow` is true, and the queue is always on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collector.client_info import NOTHING, Wanted
from collector.component import ALL_EVENTS, Config
from collector.ledger.plan import OnFull, Quota
from collector.shaping.config import AttributesConfig, RedactConfig, SelectConfig
from collector.units import ByteSize, Duration

Sizer = Literal["requests", "items", "bytes"]
EventKind = Annotated[str, Field(pattern=r"^[^*]*\*?$", min_length=1)]


class RetryConfig(Config):
    """`retry_on_failure`: exponential back-off with jitter."""

    enabled: bool = True
    """False gives up after the first attempt (`dropped:retry_disabled`). A blocked destination is still waited for."""
    initial_interval: Duration = 5.0
    """The wait after the first failure."""
    randomization_factor: float = 0.5
    """Each wait is drawn from interval * (1 ± this)."""
    multiplier: float = Field(1.5, ge=0)
    """What the interval grows by after each failure."""
    max_interval: Duration = 30.0
    """The longest interval."""
    max_elapsed_time: Duration = 0.0
    """Give up after this time (`dropped:max_elapsed_time`); 0 = never (otelcol: 5m)."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.enabled:
            return self
        if not 0 <= self.randomization_factor <= 1:
            raise ValueError("'randomization_factor' must be within [0, 1]")
        if self.max_elapsed_time > 0:
            for name, interval in (("initial_interval", self.initial_interval), ("max_interval", self.max_interval)):
                if self.max_elapsed_time < interval:
                    raise ValueError(f"'max_elapsed_time' must not be less than '{name}'")
        return self


class BatchConfig(Config):
    """`sending_queue.batch`: wait for requests of a wanted size."""

    flush_timeout: Duration = 0.2
    """Send what there is after this time, even if it is less than `min_size`."""
    min_size: int = Field(8192, ge=0)
    """Wait for this much."""
    max_size: int = Field(0, ge=0)
    """Cut requests at this size; 0 = no limit but `max_request_bytes`."""
    sizer: Literal["items", "bytes"] | None = None
    """What sizes count: records or (estimated) bytes. Default: the queue's sizer if that is set, else items."""
    partition: dict[str, list[str]] = {}
    """`metadata_keys`: headers of the senders' requests; records with other values of them never share a request, with `batch` or without."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.flush_timeout <= 0:
            raise ValueError("`flush_timeout` must be positive")
        if 0 < self.max_size < self.min_size:
            raise ValueError("`max_size` must be greater or equal to `min_size`")
        if self.partition.keys() - {"metadata_keys"}:
            raise ValueError("`partition` has `metadata_keys` alone")
        return self


class QueueConfig(Config):
    """`sending_queue`: how much waits for an exporter, and how it is sent. The queue is always the outbox on disk."""

    removed_options = {"persistent_storage_enabled": "what waits is on disk in any case"}

    enabled: bool = True
    """Accepted; delivery always goes through the outbox on disk. False means one request at a time."""
    num_consumers: int = 10
    """Requests in flight at once, at most: fewer while the destination pushes back (429, 503, timeouts)."""
    queue_size: int = 1000
    """With `sizer: bytes` the quota (as `max_bytes`). Counts of requests or items do not limit a queue on disk."""
    sizer: Sizer = "requests"
    """What `queue_size` counts."""
    block_on_overflow: bool = True
    """Accepted for compatibility; `on_full` decides what happens at the quota. Data is never silently refused."""
    wait_for_result: bool = False
    """Accepted; senders are acknowledged once their data is on disk."""
    storage: str | None = None
    """Accepted; the outbox is always persistent."""
    batch: BatchConfig | None = None
    """Wait for fuller requests; absent: nothing is waited for, what waits already is joined up to
    `max_request_bytes`. `min_size: 0` keeps entries apart."""
    max_request_bytes: ByteSize = Field(3 << 20, ge=1024)
    """Cut requests near this (uncompressed, estimated) size; below gRPC's usual limit of 4 MiB."""
    max_in_flight_bytes: ByteSize = Field(32 << 20, ge=1024)
    """Memory that loaded records of this exporter may take."""
    max_bytes: ByteSize = Field(256 << 20, ge=1 << 16)
    """Quota of the outbox on disk, for each partition."""
    max_age: Duration = 0.0
    """Records that wait longer are given up (`dropped:expired`); 0 = no limit."""
    on_full: Literal["auto", "block", "spill", "drop_oldest"] = "auto"
    """At the quota: `block` stops the pipeline up to the sender, `spill` moves the backlog to an area of its own,
    `drop_oldest` gives up the oldest (`dropped:queue_full`). `auto`: block for a pipeline's only exporter, else spill;
    drop_oldest, at 4 MiB, where nothing comes but what connectors make (`count`)."""
    spill_bytes: ByteSize = 1 << 30
    """Size of the spill area, for each partition."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.enabled:
            return self
        if self.num_consumers <= 0:
            raise ValueError("`num_consumers` must be positive")
        if self.queue_size <= 0:
            raise ValueError("`queue_size` must be positive")
        if self.wait_for_result and self.storage:
            raise ValueError("`wait_for_result` is not supported with a persistent queue configured with `storage`")
        if self.batch is not None and "batch" in self.model_fields_set:
            if self.batch_sizer == "requests":
                raise ValueError("`batch` supports only `items` or `bytes` sizer")
            if self.batch_sizer == self.sizer and self.batch.min_size > self.queue_size:
                raise ValueError("`min_size` must be less than or equal to `queue_size`")
        return self

    @property
    def batch_sizer(self) -> Sizer:
        """What the sizes of `batch` count, after inheritance."""
        if self.batch is not None and self.batch.sizer is not None:
            return self.batch.sizer
        return self.sizer if "sizer" in self.model_fields_set else "items"

    @property
    def consumers(self) -> int:
        """Requests in flight at once."""
        return self.num_consumers if self.enabled else 1


class BatchedQueueConfig(QueueConfig):
    """`sending_queue` of exporters to which a small request costs nearly what a large one does: fuller ones are waited for."""

    batch: BatchConfig | None = BatchConfig(sizer="items")
    """Wait for fuller requests; null: nothing is waited for."""


MADE_BYTES = 4 << 20
"""Of the outbox, for an exporter to which nothing comes but what components made."""


class DeliveryConfig(Config):
    """Base of every exporter's options."""

    timeout: Duration = 5.0
    """Time for one attempt; 0 = no limit."""
    retry_on_failure: RetryConfig = RetryConfig()
    """Back-off after failures that may pass."""
    sending_queue: QueueConfig = QueueConfig()
    """Queue, batching and quota."""
    select: SelectConfig = SelectConfig()
    """Which records are sent; the others end as `filtered`. Level AND domain AND one of the conditions."""
    attributes: AttributesConfig = AttributesConfig()
    """Which attributes are sent. What the exporter itself reads (routing, indexes) must stay."""
    redact: RedactConfig = RedactConfig()
    """What of the records is hidden before it leaves."""
    events: bool | list[EventKind] | None = None
    """Which records that components made are sent: all, none, or those with these event names (`logboom.issue.*` means all
    that begin so). Unset: what the exporter is made for; stores take all, others none. What is left out ends as `filtered`."""

    def asks_of_clients(self) -> Wanted:
        """What keeps records apart; what an authenticator sends of it, it asks for itself."""
        batch = self.sending_queue.batch
        return Wanted.headers(batch.partition.get("metadata_keys", ())) if batch is not None else NOTHING

    def destination(self) -> str:
        """For people: where records go, and whether in the clear; empty = nowhere off this machine, or to an account."""
        return ""

    def reached_at(self) -> list[str]:
        """What `logboom validate --reach` connects to, each as `destination` writes it: `https://host`, `host:port (TLS)`,
        `unix:/path`."""
        told = self.destination()
        return [address for address in (told.split(", ") if "://" in told else [told]) if address]

    def notes(self) -> Iterable[str]:
        """For people: what `logboom validate` says beyond the queue, a sentence each."""
        return ()

    def not_erased(self) -> str:
        """For people: what they must do themselves about records of a person that were sent, of an exporter that cannot delete them at
        its destination (`ErasesSubjects`); a sentence, empty where nothing is kept."""
        return f"cannot: what was sent{f' to {place}' if (place := self.destination()) else ''} stays there until it is deleted there"

    def shaping(self) -> list[str]:
        """For people: what is left out or hidden; empty when records leave as they are."""
        return [*self.select.told(), *self._events_told(), *self.attributes.told(), *self.redact.told()]

    def kinds(self, takes_events: Sequence[str]) -> Sequence[str]:
        """The events that are sent, by an exporter that is made for `takes_events`."""
        if self.events is None:
            return takes_events
        return (ALL_EVENTS if self.events else ()) if isinstance(self.events, bool) else tuple(self.events)

    def _events_told(self) -> list[str]:
        if self.events is None:
            return []
        if isinstance(self.events, list) and self.events:
            return [f"events {', '.join(self.events)}"]
        return ["events of all kinds"] if self.events else ["no events"]

    @property
    def takes_traffic(self) -> bool:
        """Whether records that were sent go to it, or only what components made; the others end as `filtered`."""
        return True

    @property
    def takes_digests(self) -> bool:
        """Of notifications that are addressed to it: whether it takes messages about many groups at once, which belong to no incident; else
        they end as `filtered`."""
        return True

    @property
    def attempt_timeout(self) -> float:
        """Seconds that one `send` may take, 0 = no limit. An exporter whose attempt is more than one call gives each its
        `timeout` itself, and says 0 here."""
        return self.timeout

    def quota(self, only_exporter: bool, only_made: bool = False) -> Quota:
        """What the ledger must know.

        Args:
            only_exporter: no other exporter stands in any of its pipelines.
            only_made: nothing comes to it but what components made: it stops nobody, and keeps the newest, unless told otherwise.
        """
        queue = self.sending_queue
        automatic: OnFull = "drop_oldest" if only_made else "block" if only_exporter else "spill"
        by_size = queue.sizer == "bytes" and "max_bytes" not in queue.model_fields_set
        max_bytes = queue.queue_size if by_size else queue.max_bytes
        apart = only_made and queue.on_full == "auto"
        return Quota(
            max_bytes=min(max_bytes, MADE_BYTES) if apart else max_bytes,
            max_age_secs=queue.max_age,
            on_full=automatic if queue.on_full == "auto" else queue.on_full,
            spill_bytes=queue.spill_bytes,
            apart=apart,
        )
