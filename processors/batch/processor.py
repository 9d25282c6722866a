"""`batch` as a step of the pipeline: records pass through; its options steer the worker (`BatchConfig.step_limits`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.component import Context, Work
from processors.batch.config import BatchConfig

if TYPE_CHECKING:
    from collector.batch import LogBatch


class BatchProcessor:
    """Gives every batch on unchanged."""

    def __init__(self, config: BatchConfig, context: Context) -> None:
        self.limits = config.step_limits()
        self.id = context.id

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - the contract's signature
        """The same batch."""
        return batch
