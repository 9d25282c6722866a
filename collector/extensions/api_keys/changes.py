"""What became of keys between two looks at their file, for who tells it as events."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from collector.component import CredentialChange
from collector.domains.keys import Key

_MOST = 1000
_DAY = 86_400
DAYS = (1, 3, 14)
"""So long before its end a key is told of."""


class Changes:
    """Bounded; what nobody asks for is forgotten, the oldest first. What is there at the first look is no change."""

    def __init__(self) -> None:
        self._before: Mapping[str, Key] | None = None
        self._told_days: dict[str, int] = {}
        self._waiting: deque[CredentialChange] = deque(maxlen=_MOST)

    def looked(self, keys: Iterable[Key]) -> None:
        """All keys, as they are now."""
        now = {key.id: key for key in keys}
        if self._before is not None:
            self._waiting.extend(_between(self._before, now))
        self._before = now

    def passed(self, now: float) -> None:
        """Time has: who ends soon?"""
        for key in (self._before or {}).values():
            if key.expires_at is None or key.objection(now):
                continue
            left = key.expires_at - now
            days = next((days for days in DAYS if left <= days * _DAY), 0)
            if days and days < self._told_days.get(key.id, DAYS[-1] + 1):
                self._told_days[key.id] = days
                self._waiting.append(CredentialChange("expiring", key.id, key.domain, key.name, days=days))

    def ending(self, now: float) -> Mapping[tuple[str, str], float]:
        """(domain, id) → when it ends, of good keys that end within the longest of `DAYS` and have no heir; at most so many, the next ones first."""
        until = now + DAYS[-1] * _DAY
        soon = sorted(
            (key.expires_at, key.domain, key.id)
            for key in (self._before or {}).values()
            if key.expires_at is not None and key.expires_at <= until and not key.successor and not key.objection(now)
        )
        return {(domain, ident): at for at, domain, ident in soon[:_MOST]}

    def taken(self) -> Sequence[CredentialChange]:
        """Those since the last call."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken


def _between(before: Mapping[str, Key], now: Mapping[str, Key]) -> Iterator[CredentialChange]:
    heirs = {key.successor: key.id for key in now.values() if key.successor}
    for ident, key in now.items():
        old = before.get(ident)
        if old is None and ident in heirs:
            yield CredentialChange("rotated", ident, key.domain, key.name, predecessor=heirs[ident])
        elif old is None:
            yield CredentialChange("created", ident, key.domain, key.name)
        if key.revoked_at is not None and (old is None or old.revoked_at is None):
            yield CredentialChange("revoked", ident, key.domain, key.name)
