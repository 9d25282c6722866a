"""A ledger that forgets everything at the end: state and due times of one run, found by their owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from collector.ledger.interface import Commit, StateKey
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.work import MemoryState


class Scratch(MemoryLedger):
    """A `MemoryLedger` without exporters whose state is kept by component and domain: a run has many steps."""

    def __init__(self, pipelines: Sequence[str]) -> None:
        super().__init__([], pipelines[0], fed={name: [] for name in pipelines[1:]})
        self._kept: defaultdict[tuple[str, str], dict[bytes, bytes]] = defaultdict(dict)

    def _keep(self, commit: Commit) -> None:
        for key, value in commit.state.items():
            _put(self._kept[key[:2]], key, value)

    def state(self, component: str, domain: str) -> MemoryState:
        """What a component has committed of a domain; it has no budget."""
        return MemoryState(self._kept[component, domain])

    def domains(self, component: str) -> Sequence[str]:
        """See `Ledger.domains`."""
        return sorted({domain for owner, domain in self._kept if owner == component and self._kept[owner, domain]})


def _put(kept: dict[bytes, bytes], key: StateKey, value: bytes | None) -> None:
    if value is None:
        kept.pop(key[2], None)
    else:
        kept[key[2]] = value
