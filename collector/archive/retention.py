"""How long what of an archive stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.archive.names import Place
from collector.holds import Held
from collector.levels import LEVELS


def _nothing_held(place: Place) -> bool:
    del place
    return False


def held_by(held: Held) -> Callable[[Place], bool]:
    """Whether records of any level that may be within an object are under a legal hold."""
    return lambda place: any(held(place.domain, level) for level in place.levels)


@dataclass(frozen=True, slots=True)
class Kept:
    """Seconds to keep records: `levels` by level, `default` for all others; 0 = for ever."""

    default: float = 0.0
    levels: Mapping[str, float] = field(default_factory=dict)

    def age(self, level: str) -> float:
        """Of one level."""
        return self.levels.get(level, self.default)

    def classes(self) -> Sequence[tuple[str, ...]]:
        """The levels that are kept for the same time, together."""
        apart: dict[float, list[str]] = {}
        for level in LEVELS:
            apart.setdefault(self.age(level), []).append(level)
        return [tuple(levels) for levels in apart.values()]


@dataclass(frozen=True, slots=True)
class Retention:
    """`everywhere`, unless `domains` names the domain. An object goes when none of the levels that may be within is kept any more; `held` says
    where nothing may go."""

    everywhere: Kept = Kept()
    domains: Mapping[str, Kept] = field(default_factory=dict)
    held: Callable[[Place], bool] = _nothing_held

    def classes(self, domain: str) -> Sequence[tuple[str, ...]]:
        """The levels that stand in objects of their own."""
        return self._of(domain).classes()

    def least(self, domain: str) -> float:
        """Seconds before which nothing of a domain goes; 0: nothing ever does."""
        ages = [self._of(domain).age(level) for level in LEVELS]
        return min((age for age in ages if age), default=0.0)

    def expired(self, place: Place, written: float, now: float) -> bool:
        """Whether an object may go: its hour, and when it was written, are both longer ago. A sender with a wrong clock loses nothing that
        just came."""
        ages = [self._of(place.domain).age(level) for level in place.levels]
        return all(ages) and max(place.ended, written) + max(ages) <= now and not self.held(place)

    def _of(self, domain: str) -> Kept:
        return self.domains.get(domain, self.everywhere)
