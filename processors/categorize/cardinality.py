"""How many endpoints and components a domain may have.

Templates and class names keep their number small for software that behaves; a scanner, or ids in a form that no template
knows, would still make one for each record. What is above the bound (`collector.cardinality`) becomes `{other}`.
"""

from __future__ import annotations

import numpy as np

from collector.cardinality import OTHER, Bounds
from collector.columns.dictionary import Coded
from collector.component import Work
from processors.categorize.view import Decision


class Cardinality:
    """The bound of one category. `limit`: distinct values in each domain; 0 = no bound."""

    def __init__(self, category: str, limit: int) -> None:
        self._limit = limit
        self._bounds = Bounds(category, lambda _: limit)

    def bounded(self, decided: Decision, domains: Coded, work: Work) -> Decision:
        """The decision with the values that are too many as `{other}`."""
        if not self._limit or not decided.labels:
            return decided
        allowed = self._bounds.allowed(domains, decided.codes, decided.labels, work)
        if allowed is None:
            return decided
        codes = np.where(allowed[domains.codes, decided.codes], decided.codes, np.int32(len(decided.labels)))
        return Decision(codes, [*decided.labels, OTHER])
