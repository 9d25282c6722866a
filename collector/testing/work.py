"""The transaction of a processor, in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.component import Due, Ticking


@dataclass
class MemoryState:
    """A `State` that keeps everything in a dict; `excess` is what it tells its owner to forget."""

    values: dict[bytes, bytes] = field(default_factory=dict)
    excess: int = 0

    def get(self, name: bytes) -> bytes | None:
        return self.values.get(name)

    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        return {name: self.values[name] for name in names if name in self.values}

    def put(self, name: bytes, value: bytes) -> None:
        self.values[name] = value

    def delete(self, name: bytes) -> None:
        self.values.pop(name, None)

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        return sorted((name, value) for name, value in self.values.items() if name.startswith(prefix))

    def excess_bytes(self) -> int:
        return self.excess


class Emitted(NamedTuple):
    """What a component gave to `emit`."""

    kind: str
    records: LogBatch
    parents: pl.Series | None
    rule: str


@dataclass
class FakeWork:
    """A `Work` whose clock stands still until the test moves it. `states`: domain → what is kept of it; `timers`: (domain,
    name) → when it is due."""

    now_unix_nano: int = 1_700_000_000_000_000_000
    states: defaultdict[str, MemoryState] = field(default_factory=lambda: defaultdict(MemoryState))
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    emitted: list[Emitted] = field(default_factory=list)
    timers: dict[tuple[str, str], int] = field(default_factory=dict)
    released: list[LogBatch] = field(default_factory=list)

    def state(self, domain: str) -> MemoryState:
        return self.states[domain]

    def count(self, domain: str, outcome: str, records: int) -> None:
        self.counts[domain, outcome] += records

    def emit(self, kind: str, records: LogBatch, *, parents: pl.Series | None = None, rule: str = "") -> None:
        self.emitted.append(Emitted(kind, records, parents, rule))

    def wake(self, domain: str, name: str, at_unix_nano: int | None) -> None:
        self.timers.pop((domain, name), None)
        if at_unix_nano is not None:
            self.timers[domain, name] = at_unix_nano

    def release(self, records: LogBatch) -> None:
        self.released.append(records)

    def run_due(self, component: Ticking) -> int:
        """Tick for all that is due by now, the earliest first; how much it was."""
        due = sorted((at, *key) for key, at in self.timers.items() if at <= self.now_unix_nano)
        for at, domain, name in due:
            del self.timers[domain, name]
            component.tick(Due("", domain, name, at), self)
        return len(due)
