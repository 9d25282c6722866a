"""`memory_limiter` as a step of the pipeline: records pass through.

What is in the pipeline was acknowledged and lies on disk; refusing it here would help nobody. The refusal happens at
the door, by what `MemoryLimiterConfig.limits` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.component import Context, Work
from processors.memory_limiter.config import MemoryLimiterConfig

if TYPE_CHECKING:
    from collector.batch import LogBatch


class MemoryLimiterProcessor:
    """Gives every batch on unchanged."""

    def __init__(self, config: MemoryLimiterConfig, context: Context) -> None:
        self.config = config
        self.id = context.id

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - the contract's signature
        """The same batch."""
        return batch
