"""What destinations bill for a domain's records: prices, budgets of a day and a month (UTC), and the book of what was spent.

    costs.json      written by the supervisor, read by ingest processes: domain → spent today, spent this month; and how far the counts
                    were looked at

Records that exporters delivered are counted on disk, in the transaction that makes it true, so no kill is billed twice or forgotten. What a
destination itself counts (rows written, rows read) is known to the process that was told: what came in the second before its death is missing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from collector.named_file import Version, version

log = logging.getLogger("logboom.limits")

FILE = "costs.json"
RECORDS = "records"
DAY, MONTH = "day", "month"
PERIODS = (DAY, MONTH)
OnBudget = Literal["warn", "refuse", "keep_severe", "sample"]
_FORMAT = 1
_MILLION = 1e6


class Spent(NamedTuple):
    """In the currency of the prices."""

    day: float = 0.0
    month: float = 0.0


class Counted(NamedTuple):
    """How much of something there was, since its count began: `key` names the count, `unit` what is billed."""

    key: str
    exporter: str
    domain: str
    unit: str
    total: float


@dataclass(frozen=True, slots=True)
class CostRules:
    """As configured under `service.domains.costs`.

    Args:
        prices: exporter → unit → price of a million.
        budgets: `day`, `month` → so much for each domain; 0 = no budget.
        on_budget: what becomes of what is sent above it.
        one_in: with `sample`.
        overrides: domain → budgets that stand in place of `budgets`.
    """

    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)
    on_budget: OnBudget = "warn"
    one_in: int = 10
    overrides: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def refuses(self) -> bool:
        """Whether anything is refused above a budget."""
        return self.on_budget != "warn" and bool(self.budgets or self.overrides)

    def of_domain(self, domain: str) -> Mapping[str, float]:
        """Its budgets by period."""
        return {period: most for period, most in {**self.budgets, **self.overrides.get(domain, {})}.items() if most}

    def price(self, counted: Counted) -> float:
        """Of one."""
        return self.prices.get(counted.exporter, {}).get(counted.unit, 0.0) / _MILLION


class CostBook:
    """What was spent. One process writes it.

    Args:
        path: of the file. One that can't be read is begun anew, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = _read(path) or {}
        self._periods: dict[str, str] = kept.get("periods", {})
        self._spent: dict[str, dict[str, float]] = kept.get("spent", {})
        self._told: dict[str, dict[str, float]] = kept.get("told", {})
        self._seen: dict[str, float] = kept.get("seen", {})
        self._passing: dict[str, float] = {}
        self._began = bool(kept)

    def look(self, rules: CostRules, counts: Iterator[Counted], passing: Iterator[Counted], now: float) -> None:
        """Take over what was counted since the last look.

        Args:
            counts: those that are kept on disk: what is there when a book is begun was paid before.
            passing: those of processes, which begin at 0 with each of them.
        """
        changed = self._turn(now) or not self._began
        for each in counts:
            before = self._seen.get(each.key, 0.0 if self._began else each.total)
            changed |= self._add(each, before, rules) or each.key not in self._seen
            self._seen[each.key] = each.total
        met = {each.key: each for each in passing}
        for key, each in met.items():
            changed |= self._add(each, self._passing.get(key, 0.0), rules)
        self._passing = {key: each.total for key, each in met.items()}
        self._began = True
        if changed:
            self._write()

    def spent(self) -> Mapping[str, Spent]:
        """Domain → what was spent; "" for what can't be told apart."""
        return {domain: Spent(**by_period) for domain, by_period in self._spent.items()}

    def news(self, rules: CostRules) -> Iterator[tuple[str, str, float, float]]:
        """(domain, period, share 0.8 or 1.0, spent), each once a period."""
        for domain, by_period in self._spent.items():
            for period, most in rules.of_domain(domain).items():
                share = by_period[period] / most
                reached = 1.0 if share >= 1 else 0.8 if share >= 0.8 else 0.0
                told = self._told.setdefault(domain, {})
                if reached > told.get(period, 0.0):
                    told[period] = reached
                    self._write()
                    yield domain, period, reached, by_period[period]

    def _add(self, counted: Counted, before: float, rules: CostRules) -> bool:
        more = counted.total - before if counted.total >= before else counted.total
        cost = more * rules.price(counted)
        if not cost:
            return False
        spent = self._spent.setdefault(counted.domain, dict.fromkeys(PERIODS, 0.0))
        for period in PERIODS:
            spent[period] += cost
        return True

    def _turn(self, now: float) -> bool:
        """A new day, or month, begins."""
        periods = periods_at(now)
        ended = [period for period in PERIODS if periods[period] != self._periods.get(period)]
        for by_domain in (*self._spent.values(), *self._told.values()):
            by_domain.update(dict.fromkeys(ended, 0.0))
        self._periods = periods
        return bool(ended)

    def _write(self) -> None:
        kept = {
            "format": _FORMAT,
            "periods": self._periods,
            "spent": self._spent,
            "told": self._told,
            "seen": self._seen,
        }
        temporary = self._path.with_suffix(".new")
        try:
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w") as writer:
                json.dump(kept, writer)
            temporary.replace(self._path)
        except OSError as error:
            log.error(
                "%s: %s: what was spent is known as long as this process lives", self._path, error.strerror or error
            )


class SpentFile:
    """The book as another process sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: Version | None = None
        self._kept: Mapping[str, Any] = {}

    def look(self) -> None:
        """Read it when it has changed."""
        found = version(self._path)
        if found != self._version:
            self._version = found
            self._kept = _read(self._path) or {}

    def domains(self) -> list[str]:
        """Those of which anything is written."""
        return sorted(self._kept.get("spent", {}))

    def spent(self, domain: str, now: float) -> Spent:
        """What a domain has spent by now; what was written on another day, or in another month, is over."""
        by_period, periods = self._kept.get("spent", {}).get(domain, {}), periods_at(now)
        then = self._kept.get("periods", {})
        return Spent(
            *(by_period.get(period, 0.0) if then.get(period) == periods[period] else 0.0 for period in PERIODS)
        )


def periods_at(now: float) -> dict[str, str]:
    """`day` → `2026-11-29`, `month` → `2026-11`."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    return {DAY: day, MONTH: day[:7]}


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.error("%s can't be read (%s): what was spent is counted anew", path, error)
        return None
    return kept if isinstance(kept, dict) and kept.get("format") == _FORMAT else None
