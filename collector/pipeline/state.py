"""The `State` a processor sees during a step: what it has committed, under what the step has changed so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.ledger.interface import Ledger
from collector.ledger.state import check_state_key

Changes = dict[tuple[str, bytes], bytes | None]
"""(processor, key) → new value; None deletes. They become `Commit.state`."""


class Overlay:
    """One processor's keys. Reads see its own writes at once; nothing is on disk before the commit."""

    def __init__(self, ledger: Ledger, pipeline: str, processor: str, changes: Changes) -> None:
        self._committed: Mapping[bytes, bytes] = ledger.state(pipeline, processor)
        self._pipeline = pipeline
        self._processor = processor
        self._changes = changes

    def get(self, key: bytes) -> bytes | None:
        """The newest value, None when there is none."""
        if (self._processor, key) in self._changes:
            return self._changes[self._processor, key]
        return self._committed.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value. Raises `ValueError` for a key of more than some 400 bytes."""
        check_state_key(self._pipeline, self._processor, key)
        self._changes[self._processor, key] = value

    def delete(self, key: bytes) -> None:
        """Forget a key, whether it is there or not."""
        self._changes[self._processor, key] = None

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The pairs whose key begins with `prefix`, by key."""
        found: dict[bytes, bytes | None] = dict(self._scan_committed(prefix))
        for (processor, key), value in self._changes.items():
            if processor == self._processor and key.startswith(prefix):
                found[key] = value
        return sorted((key, value) for key, value in found.items() if value is not None)

    def _scan_committed(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        scan = getattr(self._committed, "scan", None)
        if scan is not None:
            committed: Sequence[tuple[bytes, bytes]] = scan(prefix)
            return committed
        return [(key, value) for key, value in self._committed.items() if key.startswith(prefix)]
