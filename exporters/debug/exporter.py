"""Writes batches as text. A batch left out by sampling counts as delivered, as in otelcol."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Retry, Verdicts
from exporters.debug.config import DebugConfig
from exporters.debug.text import blocks, lines, summary

_FORMATS: dict[str, Callable[[LogBatch], str]] = {"basic": summary, "normal": lines, "detailed": blocks}


class DebugExporter:
    """`encode` makes text on delivery's threads, `send` writes it."""

    def __init__(self, config: DebugConfig, context: Context) -> None:
        self._id = context.id
        self._format = _FORMATS[config.verbosity]
        self._paths = ["stderr"] if config.use_internal_logger else config.output_paths
        self._sampling = Sampling(config.sampling_initial, config.sampling_thereafter)

    async def start(self) -> None:
        """Files are opened for each write; here it is only tried. Raises OSError."""
        await asyncio.to_thread(self._write, "")

    def encode(self, batch: LogBatch) -> str | None:
        """The text, None when this batch is not shown."""
        return self._format(batch) if self._sampling.shows() else None

    async def send(self, request: str | None) -> None:
        """Write to every path."""
        if request is not None:
            await asyncio.to_thread(self._write, request)

    def classify(self, answer: object) -> Verdicts:
        """Only writing can fail."""
        return [Retry(f"cannot write: {type(answer).__name__}")] if isinstance(answer, Exception) else [Ok()]

    async def shutdown(self) -> None:
        """Nothing stays open."""

    def _write(self, text: str) -> None:
        for path in self._paths:
            if path in ("stdout", "stderr"):
                stream = sys.stdout if path == "stdout" else sys.stderr
                stream.write(text)
                stream.flush()
            else:
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(text)


class Sampling:
    """In each second the first `initial` batches, then one in `thereafter`. Thread-safe."""

    def __init__(self, initial: int, thereafter: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._initial = initial
        self._thereafter = thereafter
        self._clock = clock
        self._lock = threading.Lock()
        self._second = -1
        self._seen = 0

    def shows(self) -> bool:
        """Whether the next batch is shown."""
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._seen = second, 0
            self._seen += 1
            beyond = self._seen - self._initial
            return beyond <= 0 or (self._thereafter > 0 and beyond % self._thereafter == 0)
