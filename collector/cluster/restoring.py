"""Taking a partition: be its only writer, read what its predecessors committed, go on.

    lock the local copy ─► claim (whoever wrote before can't any more) ─► read the changelog from the copy's mark to its end ─► ledger

The end is that which a reader of committed records sees: when `claim` returns, nothing of a predecessor is open any more, and nobody else
writes there. First the ledger topic to its end, then contents, so that what nobody waits for any more is passed over. What stands behind that end
is of an owner who has claimed the partition since: a copy that read on would pass over contents whose headers it has not seen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from collector.backend.interface import always
from collector.cluster.changelog import COMMIT_SECS, Changelog, Mark, Places, unix_ms
from collector.cluster.follower import Follower, too_old
from collector.encryption import Keys
from collector.errors import Lost, StorageError
from collector.kafka.wire import Admin, AtEnd, Message, OutOfRange, Place, Reader, Wire
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan
from collector.ledger.sharing_out import moved_to
from collector.ledger.sources import Sources

CLAIM_SECS = 15.0
_AT_ONCE = 10_000
_BYTES_AT_ONCE = 16 << 20
_WAIT_SECS = 1.0
_log = logging.getLogger("logboom.cluster")


def _always_stands(_: int) -> bool:
    """Nobody moves anything."""
    return True


class Taken(NamedTuple):
    """A partition that is ours. `changelog` goes with the ledger: it is closed with it."""

    ledger: PartitionLedger
    changelog: Changelog


class Restoring:
    """Takes partitions of one prefix of a cluster.

    Args:
        admin: of the calling thread.
        wanted: asked again and again: whether the partition is still to be taken.
        stands: asked of a partition that was moved to a generation, or was to be: whether it counts nevertheless.
    """

    def __init__(
        self,
        wire: Wire,
        admin: Admin,
        prefix: str,
        *,
        claim_secs: float = CLAIM_SECS,
        commit_secs: float = COMMIT_SECS,
        now_unix_ms: Callable[[], int] = unix_ms,
        wanted: Callable[[], bool] = always,
        stands: Callable[[int], bool] = _always_stands,
    ) -> None:
        self._wire = wire
        self._admin = admin
        self._prefix = prefix
        self._claim_secs = claim_secs
        self._commit_secs = commit_secs
        self._now_unix_ms = now_unix_ms
        self._wanted = wanted
        self._stands = stands

    def open_ledger(
        self,
        number: int,
        partitions: int,
        path: Path,
        plan: LedgerPlan,
        sources: Sources,
        *,
        keys: Keys | None = None,
        **observers: Any,
    ) -> Taken:
        """Take partition `number`; `path` is the directory of its local copy. It may take seconds, minutes where there is much.

        Raises:
            Locked: another process of this machine has it still.
            Unreachable: no broker answers now.
            Lost: it is not `wanted` any more, or another owner has claimed it meanwhile.
            StorageError: never, as things are: a topic is missing or is another one, or the rights are.
        """
        follower, changelog = self.take(number, path, plan.partition_bytes + plan.spill_bytes)
        follower.environment.follow(changelog)
        try:
            self._check_moved(follower)
        except BaseException:
            follower.environment.close()
            raise
        observed = {"now_unix_ms": self._now_unix_ms} | observers
        ledger = PartitionLedger.open(
            path, plan, sources, number, partitions, keys=keys, environment=follower.environment, **observed
        )
        return Taken(ledger, changelog)

    def take(self, number: int, path: Path, budget_bytes: int) -> tuple[Follower, Changelog]:
        """The copy of a partition, with all that was committed, and its changelog. Raises as `open_ledger`."""
        places = Places.of(self._prefix, number)
        ids = self._ids(places)
        follower = Follower.open(path, budget_bytes, places, ids)
        try:
            writer = self._wire.writer(number)
        except BaseException:
            follower.environment.close()
            raise
        try:
            writer.claim(self._claim_secs)
            self._restore(follower, places, budget_bytes, ids)
            mark = follower.mark or Mark({}, self._now_unix_ms())
            changelog = Changelog(
                path, writer, places, mark, follower.contents,
                has_format=follower.has_format, commit_secs=self._commit_secs, now_unix_ms=self._now_unix_ms,
            )  # fmt: skip
        except BaseException:
            writer.close()
            follower.environment.close()
            raise
        return follower, changelog

    def _check_moved(self, follower: Follower) -> None:
        """Raises `Lost`: what it keeps is another generation's."""
        moved = moved_to(follower.environment)
        if moved and not self._stands(moved):
            raise Lost(f"what it keeps moves to generation {moved} of the cluster's topics")

    def _ids(self, places: Places) -> list[str]:
        names = [place.topic for place in places]
        topics = self._admin.topics(names)
        if missing := [name for name in names if name not in topics]:
            raise StorageError(f"topic {missing[0]} is missing: what was processed is in it, so nobody makes it anew")
        return [self._admin.cluster_id(), *(topics[name].id for name in names)]

    def _restore(self, follower: Follower, places: Places, budget_bytes: int, ids: Sequence[str]) -> None:
        """Bring the copy to the end of the log."""
        began = time.monotonic()
        bounds = self._admin.bounds(places)
        mark = follower.mark
        if mark is not None and self._useless(mark, places, bounds):
            follower.begin_anew(budget_bytes, ids)
            mark = None
        if bounds[places.ledger][0]:
            raise StorageError(
                f"the beginning of {places.ledger.topic}/{places.ledger.partition} was deleted: rows are missing"
            )
        offsets = {place: bounds[place][0] for place in places}
        if mark is not None:
            offsets = {place: max(offsets[place], mark.offsets.get(place, 0)) for place in places}
        since = self._now_unix_ms() if mark is None else mark.at_unix_ms
        rows = _Reading(self._wire, follower, offsets, bounds, since, self._wanted).run(places)
        follower.apply([], Mark(offsets, self._now_unix_ms()))
        swept = follower.sweep()
        first = bounds[places.outbox][0]
        follower.contents = {seq: offset or first for seq, offset in follower.contents.items()}
        _log.info(
            "partition %d: restored %d rows %s in %.1f s; %d contents were of no use",
            places.ledger.partition, rows, "anew" if mark is None else "on top of the local copy", time.monotonic() - began, swept,
        )  # fmt: skip

    def _useless(self, mark: Mark, places: Places, bounds: Mapping[Place, tuple[int, int]]) -> bool:
        """Whether the copy can't be brought to the end from where it stands."""
        if too_old(mark, self._now_unix_ms()):
            _log.info("the local copy of partition %d is too old: it is made anew", places.ledger.partition)
            return True
        if any(mark.offsets.get(place, 0) > bounds[place][1] for place in places):
            _log.error(
                "partition %d: the log ends before the local copy does: brokers have lost what they had taken; it is made anew "
                "from what they have", places.ledger.partition,
            )  # fmt: skip
            return True
        return False


