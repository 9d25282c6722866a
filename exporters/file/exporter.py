"""Writes requests as whole messages, to one file or to one for each value of a resource attribute."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
import zstandard

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.documents.framing import lines
from collector.documents.models import texts
from collector.outcomes import Retry, Verdicts
from exporters.file.config import FileConfig
from exporters.file.output import Output
from exporters.file.paths import Paths
from exporters.file.writes import Write, verdicts
from otlp_wire import encode, encode_json

T = TypeVar("T")
_LENGTH = 4


class FileExporter:
    """`encode` makes messages, `send` appends them, on a thread of its own, and returns when they are on disk."""

    def __init__(self, config: FileConfig, context: Context) -> None:
        self._config = config
        self._holds = context.holds
        grouping = config.group_by
        self._paths = (
            Paths(config.path, rotates=config.rotation is not None, most=grouping.max_values)
            if grouping.enabled
            else None
        )
        self._thread: ThreadPoolExecutor | None = None
        self._outputs: OrderedDict[str, Output] = OrderedDict()

    async def start(self) -> None:
        """Open the file; raises OSError. Files of `group_by` are opened when their first record comes."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="file")
        if self._paths is None:
            await self._run(self._output, self._config.path)

    def encode(self, batch: LogBatch) -> Sequence[Write]:
        """One part for each file."""
        if self._paths is None:
            return [Write(self._config.path, self._message(batch), np.arange(len(batch), dtype=np.uint32))]
        values = batch.resource_attribute(self._config.group_by.resource_attribute).fill_null("")
        paths = {value: self._paths.of(value) for value in values.unique(maintain_order=True).to_list()}
        named = values.replace_strict(paths, return_dtype=pl.String).rename("path")
        groups = named.to_frame().with_row_index("item").group_by("path", maintain_order=True).agg("item")
        return [
            Write(path, self._message(batch.gather(items)), items.to_numpy())
            for path, items in zip(groups.get_column("path"), groups.get_column("item"), strict=True)
        ]

    async def send(self, request: Sequence[Write]) -> Sequence[Write]:
        """Append what is not on disk yet, one request after the other; gives the parts with what became of them."""
        return await self._run(self._write, request)

    def classify(self, answer: Sequence[Write] | Exception) -> Verdicts:
        """Each part has a verdict of its own. A full disk may pass, and so may a missing right that is not one value's alone."""
        if isinstance(answer, Exception):
            return [Retry(f"cannot write: {type(answer).__name__}")]
        return verdicts(answer, named_by_senders=self._paths is not None)

    async def shutdown(self) -> None:
        """Close the files."""
        if self._thread is not None:
            await self._run(self._close)
            self._thread.shutdown()
            self._thread = None

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        assert self._thread is not None, "not started"
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

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
                return encode_json(normalised(batch))
            case "proto":
                return encode(normalised(batch))
            case model:
                return lines(texts(batch, model, self._config))

    def _write(self, request: Sequence[Write]) -> Sequence[Write]:
        for write in request:
            if write.done:
                continue
            write.error = None
            try:
                write.told = self._output(write.path).write(write.messages)
                write.done = True
            except OSError as error:
                write.error = self._about_the_folder() or error
                self._forget(write.path)
        return request

    def _about_the_folder(self) -> OSError | None:
        """What is wrong with the part of the path that no sender chose."""
        folder = self._paths.folder if self._paths is not None else ""
        if not folder or not Path(folder).exists():
            return None
        if not Path(folder).is_dir():
            return OSError(0, f"{folder} is no folder")
        return None if os.access(folder, os.W_OK | os.X_OK) else OSError(0, f"no right to write in {folder}")

    def _forget(self, path: str) -> None:
        """The next attempt opens the file anew, folders included."""
        output = self._outputs.pop(path, None)
        if output is not None:
            output.close()

    def _close(self) -> None:
        while self._outputs:
            self._outputs.popitem()[1].close()

    def _output(self, path: str) -> Output:
        if path in self._outputs:
            self._outputs.move_to_end(path)
            return self._outputs[path]
        while len(self._outputs) >= self._config.group_by.max_open_files:
            self._outputs.popitem(last=False)[1].close()
        file = Path(path)
        if self._config.create_directory or self._config.group_by.enabled:
            file.parent.mkdir(int(self._config.directory_permissions, 8), parents=True, exist_ok=True)
        self._outputs[path] = Output(file, self._config.framed, self._config.rotation, self._holds.stand)
        return self._outputs[path]
