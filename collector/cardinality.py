"""How many values of a kind a domain may have: a bound that holds over batches, restarts and replays.

Values are admitted until there are as many as the limit; then a new one is refused, as it is while the domain's state is above
its budget. A value that was not seen for a week makes room when room is needed.

The values admitted are the component's state and commit with the batch:

    value/<kind>/<xxh3-128 of the value>    of a domain: the day it was last seen, days since 1970 in ASCII
    number/<kind>                           how many there are, in ASCII

What this process remembers of them was read from the state, never what it has just written, so a batch whose changes
were given up is counted as if it had never been. A batch without new values reads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xxhash

from collector.columns.dictionary import Coded, Codes
from collector.component import Work

OTHER = "{other}"
"""What stands in the place of a value that was refused."""
KEPT_DAYS = 7
_DAY = 86_400_000_000_000

Label = bytes
"""The digest of a value."""


class Bounds:
    """The bound of one kind of value, in all domains of a component.

    Args:
        kind: their name in the state.
        limit: of a domain; 0 = no bound.
    """

    def __init__(self, kind: str, limit: Callable[[str], int]) -> None:
        self._kind = kind
        self._limit = limit
        self._domains: dict[str, Admitted] = {}

    def allowed(self, domains: Coded, codes: Codes, values: Sequence[str], work: Work) -> npt.NDArray[np.bool_] | None:
        """Which values may stand in which domain: a row a domain, a column a value, and one more of each for null. None: all may.

        Args:
            domains: of each row.
            codes: the value of each row, a position in `values`; -1 = none.
        """
        labels = [label_of(value) for value in values]
        allowed = np.ones((len(domains.values) + 1, len(labels) + 1), dtype=np.bool_)
        met = np.zeros_like(allowed)
        met[domains.codes, codes] = True  # -1, nothing, is the last row and the last column
        for place, label in np.argwhere(met[:, :-1]).tolist():
            of_domain = self._of(_domain(domains, place), work)
            allowed[place, label] = of_domain is None or of_domain.admit(labels[label], work)
        return None if allowed.all() else allowed

    def numbers(self) -> Iterator[tuple[str, int]]:
        """(domain, how many values it has), of those that came."""
        return ((domain, admitted.number) for domain, admitted in list(self._domains.items()))

    def knows(self, domains: Collection[str], values: Collection[str], work: Work) -> bool:
        """Whether each of the values was seen today in each of the domains: then no row need be looked at."""
        found = [self._of(domain, work) for domain in domains]
        labels = [label_of(value) for value in values]
        return all(each is None or each.has_seen(labels, work) for each in found)

    def _of(self, domain: str, work: Work) -> Admitted | None:
        if domain not in self._domains:
            limit = self._limit(domain)
            if not limit:
                return None
            self._domains[domain] = Admitted(self._kind, domain, limit, work)
        return self._domains[domain]


def _domain(domains: Coded, place: int) -> str:
    return str(domains.values[place]) if place < len(domains.values) else ""


@lru_cache(16_384)
def label_of(value: str) -> Label:
    """What a value is known by."""
    return xxhash.xxh3_128_digest(value.encode())


class Admitted:
    """The values of one kind in one domain.

    Args:
        kind: their name in the state.
        limit: so many at most.
        work: of the batch in hand.
    """

    def __init__(self, kind: str, domain: str, limit: int, work: Work) -> None:
        self._domain = domain
        self._prefix = f"value/{kind}/".encode()
        self._number = f"number/{kind}".encode()
        self._limit = limit
        self._swept = -1
        self._known: dict[Label, int] = dict(self._stored(work))
        self.number = len(self._known)
        """How many there are; of a batch that was given up maybe some more, until the next new one."""

    def has_seen(self, labels: Sequence[Label], work: Work) -> bool:
        """Whether all of them were admitted, and seen today."""
        today, known = work.now_unix_nano // _DAY, self._known
        return all(known.get(label) == today for label in labels)

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
        self.number = number + 1
        work.state(self._domain).put(self._number, b"%d" % self.number)
        return True

    def _sweep(self, today: int, work: Work) -> int:
        """Forget what was not seen for a week, at most once a day; how many are left."""
        stored = self._stored(work)
        for label, day in stored.items():
            if day <= today - KEPT_DAYS:
                work.state(self._domain).delete(self._prefix + label)
                self._known.pop(label, None)
        left = self.number = sum(day > today - KEPT_DAYS for day in stored.values())
        work.state(self._domain).put(self._number, b"%d" % left)
        return left

    def _stored(self, work: Work) -> Mapping[Label, int]:
        return {
            key.removeprefix(self._prefix): int(value) for key, value in work.state(self._domain).scan(self._prefix)
        }
