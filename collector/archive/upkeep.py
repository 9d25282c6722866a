"""What is done with an archive from time to time: what is too old goes, small objects become larger ones."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.archive.catalog import Catalog, Listed
from collector.archive.retention import Retention
from collector.archive.rewriting import leftovers, rewritten
from collector.archive.writing import ArchiveError

log = logging.getLogger(__name__)

_JOIN_HOURS = 7 * 24
"""How far back small objects are looked for."""
_MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Joining:
    """Small objects of an hour become one: `after` it ended so long ago, `at_least` so many of them, each `below` that size."""

    after: float
    at_least: int
    below: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One look at a whole archive.

    Args:
        data: whose objects are joined; those of other data directories are not touched but by retention.
        folder: for files in the making.
        stopping: asked between objects.
    """

    catalog: Catalog
    data: str
    retention: Retention
    joining: Joining | None
    folder: Path
    stopping: Callable[[], bool] = lambda: False

    def run(self, now: float) -> int:
        """How many objects were deleted; hours with an object that is damaged are not joined. Raises `TargetError`, OSError."""
        domains = self.catalog.domains()
        deleted = sum(self._sweep(domain, now) for domain in domains)
        if self.joining is not None:
            deleted += sum(self._join(domain, self.joining, now) for domain in domains)
        return deleted

    def _sweep(self, domain: str, now: float) -> int:
        least = self.retention.least(domain)
        if not least:
            return 0
        gone = [
            each.path
            for each in self.catalog.all_of(domain, None, int(now - least) // 3600)
            if self.retention.expired(each.name.place, each.modified, now)
        ]
        self.catalog.target.delete(gone)
        return len(gone)

    def _join(self, domain: str, joining: Joining, now: float) -> int:
        last = int(now - joining.after) // 3600 - 1
        deleted = 0
        by_hour: defaultdict[int, list[Listed]] = defaultdict(list)
        for each in self.catalog.all_of(domain, last - _JOIN_HOURS, last):
            by_hour[each.name.place.hour].append(each)
        for listed in by_hour.values():
            if self.stopping():
                break
            try:
                deleted += self._join_hour(listed, joining, now)
            except ArchiveError as error:
                log.warning("an hour of the archive is not joined: %s", error)
        return deleted

    def _join_hour(self, listed: Sequence[Listed], joining: Joining, now: float) -> int:
        old = leftovers(self.catalog, listed)
        self.catalog.target.delete([each.path for each in old])
        deleted = len(old)
        for together in self._small([each for each in listed if each not in old], joining, now):
            rewritten(self.catalog, together, self.data, self.folder, _MEMORY)
            deleted += len(together)
        return deleted

    def _small(self, listed: Sequence[Listed], joining: Joining, now: float) -> Iterator[list[Listed]]:
        """Objects to join: of ours, of the same levels, written long enough ago for their run to be acknowledged."""
        by_levels: defaultdict[tuple[str, ...], list[Listed]] = defaultdict(list)
        for each in listed:
            if each.name.data == self.data and each.size < joining.below and each.modified + joining.after <= now:
                by_levels[each.name.place.levels].append(each)
        for small in by_levels.values():
            if len(small) >= joining.at_least:
                yield from self._alike(small, joining)

    def _alike(self, small: Sequence[Listed], joining: Joining) -> Iterator[list[Listed]]:
        """Of them those together that have the same columns sealed."""
        by_sealed: defaultdict[tuple[str, ...], list[Listed]] = defaultdict(list)
        for each in small:
            by_sealed[tuple(sorted(self.catalog.footer(each).encrypted))].append(each)
        for alike in by_sealed.values():
            if len(alike) >= joining.at_least:
                yield from _batches(alike, 2 * joining.below)


def _batches(small: Sequence[Listed], most: int) -> Iterator[list[Listed]]:
    batch: list[Listed] = []
    for each in small:
        if sum(other.size for other in batch) + each.size > most and len(batch) > 1:
            yield batch
            batch = []
        batch.append(each)
    if len(batch) > 1:
        yield batch
