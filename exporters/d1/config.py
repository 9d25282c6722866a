"""The options of the `d1` exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, model_validator

from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.store.d1_config import D1StoreConfig
from collector.store.options import Index, RetentionConfig
from collector.units import ByteSize, Duration
from exporters.d1.bill import PRICES

_ALWAYS = 3
"""Rows written a record: the row, its primary key, the index by domain and time."""
_SOMETIMES = 2
"""Two more partial indexes, of urgent records and of errors with a trace."""


class D1RetentionConfig(RetentionConfig):
    """`retention`, with calls in mind: fewer sweeps, more rows in each."""

    interval: Duration = Field(600.0, gt=0)
    """Time between two sweeps. A sweep costs a call for each domain and rule at least."""
    batch_rows: int = Field(5000, ge=1)
    """Rows deleted in one transaction; inserts go in between."""


class D1QueueConfig(QueueConfig):
    """`sending_queue`: calls are few, so requests are made full."""

    num_consumers: int = 4
    """Requests in flight at once."""
    batch: BatchConfig | None = BatchConfig.model_validate({"flush_timeout": "1s", "min_size": 5000, "sizer": "items"})
    """Wait for fuller requests: a call an idle second instead of one for each payload."""


class D1Config(D1StoreConfig, DeliveryConfig):
    """Cloudflare's account, where rows go, delivery."""

    auto_create: bool = False
    """Make a database that `database_name` leads to and that is not there."""
    timeout: Duration = 45.0
    """Time for one request. D1 itself gives up after 30 s; a resend adds nothing."""
    sending_queue: D1QueueConfig = D1QueueConfig()
    """Queue, batching and quota."""
    auto_migrate: bool = True
    """Make the schema and bring it up to date; false refuses to start when a migration is needed."""
    indexes: list[Index] = []
    """Indexes beyond those that always are (README). Each adds one billed row written to every record."""
    max_body_size: ByteSize = Field(512 << 10, ge=1024)
    """Longer bodies are cut; `truncated` keeps their original length."""
    max_attribute_size: ByteSize = Field(64 << 10, ge=1024)
    """Longer string attributes are cut likewise."""
    retention: D1RetentionConfig = D1RetentionConfig()
    """What is deleted, and when."""

    @model_validator(mode="after")
    def _check_databases(self) -> Self:
        if self.database_id and self.database_name:
            raise ValueError("database_id and database_name exclude each other")
        if not (self.database_id or self.database_name or self.databases):
            raise ValueError("no database: write database_id, database_name or databases")
        if self.auto_create and not self.database_name:
            raise ValueError("auto_create needs database_name: an id can't be chosen")
        return self

    def prices(self) -> Mapping[str, float]:
        """Cloudflare's, beyond what the plan includes."""
        return PRICES

    def notes(self) -> Iterator[str]:
        """What `logboom validate` says beyond delivery: the price of a record."""
        least = _ALWAYS + sum(index not in ("trace", "event") for index in self.indexes)
        most = _ALWAYS + _SOMETIMES + len(self.indexes)
        yield (
            f"writes {least} to {most} billed rows a record, and one for each count by minute that a request adds to: at 1 record/s "
            f"{least * 86_400 / 1e6:.2f} to {(most + 1) * 86_400 / 1e6:.2f} million a day; retention writes as many again for what it deletes"
        )
