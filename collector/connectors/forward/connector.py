"""All records to all pipelines that it feeds."""

from __future__ import annotations

from collections.abc import Mapping

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, Work
from collector.connectors.forward.config import ForwardConfig


class Forward:
    """See README.md."""

    takes_events = ALL_EVENTS
    passes_whole = True

    def __init__(self, config: ForwardConfig, context: Context) -> None:  # noqa: ARG002  it has no options
        self._targets = context.targets

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:  # noqa: ARG002  it keeps nothing
        """The same batch for each: batches are immutable."""
        return dict.fromkeys(self._targets, batch)
