"""Results of programs that tests cannot start everywhere, kept as JSON lines, compressed when the name ends with `.gz`."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson


def read_lines(path: Path) -> list[dict[str, Any]]:
    """One object a line."""
    data = path.read_bytes()
    return [orjson.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    """The same lines give the same file."""
    data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)
