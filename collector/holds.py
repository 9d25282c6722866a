"""Legal holds: of which domains nothing may be deleted, and why. Whoever deletes asks before: sweeps of stores, dead letters, archives,
and the command that erases.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

Held = Callable[[str, "str | None"], str]
"""(domain, level; None = any of its levels) → why it is held; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing of `domain` may be deleted.

    Args:
        reason: why, for whoever is refused.
        levels: records of these levels alone; empty: of all. Events, counts and dead letters have no level by which they could be told
            apart: they stay whichever are named.
        until_unix_nano: when it ends; 0: when the configuration no longer has it.
    """

    domain: str
    reason: str
    levels: frozenset[str] = frozenset()
    until_unix_nano: int = 0

    def stands(self, now_unix_nano: int) -> bool:
        """Whether it has not ended."""
        return not self.until_unix_nano or now_unix_nano < self.until_unix_nano


@dataclass(frozen=True, slots=True)
class Holds:
    """All that the configuration has. Safe to share between threads."""

    all: tuple[Hold, ...] = ()

    def standing(self, domain: str, now_unix_nano: int) -> tuple[Hold, ...]:
        """Those of a domain that have not ended."""
        return tuple(hold for hold in self.all if hold.domain == domain and hold.stands(now_unix_nano))

    def why(self, domain: str, level: str | None = None, now_unix_nano: int | None = None) -> str:
        """Why records of a level may not be deleted now, or anything of the domain where `level` is None; empty: they may."""
        now = time.time_ns() if now_unix_nano is None else now_unix_nano
        reasons = (
            hold.reason
            for hold in self.standing(domain, now)
            if level is None or not hold.levels or level in hold.levels
        )
        return next(reasons, "")

    def stand(self, now_unix_nano: int | None = None) -> bool:
        """Whether any does, of whichever domain: for what can't be told apart by domain."""
        now = time.time_ns() if now_unix_nano is None else now_unix_nano
        return any(hold.stands(now) for hold in self.all)

    def at(self, now_unix_nano: int) -> Held:
        """`why`, as of one moment: a sweep asks many times."""
        return partial(self.why, now_unix_nano=now_unix_nano)


NO_HOLDS = Holds()
"""No hold is configured."""


def nothing_held(domain: str, level: str | None) -> str:  # noqa: ARG001 - a `Held`
    """No hold is configured."""
    return ""
