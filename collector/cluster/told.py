"""What the workers of a machine have and know of the cluster, for the processes beside them: a file each, written once a second.

    DIR/cluster/<worker>.json   {"pid", "at_unix_ms", "partitions": {number: status}, "others": {number: [owner, worker, at_unix_ms]}}

`status` is what the owner of a partition tells in the topic `status` (collector/cluster/status.py).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

FOLDER = "cluster"
FRESH_SECS = 10.0
"""What is older is of a worker that has ended, or hangs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one worker told last.

    Args:
        partitions: those that it owns → their status.
        others: every partition of which anybody ever told → (owner, worker, when).
    """

    pid: int = 0
    at_unix_ms: int = 0
    partitions: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    others: Mapping[int, tuple[str, int, int]] = field(default_factory=dict)

    @property
    def fresh(self) -> bool:
        """Whether its worker lives, as far as anybody can tell."""
        return abs(time.time() * 1000 - self.at_unix_ms) < FRESH_SECS * 1000 and Path(f"/proc/{self.pid}").exists()


def tell(root: Path, worker: int, told: Told) -> None:
    """Write it; a full disk keeps what was there."""
    folder = root / FOLDER
    path = folder / f"{worker}.json"
    draft = path.with_suffix(".new")
    text = {
        "pid": os.getpid(), "at_unix_ms": told.at_unix_ms,
        "partitions": {str(number): status for number, status in told.partitions.items()},
        "others": {str(number): list(each) for number, each in told.others.items()},
    }  # fmt: skip
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.write_bytes(orjson.dumps(text))
        draft.rename(path)


def told_by_all(root: Path, *, living: bool = True) -> Mapping[int, Told]:
    """Worker → what it told last, of those that live."""
    found: dict[int, Told] = {}
    for path in (root / FOLDER).glob("[0-9]*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = _parsed(orjson.loads(path.read_bytes()))
            if told.fresh or not living:
                found[int(path.stem)] = told
    return found


def _parsed(text: Mapping[str, Any]) -> Told:
    return Told(
        int(text["pid"]),
        int(text["at_unix_ms"]),
        {int(number): status for number, status in text["partitions"].items()},
        {int(number): (str(owner), int(worker), int(at)) for number, (owner, worker, at) in text["others"].items()},
    )


def owned(root: Path) -> Mapping[int, Mapping[str, Any]]:
    """Partition → its status, of those that this machine owns now."""
    return {number: status for told in told_by_all(root).values() for number, status in told.partitions.items()}
