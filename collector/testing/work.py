"""The transaction of a processor, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class MemoryState:
    """A `State` that keeps everything in a dict."""

    values: dict[bytes, bytes] = field(default_factory=dict)

    def get(self, key: bytes) -> bytes | None:
        return self.values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        self.values.pop(key, None)

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        return sorted((key, value) for key, value in self.values.items() if key.startswith(prefix))


@dataclass
class FakeWork:
    """A `Work` whose clock stands still until the test moves it."""

    now_unix_nano: int = 1_700_000_000_000_000_000
    state: MemoryState = field(default_factory=MemoryState)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, domain: str, outcome: str, records: int) -> None:
        self.counts[domain, outcome] += records
