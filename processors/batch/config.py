"""Options of `batch`: the OpenTelemetry Collector's names, and what they mean here."""

from __future__ import annotations

from pydantic import Field, model_validator

from collector.client_info import Wanted
from collector.component import Config, StepLimits
from collector.units import Duration


class BatchConfig(Config):
    """How much is gathered."""

    removed_options = {"storage": "what waits is in the journal, on disk"}

    timeout: Duration = 0.2
    """Longest time that records wait for company; 0 takes what is there."""
    send_batch_size: int = Field(8192, ge=0)
    """Records after which a step starts at once; 0 does not wait for a number."""
    send_batch_max_size: int = Field(0, ge=0)
    """Accepted; no effect: a step of fewer records than wait would only cost more. How large requests are is said by `sending_queue.batch` of the exporter."""
    metadata_keys: list[str] = []
    """Headers of requests (of receivers with `include_metadata`): records with other values of them never share a request of an exporter."""
    metadata_cardinality_limit: int = Field(1000, ge=0)
    """Most combinations of their values since the start; a request with one more is refused. 0: no limit."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> BatchConfig:
        if 0 < self.send_batch_max_size < self.send_batch_size:
            raise ValueError("send_batch_max_size must be greater or equal to send_batch_size")
        keys = [key.lower() for key in self.metadata_keys]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f'duplicate entry in metadata_keys: "{key}" (case-insensitive)')
        return self

    def asks_of_clients(self) -> Wanted:
        """Its keys."""
        return Wanted.headers(self.metadata_keys)

    def kept_apart(self) -> tuple[Wanted, int]:
        """By its keys, and so many."""
        return self.asks_of_clients(), self.metadata_cardinality_limit if self.metadata_keys else 0

    def step_limits(self) -> StepLimits:
        """What the worker gathers before it processes this pipeline."""
        return StepLimits(self.send_batch_size, 0, self.timeout)
