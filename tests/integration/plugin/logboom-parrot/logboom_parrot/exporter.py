"""A request is a file, named by what is in it: one that is sent again is the same file."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Retry, Verdicts
from logboom_parrot.config import ParrotConfig


class Phrase(NamedTuple):
    """What is written, and what the file's name ends with."""

    text: bytes
    suffix: str


class ParrotExporter:
    """An `Exporter` that is also a `PayloadExporter` and is `Counting`."""

    def __init__(self, config: ParrotConfig, context: Context) -> None:
        self._directory: Path = config.directory
        self._id = context.id
        self._squawks = 0

    async def start(self) -> None:
        """Make the directory. Raises OSError."""
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)

    def encode(self, batch: LogBatch) -> Phrase:
        """A line a record."""
        lines = batch.column("body").fill_null("").str.join("\n").item()
        return Phrase(f"{lines}\n".encode(), "txt")

    def encode_payloads(self, payloads: Sequence[bytes]) -> Phrase:
        """As they came: messages of protobuf that follow each other are one."""
        return Phrase(b"".join(payloads), "otlp")

    async def send(self, request: Phrase) -> None:
        """Write and rename, so that nobody reads half a file."""
        await asyncio.to_thread(self._write, request)
        self._squawks += 1

    def classify(self, answer: object) -> Verdicts:
        """Whatever the disk says may pass."""
        return [Retry(type(answer).__name__) if isinstance(answer, Exception) else Ok()]

    async def shutdown(self) -> None:
        """Nothing to close."""

    def counters(self) -> Mapping[str, int]:
        """Declared in the factory."""
        return {"squawks": self._squawks}

    def _write(self, phrase: Phrase) -> None:
        name = hashlib.blake2b(phrase.text, digest_size=16).hexdigest()
        half = self._directory / f".{name}"
        half.write_bytes(phrase.text)
        half.rename(self._directory / f"{name}.{phrase.suffix}")
