"""Writes requests as whole messages, to one file or to one for each value of a resource attribute."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import zstandard

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import lines
from collector.documents.models import texts
from collector.outcomes import Ok, Retry, Verdicts
from exporters.file.config import FileConfig
from exporters.file.output import Output
from otlp_wire import encode, encode_json

_LENGTH = 4
_MISSING = "MISSING"

Writes = Sequence[tuple[str, bytes]]
"""(path, whole messages)"""


class FileExporter:
    """`encode` makes messages, `send` appends them and returns when they are on disk."""

    def __init__(self, config: FileConfig, context: Context) -> None:
        del context
        self._config = config
        self._writing = asyncio.Lock()
        self._outputs: OrderedDict[str, Output] = OrderedDict()

    async def start(self) -> None:
        """Open the file; raises OSError. Files of `group_by` are opened when their first record comes."""
        if not self._config.group_by.enabled:
            await asyncio.to_thread(self._output, self._config.path)

    def encode(self, batch: LogBatch) -> Writes:
        """One message for each file."""
        grouping = self._config.group_by
        if not grouping.enabled:
            return [(self._config.path, self._message(batch))]
        segments = batch.resource_attribute(grouping.resource_attribute).fill_null(_MISSING)
        return [
            (self._path(segment), self._message(batch.filter(segments == segment)))
            for segment in segments.unique(maintain_order=True).to_list()
        ]

    async def send(self, request: Writes) -> None:
        """Append, one request after the other. A repeated request may double what it wrote to its first files."""
        async with self._writing:
            await asyncio.to_thread(self._write, request)

    def classify(self, answer: object) -> Verdicts:
        """A full disk or a missing right may pass."""
        if isinstance(answer, OSError):
            return [Retry(f"cannot write: {answer.strerror or type(answer).__name__}")]
        return [Retry(type(answer).__name__)] if isinstance(answer, Exception) else [Ok()]

    async def shutdown(self) -> None:
        """Close the files."""
        async with self._writing:
            while self._outputs:
                self._outputs.popitem()[1].close()

    def _message(self, batch: LogBatch) -> bytes:
        body = self._body(batch)
        if self._config.compression == "zstd":
            body = zstandard.ZstdCompressor(level=self._config.compression_params.level or 1).compress(body)
        if self._config.framed:
            return len(body).to_bytes(_LENGTH, "big") + body
        return body if body.endswith(b"\n") else body + b"\n"

    def _body(self, batch: LogBatch) -> bytes:
        match self._config.format:
            case "json":
                return encode_json(batch)
            case "proto":
                return encode(batch)
            case model:
                return lines(texts(batch, model, self._config))

    def _path(self, segment: str) -> str:
        """The value in place of `*`, kept inside the folder: a sender must not choose other places."""
        parts = [part for part in segment.replace("\0", "").split("/") if part not in ("", ".", "..")]
        return self._config.path.replace("*", "/".join(parts) or _MISSING)

    def _write(self, request: Writes) -> None:
        for path, message in request:
            self._output(path).write(message)

    def _output(self, path: str) -> Output:
        if path in self._outputs:
            self._outputs.move_to_end(path)
            return self._outputs[path]
        while len(self._outputs) >= self._config.group_by.max_open_files:
            self._outputs.popitem(last=False)[1].close()
        file = Path(path)
        if self._config.create_directory or self._config.group_by.enabled:
            file.parent.mkdir(int(self._config.directory_permissions, 8), parents=True, exist_ok=True)
        self._outputs[path] = Output(file, self._config.framed, self._config.rotation)
        return self._outputs[path]
