"""What may be deleted: how long each domain keeps each triage level. `sweeping` does it.

A row goes when it was both stamped and received before the cut: the stamp is what people mean by "older than", and the
time of receipt (the front of the record id) keeps a sender with a wrong clock from losing what just came.
The newest row of all always stays: the rowid must never go back, readers follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collector.base32 import first_record_id
from collector.holds import Held, nothing_held
from collector.levels import LEVELS

MINUTE_NS = 60_000_000_000


def domains_of(table: str) -> str:
    """All domains of a table whose key begins with them, by one index seek each."""
    return f"""WITH RECURSIVE seen(domain) AS (
    SELECT min(domain) FROM {table}
    UNION ALL
    SELECT (SELECT min(domain) FROM {table} WHERE domain > seen.domain) FROM seen WHERE seen.domain IS NOT NULL
) SELECT domain FROM seen WHERE domain IS NOT NULL"""  # noqa: S608 - constants


DOMAINS = domains_of("logs")
"""All domains of the store."""
DELETE_EVENTS = """DELETE FROM logs WHERE rowid IN (SELECT rowid FROM logs INDEXED BY logs_events
    WHERE domain IN (SELECT value FROM json_each(?1)) AND generation IS NOT NULL AND time_unix_nano < ?2 AND record_id < ?3
    AND rowid < (SELECT max(rowid) FROM logs) LIMIT ?4) RETURNING 1"""
"""Parameters: domains as JSON, a time in ns, a record id, rows at most."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Seconds to keep rows: `levels` by level (see `collector.levels`), `default` for all others; `minutes` for counts by minute,
    `events` for what components made, whatever its level; 0 = for ever."""

    default: float = 0.0
    levels: Mapping[str, float] = field(default_factory=dict)
    minutes: float = 0.0
    events: float = 0.0

    def by_age(self) -> Iterable[tuple[float, list[str]]]:
        """(seconds, levels) for each group of levels with a limit."""
        ages: dict[float, list[str]] = {}
        for level in LEVELS:
            ages.setdefault(self.levels.get(level, self.default), []).append(level)
        return [(age, levels) for age, levels in ages.items() if age > 0]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of these domains and levels that are stamped before `cut` (ns) and received before it (`cut_id`) may go."""

    domains: Sequence[str]
    levels: list[str]
    cut: int
    cut_id: str


@dataclass(frozen=True, slots=True)
class Retention:
    """`everywhere`, unless `domains` names the domain."""

    everywhere: Keep = Keep()
    domains: Mapping[str, Keep] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether any row of `logs` that was sent may ever go."""
        return any(list(keep.by_age()) for keep in (self.everywhere, *self.domains.values()))

    def rules(self, domains: Iterable[str], now_unix_nano: int, held: Held = nothing_held) -> Iterator[Rule]:
        """What is due now, one rule for all domains that share it. Of a domain of which records are held their levels are left out."""
        for keep, sharing in self._sharing(domains):
            for age, levels in keep.by_age():
                cut = max(0, now_unix_nano - int(age * 1e9))
                for free, among in _free(sharing, levels, held):
                    yield Rule(among, free, cut, first_record_id(cut // 1_000_000))

    def minutes(self, domains: Iterable[str], now_unix_nano: int) -> Iterator[tuple[Sequence[str], int]]:
        """(domains, minute): their counts of minutes before that one may go now."""
        for keep, sharing in self._sharing(domains):
            if keep.minutes > 0:
                yield sharing, max(0, now_unix_nano - int(keep.minutes * 1e9)) // MINUTE_NS

    def events(self, domains: Iterable[str], now_unix_nano: int) -> Iterator[tuple[Sequence[str], int, str]]:
        """(domains, ns, record id): their events that are stamped before that time and received before that id may go now."""
        for keep, sharing in self._sharing(domains):
            if keep.events > 0:
                cut = max(0, now_unix_nano - int(keep.events * 1e9))
                yield sharing, cut, first_record_id(cut // 1_000_000)

    def _sharing(self, domains: Iterable[str]) -> Iterator[tuple[Keep, list[str]]]:
        """Each rule with the domains that share it."""
        groups: dict[str, list[str]] = {}
        for domain in domains:
            groups.setdefault(domain if domain in self.domains else "", []).append(domain)
        for own, sharing in groups.items():
            yield self.domains.get(own, self.everywhere), sharing


def _free(domains: Sequence[str], levels: list[str], held: Held) -> Iterator[tuple[list[str], list[str]]]:
    """(levels that may go, domains that share them)."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for domain in domains:
        groups.setdefault(tuple(level for level in levels if not held(domain, level)), []).append(domain)
    return ((list(free), among) for free, among in groups.items() if free)
