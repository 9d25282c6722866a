"""What a step has seen of each issue: the records of a batch, counted by domain and issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collector.levels import LEVELS
from processors.issues import sketch
from processors.issues.column import Column
from processors.issues.lifecycle import Seen
from processors.issues.material import ENDPOINT, USERS, Columns
from processors.issues.traffic import HOUR, MINUTE

_SHOWN = 300
_MOST_USERS = 2000
"""Of one issue in one step; more of them change a sketch of thousands by nothing that counts."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Part:
    """Records of one grouping in one domain. `rows`: positions, ascending."""

    domain: str
    grouping: int
    rows: Rows


def parts(columns: Columns, codes: npt.NDArray[np.int32], groupings: int) -> list[Part]:
    """The records by domain and grouping, in the order of their first ones."""
    domains = columns.domain
    names = [*domains.values, ""]  # -1, without one, is the last
    joined = (domains.codes.astype(np.int64) % len(names)) * groupings + codes
    keys, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    bounds = np.append(np.searchsorted(inverse[order], np.arange(len(keys))), len(order))
    found = [
        Part(names[int(key) // groupings], int(key) % groupings, order[bounds[at] : bounds[at + 1]])
        for at, key in enumerate(keys)
    ]
    return [found[at] for at in np.argsort(first)]


class Tally:
    """Counts the records of one batch."""

    def __init__(self, columns: Columns, levels: Column) -> None:
        self._columns = columns
        self._users = columns.attribute(*USERS)
        self._levels = levels
        self._counted = {
            "services": columns.service,
            "endpoints": columns.attribute(ENDPOINT),
            "versions": columns.resource("service.version"),
            "environments": columns.environment,
            "hosts": columns.resource("host.name"),
        }

    def seen(self, rows: Rows) -> Seen:
        """Of the records of one issue."""
        columns = self._columns
        time, late = columns.time[rows], columns.late[rows]
        in_time = time[~late] if late.any() else time
        last = int(rows[int(time.argmax())])
        return Seen(
            clock=int(columns.received[rows].max()), events=len(rows), first=int(time.min()), last=int(time.max()),
            newest=int(in_time.max()) if len(in_time) else 0, level=self._level(rows),
            minutes=Counter((in_time // MINUTE).tolist()),
            late=Counter((time[late] // HOUR).tolist()) if late.any() else {},
            reappeared=self._reappeared(rows, time, late), users=self._digests(rows), sample=self._sample(last, int(time.max())),
            **{name: self._values(name, rows) for name in self._counted},
        )  # fmt: skip

    def levels(self, rows: Rows) -> Mapping[str, int]:
        """Level → how many of these records have it."""
        counted = np.bincount(self._levels.codes[rows] + 1, minlength=1)
        return {self._levels.values[code - 1]: int(counted[code]) for code in np.flatnonzero(counted) if code > 0}

    def _level(self, rows: Rows) -> str:
        said = {self._levels.values[code] for code in set(self._levels.codes[rows].tolist())}
        return next((level for level in LEVELS if level in said), "info")

    def _values(self, name: str, rows: Rows) -> Mapping[str, int]:
        column = self._counted[name]
        if not column.values:
            return {}
        counted = Counter(column.codes[rows].tolist())
        return {column.values[code]: events for code, events in counted.items() if code >= 0}

    def _reappeared(self, rows: Rows, time: npt.NDArray[np.int64], late: npt.NDArray[np.bool_]) -> Mapping[str, int]:
        """Version → time of the newest record of it that came in time."""
        values, found = self._counted["versions"].values, dict[str, int]()
        codes = self._counted["versions"].codes[rows]
        for code in np.unique(codes[~late]).tolist():
            found[values[code] if code >= 0 else ""] = int(time[(codes == code) & ~late].max())
        return found

    def _digests(self, rows: Rows) -> frozenset[int]:
        if not self._users.values:
            return frozenset()
        used = sorted(set(self._users.codes[rows].tolist()) - {-1})[:_MOST_USERS]
        return frozenset(sketch.digest(self._users.values[code]) for code in used)

    def _sample(self, row: int, at: int) -> tuple[str, int, str]:
        record_id = self._columns.batch.column("record_id")[int(self._columns.rows[row])]
        return record_id or "", at, self._columns.body.of(row)[:_SHOWN]


def by_target(found: Sequence[Part], targets: Sequence[str]) -> Iterator[tuple[tuple[str, str], list[Part]]]:
    """The parts of each (domain, issue)."""
    grouped: dict[tuple[str, str], list[Part]] = {}
    for part, target in zip(found, targets, strict=True):
        grouped.setdefault((part.domain, target), []).append(part)
    yield from grouped.items()
