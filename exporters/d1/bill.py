"""What D1 bills, as its answers count it: by domain, where it can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

UNITS = ("rows_written", "rows_read")
PRICES = {"rows_written": 1.00, "rows_read": 0.001}
"""Cloudflare's, in USD for a million rows beyond what a plan includes."""


class Bill:
    """Since this process began."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, str]] = Counter()

    def add(self, results: Iterable[Any], domains: Mapping[str, int]) -> None:
        """What the results of an answer say, shared out as the domains have records in the request; "" = of several."""
        metas = [meta for one in results if isinstance(one, dict) and isinstance(meta := one.get("meta"), dict)]
        records = sum(domains.values())
        for unit in UNITS:
            rows = sum(int(meta.get(unit) or 0) for meta in metas)
            for domain, own in domains.items():
                self._rows[domain, unit] += rows * own / records  # type: ignore[assignment]  # shares of rows

    def rows(self) -> Mapping[tuple[str, str], float]:
        """(domain, unit) → rows."""
        return dict(self._rows)

    def total(self, unit: str) -> int:
        """Of all domains."""
        return round(sum(rows for (_, of), rows in self._rows.items() if of == unit))
