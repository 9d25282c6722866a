"""Source maps of JavaScript: where a place in a bundle comes from, so that traces of minified code are grouped by what people wrote.

A map lies in a directory, by release or for all: `RELEASE/app.js.map`, `app.js.map`. Read once and kept while it is asked for, `_MOST_MAPS` at
a time; one that is larger than `_MOST_BYTES`, is an index of others, or can't be read is passed over.
"""

from __future__ import annotations

import bisect
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

_MOST_MAPS = 16
_MOST_BYTES = 64 << 20
_MOST_MISSES = 4096
_UP = 200
"""Lines above a place in which its function is looked for."""
_NAME = re.compile(
    r"(?:\bfunction\s*\*?\s*(?P<a>[\w$]+)\s*\(|\b(?P<b>[\w$]+)\s*[:=]\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>|[\w$]+\s*=>)"
    r"|^\s*(?:(?:static|async|public|private|protected|get|set)\s+)*(?P<c>[\w$]+)\s*\([^()]*\)\s*(?::\s*[\w<>\[\]| ]+)?\{)"
)
_NO_NAMES = frozenset({"if", "for", "while", "switch", "catch", "return", "function", "with"})
_PLACE = re.compile(
    r"^(?P<front>\s*at (?:async )?)(?P<fn>[^()\n]*? \()?(?P<file>[^()\s]+?):(?P<line>\d+):(?P<column>\d+)(?P<back>\)?)\s*$"
    r"|^(?P<gfn>[^@\s]*)@(?P<gfile>\S+?):(?P<gline>\d+):(?P<gcolumn>\d+)$",
    re.MULTILINE,
)
_RELEASE = re.compile(r"[\w.@+-]+(?:/[\w.@+-]+)*")
_DIGITS = np.full(256, -1, dtype=np.int64)
for _value, _character in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):
    _DIGITS[_character] = _value
_log = logging.getLogger(__name__)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SourceMap:
    """A map. `columns[starts[l]:starts[l + 1]]`: where segments of line l (from 0) begin; `sources` and `lines` of each, -1: none."""

    names: list[str]
    contents: list[str | None]
    starts: Numbers
    columns: Numbers
    sources: Numbers
    lines: Numbers

    @classmethod
    def read(cls, document: dict[str, Any]) -> SourceMap:
        """Raises `ValueError` for what is none."""
        if document.get("version") != 3 or not isinstance(document.get("mappings"), str):
            raise ValueError("no source map of version 3 with mappings")
        starts, columns, sources, lines = _decoded(document["mappings"].encode("ascii", "replace"))
        root = document.get("sourceRoot") or ""
        names = [f"{root}{name or ''}" for name in document.get("sources") or []]
        return cls(names, list(document.get("sourcesContent") or []), starts, columns, sources, lines)

    def origin(self, line: int, column: int) -> tuple[str, int, str] | None:
        """File, line (from 1) and function that a place of the bundle (both from 1) comes from."""
        if not 0 < line < len(self.starts):
            return None
        first, end = int(self.starts[line - 1]), int(self.starts[line])
        at = first + bisect.bisect_right(self.columns[first:end], column - 1) - 1
        if at < first or not 0 <= self.sources[at] < len(self.names):
            return None
        source, original = int(self.sources[at]), int(self.lines[at]) + 1
        return self.names[source].partition("?")[0], original, self._function(source, original)

    def _function(self, source: int, line: int) -> str:
        """The function that a line of a source stands in, as far as the lines above say."""
        text = self._lines_of.get(source)
        if text is None:
            content = self.contents[source] if source < len(self.contents) else None
            text = self._lines_of[source] = content.splitlines() if content else []
        for above in range(min(line, len(text)) - 1, max(-1, line - _UP), -1):
            if found := _NAME.search(text[above][:500]):
                name = found["a"] or found["b"] or found["c"]
                if name and name not in _NO_NAMES:
                    return name
        return ""

    @cached_property
    def _lines_of(self) -> dict[int, list[str]]:
        return {}


