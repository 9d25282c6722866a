"""Counts what it is given; delivery's account shows the records."""

from __future__ import annotations

from collections.abc import Sequence

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Verdicts
from exporters.nop.config import NopConfig


class NopExporter:
    """Every request is delivered at once."""

    def __init__(self, config: NopConfig, context: Context) -> None:
        del config, context
        self.requests = 0

    async def start(self) -> None:
        """Nothing to open."""

    def encode(self, batch: LogBatch) -> None:
        """Nothing is encoded."""
        del batch

    def encode_payloads(self, payloads: Sequence[bytes]) -> None:
        """Payloads are not even decoded."""
        del payloads

    async def send(self, request: None) -> None:
        """Count."""
        del request
        self.requests += 1

    def classify(self, answer: object) -> Verdicts:
        """Always delivered."""
        del answer
        return [Ok()]

    async def shutdown(self) -> None:
        """Nothing to close."""
