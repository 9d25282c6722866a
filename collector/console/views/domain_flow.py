"""What each domain has in the store: how much comes, what there is, from when on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.console.asking import Asked, query_of
from collector.console.views.counts import histogram
from collector.query.searching import domains_of
from collector.reserved import DOMAIN
from collector.scope import Scope
from collector.store.reading import Readable

_NANO = 10**9
_RECENT_NS, _DAY_NS = 5 * 60 * _NANO, 86_400 * _NANO
_PARTS = 24
_MOST = 100
_OLDEST = "SELECT time_unix_nano FROM logs WHERE domain = ? AND generation IS NULL ORDER BY time_unix_nano LIMIT 1"
_NEWEST = "SELECT time_unix_nano FROM logs WHERE domain = ? AND generation IS NULL ORDER BY time_unix_nano DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Flow:
    """Of one domain.

    Args:
        per_minute: of the last five minutes.
        trend: records of the last day, in 24 parts.
        stored: how many there are; `complete`: they are all counted.
        oldest, newest: ns; None: there is none.
    """

    domain: str
    per_minute: float
    trend: Sequence[int]
    stored: int
    complete: bool
    oldest: int | None
    newest: int | None


def flows(scope: Scope, budget_secs: float) -> Callable[[Readable], list[Flow]]:
    """Of the first hundred domains of a scope, as many as the time allows."""

    def ask(connection: Readable) -> list[Flow]:
        until, found = time.monotonic() + budget_secs, list[Flow]()
        for domain in [name for name in domains_of(connection, scope) if name != DOMAIN][:_MOST]:
            left = until - time.monotonic()
            if left <= 0:
                break
            found.append(_flow(connection, domain, left))
        return found

    return ask


def oldest(connection: Readable, scope: Scope) -> int | None:
    """When the first record of the first hundred domains of a scope is of, ns; None: there is none."""
    names = [name for name in domains_of(connection, scope) if name != DOMAIN][:_MOST]
    found = [_time(connection, _OLDEST, name) for name in names]
    return min((at for at in found if at is not None), default=None)


def _flow(connection: Readable, domain: str, secs: float) -> Flow:
    now = time.time_ns()
    oldest, newest = (_time(connection, statement, domain) for statement in (_OLDEST, _NEWEST))

    def counted(since: int, parts: int) -> tuple[list[int], bool]:
        asked = Asked(Scope.of(domain), domain, query_of(""), since, now, "", "")
        made = histogram(asked, parts, secs)(connection)
        return [bucket.total for bucket in made.buckets], made.complete

    stored, complete = counted(oldest, 1) if oldest is not None and oldest < now else ([], True)
    recent, _ = counted(now - _RECENT_NS, 5)
    trend, _ = counted(now - _DAY_NS, _PARTS)
    return Flow(domain, sum(recent) / 5, trend, sum(stored), complete, oldest, newest)


def _time(connection: Readable, statement: str, domain: str) -> int | None:
    row = next(iter(connection.execute(statement, (domain,))), None)
    return int(row[0]) if row else None
