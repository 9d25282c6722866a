"""What may be deleted: how long each domain keeps each triage level, as statements that every driver runs.

A row goes when it was both stamped and received before the cut: the stamp is what people mean by "older than", and the
time of receipt (the front of the record id) keeps a sender with a wrong clock from losing what just came.
The newest row of all always stays: the rowid must never go back, readers follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from collector.base32 import first_record_id
from collector.levels import LEVELS, SQL

DOMAINS = """WITH RECURSIVE seen(domain) AS (
    SELECT min(domain) FROM logs
    UNION ALL
    SELECT (SELECT min(domain) FROM logs WHERE domain > seen.domain) FROM seen WHERE seen.domain IS NOT NULL
) SELECT domain FROM seen WHERE domain IS NOT NULL"""
"""All domains of the store, by one index seek each."""

DELETE_BATCH = f"""DELETE FROM logs WHERE record_id IN (
    SELECT record_id FROM logs INDEXED BY logs_domain_time
    WHERE domain = ?1 AND time_unix_nano < ?2 AND record_id < ?3
      AND ({SQL}) IN (SELECT value FROM json_each(?4))
      AND rowid < (SELECT max(rowid) FROM logs)
    LIMIT ?5)"""  # noqa: S608 - a constant
"""One bounded step. Parameters: domain, cut in ns, cut as a record id, JSON array of levels, rows at most."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Seconds to keep rows: `levels` by level (see `collector.levels`), `default` for all others; 0 = for ever."""

    default: float = 0.0
    levels: Mapping[str, float] = field(default_factory=dict)

    def by_age(self) -> Iterable[tuple[float, list[str]]]:
        """(seconds, levels) for each group of levels with a limit."""
        ages: dict[float, list[str]] = {}
        for level in LEVELS:
            ages.setdefault(self.levels.get(level, self.default), []).append(level)
        return [(age, levels) for age, levels in ages.items() if age > 0]


@dataclass(frozen=True, slots=True)
class Retention:
    """`everywhere`, unless `domains` names the domain."""

    everywhere: Keep = Keep()
    domains: Mapping[str, Keep] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(list(keep.by_age()) for keep in (self.everywhere, *self.domains.values()))

    def cuts(self, domains: Iterable[str], now_unix_nano: int) -> Iterator[tuple[str, int, str, list[str]]]:
        """(domain, cut in ns, cut as a record id, levels) for everything that has a limit."""
        for domain in domains:
            for age, levels in self.domains.get(domain, self.everywhere).by_age():
                cut = max(0, now_unix_nano - int(age * 1e9))
                yield domain, cut, first_record_id(cut // 1_000_000), levels
