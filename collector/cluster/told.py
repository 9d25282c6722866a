"""What the workers of a machine have and know of the cluster, for the processes beside them: a file each, written once a second.

    DIR/cluster/<worker>.json   {"pid", "at_unix_ms", "partitions": {number: status}, "others": {number: `Heard`}, "taking": {number: unix_ms}}

`status` is what the owner of a partition tells in the topic `status` (collector/cluster/status.py), and besides "unread": {pipeline: {domain: records}}.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson

FOLDER = "cluster"
FRESH_SECS = 10.0
"""What is older is of a worker that has ended, or hangs."""


class Heard(NamedTuple):
    """What an owner told last of a partition.

    Args:
        since_unix_ms: when it took the partition; 0: it did not say.
        unread, oldest_unix_ms: records that its slowest pipeline has not processed, and when the oldest payload among them was received.
        queued: records that wait for exporters, for each of them.
    """

    owner: str
    worker: int
    at_unix_ms: int
    since_unix_ms: int = 0
    unread: int = 0
    oldest_unix_ms: int = 0
    queued: int = 0

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError, TypeError, AttributeError: it is none."""
        lag = list(status.get("lag", {}).values())
        return cls(
            str(status["owner"]), int(status["worker"]), int(status["at_unix_ms"]), int(status.get("since_unix_ms", 0)),
            max((int(each["records"]) for each in lag), default=0),
            min((int(each["oldest_unix_ms"]) for each in lag if each["oldest_unix_ms"]), default=0),
            sum(int(each["records"]) for each in status.get("queues", {}).values()),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What one worker told last.

    Args:
        partitions: those that it owns → their status.
        others: every partition of which anybody ever told → what.
        taking: those that it is making its own (restoring) → since when.
    """

    pid: int = 0
    at_unix_ms: int = 0
    partitions: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    others: Mapping[int, Heard] = field(default_factory=dict)
    taking: Mapping[int, int] = field(default_factory=dict)

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
        "taking": {str(number): since for number, since in told.taking.items()},
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
        {int(number): Heard(*each) for number, each in text["others"].items()},
        {int(number): int(since) for number, since in text.get("taking", {}).items()},
    )


def owned(root: Path) -> Mapping[int, Mapping[str, Any]]:
    """Partition → its status, of those that this machine owns now."""
    return {number: status for told in told_by_all(root).values() for number, status in told.partitions.items()}


def numbers(partitions: Iterable[int]) -> str:
    """0 to 3, 7: for people."""
    spans: list[list[int]] = []
    for number in partitions:
        if spans and spans[-1][-1] == number - 1:
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number])
    return ", ".join(" to ".join(map(str, span)) for span in spans)