class _Reading:
    """Reads to the end what the copy lacks."""

    def __init__(
        self,
        wire: Wire,
        follower: Follower,
        offsets: dict[Place, int],
        bounds: Mapping[Place, tuple[int, int]],
        since_unix_ms: int,
        wanted: Callable[[], bool],
    ) -> None:
        self._wire = wire
        self._follower = follower
        self._offsets = offsets
        self._bounds = bounds
        self._since_unix_ms = since_unix_ms  # as of when the copy had all: until it has again
        self._wanted = wanted

    def run(self, places: Places) -> int:
        """How many rows."""
        behind = {place for place in places if self._offsets[place] < self._bounds[place][1]}
        if not behind:
            return 0
        reader = self._wire.reader(f"restoring-{places.ledger.partition}", prompt=True)
        try:
            rows = self._to_end(reader, behind & {places.ledger})
            return rows + self._to_end(reader, behind - {places.ledger})
        finally:
            reader.close()

    def _to_end(self, reader: Reader, left: set[Place]) -> int:
        rows = 0
        if left:
            reader.follow({place: self._offsets[place] for place in left})
        while left:
            if not self._wanted():
                raise Lost("the partition is another's before it was restored")
            rows += self._apply(self._some(reader, left))
        return rows

    def _some(self, reader: Reader, left: set[Place]) -> list[Message]:
        """What comes next; places that are at their end leave `left`."""
        found: list[Message] = []
        size = 0
        while left and len(found) < _AT_ONCE and size < _BYTES_AT_ONCE:
            try:
                got = reader.read(_AT_ONCE, _WAIT_SECS)
            except OutOfRange as gone:
                self._go_on_behind(reader, gone)
                continue
            for each in got:
                if isinstance(each, AtEnd):
                    self._offsets[each.place] = min(each.offset, self._bounds[each.place][1])
                    left.discard(each.place)
                elif each.offset >= self._bounds[each.place][1]:
                    raise Lost("another owner has written while the partition was restored")
                else:
                    self._offsets[each.place] = each.offset + 1
                    size += len(each.value or b"") + len(each.key or b"")
                    found.append(each)
            if not got:
                break
        return found

    def _go_on_behind(self, reader: Reader, gone: OutOfRange) -> None:
        """A predecessor may still delete what nobody waits for; of rows nothing is ever deleted so."""
        if not gone.place.topic.endswith(".outbox"):
            raise StorageError(f"rows are missing: {gone}") from gone
        self._offsets[gone.place] = gone.begins
        reader.follow({gone.place: gone.begins})

    def _apply(self, messages: Sequence[Message]) -> int:
        return self._follower.apply(messages, Mark(self._offsets, self._since_unix_ms))
