"""Results of programs that tests cannot start everywhere, kept as JSON lines, compressed when the name ends with `.gz`."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson
import yaml

Pairs = Mapping[str, tuple[object, object]]
"""By input what logboom makes of it, and what the other does."""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """One object a line."""
    data = path.read_bytes()
    return [orjson.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    """The same lines give the same file."""
    data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


class Differences:
    """Inputs that are meant to give another result: a YAML list of `why`, `inputs` (patterns) and `variants` (absent = all)."""

    def __init__(self, path: Path, variants: Collection[str]) -> None:
        self.groups: list[dict[str, Any]] = yaml.safe_load(path.read_text())
        self._variants = variants

    def meant(self, variant: str, name: str) -> bool:
        """Whether the input stands on the list for this variant."""
        return any(
            variant in group.get("variants", self._variants)
            and any(fnmatchcase(name, pattern) for pattern in group["inputs"])
            for group in self.groups
        )

    def unmeant(self, variant: str, pairs: Pairs) -> dict[str, tuple[object, object]]:
        """The pairs that differ and do not stand on the list."""
        return {
            name: pair for name, pair in pairs.items() if pair[0] != pair[1] and not self.meant(variant, name)
        }  # fmt: skip

    def idle(self, pairs: Mapping[str, Pairs]) -> list[str]:
        """Patterns under which nothing differs in any of their variants: they could only hide something."""
        return [
            pattern
            for group in self.groups
            for pattern in group["inputs"]
            if not any(
                fnmatchcase(name, pattern) and own != other
                for variant in group.get("variants", self._variants)
                for name, (own, other) in pairs[variant].items()
            )
        ]
