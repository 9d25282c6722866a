"""Budgets of domains as a check: where they have spent what they may, in a day or a month, what they send is no more taken."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from collector.admission.above import is_taken
from collector.admission.steps import Arrival
from collector.domains.costs import CostRules, SpentFile


class Budgets:
    """The check of one process. Safe from any thread.

    Args:
        rules: what is configured.
        path: of the book that the supervisor keeps; what is under way to it, some seconds' worth, is spent above a budget.
        clock: seconds since the epoch.
    """

    def __init__(self, rules: CostRules, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._file = SpentFile(path)
        self._clock = clock
        self._lock = threading.Lock()
        self._refused: Counter[tuple[str, str]] = Counter()

    def check(self, arrival: Arrival) -> None:
        """Behind `validity`. Raises `Exhausted`."""
        policy, budgets = self._rules.on_budget, self._rules.of_domain(arrival.domain)
        if policy == "warn" or not budgets or not arrival.records or arrival.made:
            return
        spent = self._file.spent(arrival.domain, self._clock())._asdict()
        over = next((period for period, most in budgets.items() if spent[period] >= most), None)
        if over is None:
            return
        with self._lock:
            self._refused[arrival.domain, over] += 1
        why = f"{arrival.domain} has spent the {budgets[over]:g} that it may spend a {over}"
        if is_taken(arrival, why, policy, self._rules.one_in):
            with self._lock:
                self._refused[arrival.domain, over] -= 1

    def look(self) -> None:
        """Read what was spent; about each second."""
        self._file.look()

    def refused(self) -> Iterator[tuple[str, str, int]]:
        """(domain, unit, requests that were refused since the start)."""
        with self._lock:
            found = list(self._refused.items())
        return ((domain, f"cost_per_{period}", number) for (domain, period), number in found if number)
