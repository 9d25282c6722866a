"""How many endpoints and components a domain may have: a bound that holds over batches and restarts.

Templates and class names keep their number small for software that behaves; a scanner, or ids in a form that no template
knows, would still make one for each record. So the values of a domain are admitted until there are as many as the limit;
then a new one becomes `{other}`, as it does while the domain's state is above its budget. A value that was not seen for a week makes room when room is needed.

The values admitted are the processor's state and commit with the batch:

    value/<category>/<xxh3-128 of the value>    of a domain: the day it was last seen, days since 1970 in ASCII
    number/<category>                           how many there are, in ASCII

What this process remembers of them was read from the state, never what it has just written, so a batch whose changes
were given up is counted as if it had never been. A batch without new values reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xxhash

from collector.columns.dictionary import Coded
from collector.component import Work
from processors.categorize.view import Decision

OTHER = "{other}"
KEPT_DAYS = 7
_DAY = 86_400_000_000_000

Label = bytes
"""The digest of a value."""


class Cardinality:
    """The bound of one category. `limit`: distinct values in each domain; 0 = no bound."""

    def __init__(self, category: str, limit: int) -> None:
        self._category = category
        self._limit = limit
        self._domains: dict[str, _Admitted] = {}

    def bounded(self, decided: Decision, domains: Coded, work: Work) -> Decision:
        """The decision with the values that are too many as `{other}`."""
        if not self._limit or not decided.labels:
            return decided
        digests = [xxhash.xxh3_128_digest(label.encode()) for label in decided.labels]
        allowed = np.ones((len(domains.values) + 1, len(digests) + 1), dtype=np.bool_)
        met = np.zeros_like(allowed)
        met[domains.codes, decided.codes] = True  # -1, nothing, is the last row and the last column
        for place, label in np.argwhere(met[:, :-1]).tolist():
            domain = domains.values[place].as_py() if place < len(domains.values) else ""
            allowed[place, label] = self._of(domain, work).admit(digests[label], work)
        if allowed.all():
            return decided
        codes = np.where(allowed[domains.codes, decided.codes], decided.codes, np.int32(len(digests)))
        return Decision(codes, [*decided.labels, OTHER])

    def _of(self, domain: str, work: Work) -> _Admitted:
        if domain not in self._domains:
            self._domains[domain] = _Admitted(self._category.encode(), domain, self._limit, work)
        return self._domains[domain]


class _Admitted:
    """The values of one domain."""

    def __init__(self, category: bytes, domain: str, limit: int, work: Work) -> None:
        self._domain = domain
        self._prefix = b"value/" + category + b"/"
        self._number = b"number/" + category
        self._limit = limit
        self._swept = -1
        self._known: dict[Label, int] = dict(self._stored(work))

    def admit(self, label: Label, work: Work) -> bool:
        """Whether the value may be used; a new one is written down if there is room."""
        today = work.now_unix_nano // _DAY
        seen = self._known.get(label)
        if seen is None and len(self._known) < self._limit:
            stored = work.state(self._domain).get(self._prefix + label)
            seen = None if stored is None else int(stored)
        if seen is None:
            return self._add(label, today, work)
        if seen != today:
            work.state(self._domain).put(self._prefix + label, b"%d" % today)
        self._known[label] = today
        return True

    def _add(self, label: Label, today: int, work: Work) -> bool:
        if len(self._known) >= self._limit and self._swept == today:
            return False
        number = int(work.state(self._domain).get(self._number) or 0)
        if number >= self._limit and self._swept != today:
            self._swept = today
            number = self._sweep(today, work)
        if number >= self._limit or work.state(self._domain).excess_bytes():
            return False
        work.state(self._domain).put(self._prefix + label, b"%d" % today)
        work.state(self._domain).put(self._number, b"%d" % (number + 1))
        return True

    def _sweep(self, today: int, work: Work) -> int:
        """Forget what was not seen for a week, at most once a day; how many are left."""
        stored = self._stored(work)
        for label, day in stored.items():
            if day <= today - KEPT_DAYS:
                work.state(self._domain).delete(self._prefix + label)
                self._known.pop(label, None)
        left = sum(day > today - KEPT_DAYS for day in stored.values())
        work.state(self._domain).put(self._number, b"%d" % left)
        return left

    def _stored(self, work: Work) -> Mapping[Label, int]:
        return {
            key.removeprefix(self._prefix): int(value) for key, value in work.state(self._domain).scan(self._prefix)
        }
