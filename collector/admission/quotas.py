"""Quotas of domains as a check: so many records and bytes a day. What is above them is refused, with a hint of a minute or more."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from collector.admission.above import is_taken
from collector.admission.steps import Arrival
from collector.domains.quotas import UNITS, QuotaBook, QuotaRules

log = logging.getLogger("logboom.limits")

_DAY_SECS = 86_400
_TOLD = (1.0, 0.8)
OnShare = Callable[[str, str, float], None]
"""(domain, unit, share): so much of a quota is used; 0.8 and 1.0, each once a day."""


class Quotas:
    """The check of one process. Safe from any thread.

    Args:
        rules: what is configured.
        book: what all processes took.
        tell: told of shares that are used; it must not wait.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        rules: QuotaRules,
        book: QuotaBook,
        tell: OnShare = lambda *_: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules = rules
        self._book = book
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], tuple[int, float]] = {}
        self._refused: Counter[tuple[str, str]] = Counter()
        self._domains: set[str] = set()

    def check(self, arrival: Arrival) -> None:
        """Behind `validity`. Raises `Exhausted`. What components of another logboom made counts in no quota (`origin`)."""
        most = self._rules.of_domain(arrival.domain)
        if not most or not arrival.records or arrival.made:
            return
        assert arrival.received is not None
        day, size = self.day(), len(arrival.received.body)
        taken = self._book.taken(arrival.domain, day)._asdict()
        over = next((unit for unit in most if taken[unit] >= most[unit]), None)
        if over is not None and not self._is_taken(arrival, over, most[over]):
            return
        self._book.take(arrival.domain, day, arrival.records, size)
        arrival.undo = (*arrival.undo, partial(self._book.take, arrival.domain, day, -arrival.records, -size))
        self._domains.add(arrival.domain)
        for unit, amount in (("records", arrival.records), ("bytes", size)):
            if unit in most:
                self._share(arrival.domain, unit, (taken[unit] + amount) / most[unit], day)

    def _is_taken(self, arrival: Arrival, unit: str, most: int) -> bool:
        """Whether a request above the quota is taken all the same. Raises `Exhausted`."""
        with self._lock:
            self._refused[arrival.domain, unit] += 1
        why = f"{arrival.domain} has sent the {most} {unit} that it may send a day"
        taken = is_taken(arrival, why, self._rules.on_quota, self._rules.one_in)
        if taken:
            with self._lock:
                self._refused[arrival.domain, unit] -= 1
        return taken

    def day(self) -> int:
        """Days since the epoch, in UTC."""
        return int(self._clock()) // _DAY_SECS

    def refused(self) -> Iterator[tuple[str, str, int]]:
        """(domain, unit, requests that were refused since the start)."""
        with self._lock:
            found = list(self._refused.items())
        return ((domain, f"{unit}_per_day", number) for (domain, unit), number in found if number)

    def used(self) -> Iterator[tuple[str, str, int]]:
        """(domain, unit, taken today by all processes), of domains that came through this one."""
        day = self.day()
        for domain in list(self._domains):
            yield from ((domain, unit, used) for unit, used in zip(UNITS, self._book.taken(domain, day), strict=True))

    def _share(self, domain: str, unit: str, share: float, day: int) -> None:
        reached = next((step for step in _TOLD if share >= step), 0.0)
        with self._lock:
            told_day, told = self._told.get((domain, unit), (0, 0.0))
            if not reached or (told_day == day and told >= reached):
                return
            self._told[domain, unit] = (day, reached)
        log.warning("%s has used %.0f %% of the %s that it may send today", domain, reached * 100, unit)
        self._tell(domain, unit, reached)
