"""A transaction that is never committed: explaining changes no state."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.batch import LogBatch


class Aside:
    """`Work` and `State` of one record."""

    def __init__(self) -> None:
        self.now_unix_nano = time.time_ns()
        self._values: dict[bytes, bytes] = {}

    def state(self, domain: str) -> Aside:  # noqa: ARG002  a record has one
        """Of its domain."""
        return self

    def get(self, name: bytes) -> bytes | None:
        """What was put there."""
        return self._values.get(name)

    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """Those that were put there."""
        return {name: self._values[name] for name in names if name in self._values}

    def put(self, name: bytes, value: bytes) -> None:
        """Kept for as long as this is asked."""
        self._values[name] = value

    def delete(self, name: bytes) -> None:
        """Forget it."""
        self._values.pop(name, None)

    def scan(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        """By name."""
        return [(name, value) for name, value in sorted(self._values.items()) if name.startswith(prefix)]

    def excess_bytes(self) -> int:
        """Nothing need be forgotten."""
        return 0

    def count(self, domain: str, outcome: str, records: int) -> None:
        """Nothing is counted."""

    def emit(self, kind: str, records: LogBatch, *, parents: object = None, rule: str = "") -> None:
        """Nothing is made."""

    def wake(self, domain: str, name: str, at_unix_nano: int | None) -> None:
        """Nothing comes later."""

    def release(self, records: LogBatch) -> None:
        """Nothing was kept."""
