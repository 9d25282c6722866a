"""Tells of requests of other signals; they are not taken apart."""

from __future__ import annotations

from collector.batch import LogBatch
from collector.component import Context
from exporters.debug.config import DebugConfig
from exporters.debug.exporter import DebugExporter
from otlp_wire.signals import opened


class DebugCarrier(DebugExporter):
    """One line for those that are sent together."""

    def __init__(self, config: DebugConfig, context: Context) -> None:
        super().__init__(config, context)
        (self._signal,) = context.signals

    def encode(self, batch: LogBatch) -> str | None:
        """How many, and how large; None when they are not shown."""
        requests = opened(batch)
        size = sum(map(len, requests))
        return f"{self._signal}: {len(requests)} requests, {size} bytes\n" if self._sampling.shows() else None
