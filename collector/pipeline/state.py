"""The `State` a component sees during a step: what it has committed, under what the step has changed so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.ledger.interface import Ledger, StateKey
from collector.ledger.state import check_state_key

Changes = dict[StateKey, bytes | None]
"""(component, domain, name) → new value; None deletes. They become `Commit.state`."""


class Overlay:
    """What one component keeps of one domain. Reads see its own writes at once; nothing is on disk before the commit."""

    def __init__(self, ledger: Ledger, component: str, domain: str, changes: Changes) -> None:
        self._committed = ledger.state(component, domain)
        self._owner = (component, domain)
        self._changes = changes

    def get(self, name: bytes) -> bytes | None:
        """The newest value, None when there is none."""
        return self.get_many([name]).get(name)

    def get_many(self, names: Iterable[bytes]) -> dict[bytes, bytes]:
        """The newest values of those of `names` that there are."""
        wanted = list(names)
        changed = {name: self._changes[*self._owner, name] for name in wanted if (*self._owner, name) in self._changes}
        unchanged = [name for name in wanted if name not in changed]
        found = self._committed.get_many(unchanged) if unchanged else {}
        return found | {name: value for name, value in changed.items() if value is not None}

    def put(self, name: bytes, value: bytes) -> None:
        """Set a value. Raises `ValueError` for a name of more than some 150 bytes."""
        check_state_key(*self._owner, name)
        self._changes[*self._owner, name] = value

    def delete(self, name: bytes) -> None:
        """Forget a name, whether it is there or not."""
        self._changes[*self._owner, name] = None

    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The pairs whose name begins with `prefix`, by name."""
        found: dict[bytes, bytes | None] = dict(self._committed.scan(prefix))
        for (component, domain, name), value in self._changes.items():
            if (component, domain) == self._owner and name.startswith(prefix):
                found[name] = value
        return sorted((name, value) for name, value in found.items() if value is not None)

    def excess_bytes(self) -> int:
        """See `collector.component.State`."""
        return self._committed.excess_bytes()