def _decoded(mappings: bytes) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Base64 VLQ, all at once: differences become sums, those of columns line by line."""
    raw = np.frombuffer(mappings, dtype=np.uint8)
    digit = _DIGITS[raw]
    is_digit = digit >= 0
    line_of = np.cumsum(raw == ord(";"))
    segment_of = np.cumsum((raw == ord(";")) | (raw == ord(",")))
    digits, lines_at, segments_at = digit[is_digit], line_of[is_digit], segment_of[is_digit]
    if not digits.size:
        return np.zeros(int(line_of[-1]) + 2 if raw.size else 1, dtype=np.int64), *(np.zeros(0, dtype=np.int64),) * 3
    last = (digits & 32) == 0
    first = np.append(True, last[:-1])
    number_of = np.cumsum(first) - 1
    position = np.arange(digits.size) - np.flatnonzero(first)[number_of]
    values = np.add.reduceat((digits & 31) << np.minimum(5 * position, 60), np.flatnonzero(first))
    signed = np.where(values & 1, -(values >> 1), values >> 1)
    segment, line = segments_at[first], lines_at[first]
    opens = np.append(True, segment[1:] != segment[:-1])
    begins = np.flatnonzero(opens)
    fields = np.diff(np.append(begins, signed.size))
    column = _by_line(signed[begins], line[begins])
    placed = fields >= 4
    source, original = (np.zeros(begins.size, dtype=np.int64) for _ in range(2))
    source[placed], original[placed] = signed[begins[placed] + 1], signed[begins[placed] + 2]
    source, original = np.cumsum(source), np.cumsum(original)
    source[~placed] = -1
    starts = np.searchsorted(line[begins], np.arange(int(line_of[-1]) + 2))
    return starts.astype(np.int64), column, source, original


def _by_line(differences: Numbers, lines: Numbers) -> Numbers:
    sums = np.cumsum(differences)
    first = np.append(True, lines[1:] != lines[:-1])
    before = (sums - differences)[first]
    own: Numbers = sums - before[np.cumsum(first) - 1]
    return own


class SourceMaps:
    """Those below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._kept: OrderedDict[Path, SourceMap | None] = OrderedDict()

    def mapped(self, stack: str, release: str) -> str:
        """A trace with the places of bundles as they were written."""
        return _PLACE.sub(lambda match: self._line(match, release), stack)

    def _line(self, match: re.Match[str], release: str) -> str:
        v8 = match["file"] is not None
        file, line, column = match.group(*(("file", "line", "column") if v8 else ("gfile", "gline", "gcolumn")))
        found = self._origin(file, int(line), int(column), release)
        if found is None:
            return match[0]
        source, original, function = found
        name = function or ((match["fn"] or "").removesuffix(" (") if v8 else match["gfn"])
        return f"{match['front'] if v8 else '    at '}{name or '<anonymous>'} ({source}:{original}:1)"

    def _origin(self, file: str, line: int, column: int, release: str) -> tuple[str, int, str] | None:
        name = re.sub(r"[?#].*$", "", file).replace("\\", "/").rpartition("/")[2]
        if not name.endswith(("js", "jsx")):
            return None
        folders = [release, ""] if release and _RELEASE.fullmatch(release) and ".." not in release else [""]
        for folder in folders:
            found = self._map(self._directory / folder / f"{name}.map")
            if found is not None:
                return found.origin(line, column)
        return None

    def _map(self, path: Path) -> SourceMap | None:
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        self._kept[path] = _loaded(path)
        read = [kept for kept, found in self._kept.items() if found is not None]
        for gone in read[: max(0, len(read) - _MOST_MAPS)]:
            del self._kept[gone]
        while len(self._kept) > _MOST_MISSES:
            self._kept.popitem(last=False)
        return self._kept[path]


def _loaded(path: Path) -> SourceMap | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES >> 20} MiB")
        return SourceMap.read(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError, IndexError) as problem:
        _log.warning("the source map %s is passed over: %s", path, problem)
        return None
