"""The header of a file: its first lines, as far as they fit a pattern, taken apart once, and set on all records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import re2

from collector.ingress.cutting import newline_of
from collector.ingress.cutting_options import codec_of
from collector.journal.text import Scalar
from collector.receivers.file_log.config import Header
from collector.stanza.frame import Frame, Table
from collector.stanza.graph import graph_of

_MOST_BYTES = 1 << 20


class Headings:
    """Reads headers; see `tailer.Heading`. What is longer than a megabyte is none."""

    def __init__(self, header: Header, encoding: str) -> None:
        self._pattern = re2.compile(header.pattern)
        self._graph = graph_of(header.metadata_operators)
        self._codec = codec_of(encoding) or "utf-8"
        self._newline, self._unit = newline_of(self._codec)

    def __call__(self, read: Callable[[int, int], bytes]) -> tuple[int, Mapping[str, Scalar]] | None:
        said: dict[str, Scalar] = {}
        data, at = read(0, _MOST_BYTES), 0
        while (end := self._end(data, at)) > 0:
            line = data[at:end].decode(self._codec, "replace").strip()
            if self._pattern.search(line) is None:
                return at, said
            said |= self._read(line)
            at = end
        return (at, said) if len(data) == _MOST_BYTES else None

    def _end(self, data: bytes, at: int) -> int:
        """Behind the line's end; 0: it has none."""
        end = data.find(self._newline, at)
        while end >= 0 and (end - at) % self._unit:
            end = data.find(self._newline, end + 1)
        return end + len(self._newline) if end >= 0 else 0

    def _read(self, line: str) -> Mapping[str, Scalar]:
        frame = Frame([line], Table(1), Table(1))
        self._graph.run(frame)
        found = frame.attributes.row_maps(np.zeros(1, dtype=np.int64))[0]
        return {
            key: value if isinstance(value, str | bool | int | float) else json.dumps(value, default=str)
            for key, value in found.items()
        }
