"""Moves a cluster to another number of partitions: a new generation of topics, which counts from one record on.

    doors shut ─► each old partition: drained, claimed, marked as moved ─► what it keeps, by domain, to the new topics ─► the record
       └ given up, by whoever does it or by a door that hears nothing of it any more: the doors open again in the old generation

Until the record stands nothing was changed but marks in the old partitions, which then mean nothing; so it may die anywhere. From then on nothing
of the old generation counts: its partitions are claimed and marked, so that nobody takes them any more.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from collector.cluster.accepted import journal_id
from collector.cluster.changelog import Changelog
from collector.cluster.follower import Follower
from collector.cluster.generation import LEASE_SECS, Deciding, Generation, read_generation
from collector.cluster.hearing import LISTEN_SECS, Hearing
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.restoring import Restoring
from collector.cluster.topics import Checked, checked, prepared
from collector.disk.environment import CommitError, Environment
from collector.errors import LogboomError, Lost, StorageError
from collector.kafka.wire import Fenced, Place, Unreachable, Unresolved, Wire
from collector.ledger.sharing_out import OfNone, SharingOut, mark_moved, waits
from collector.ledger.sources import partition_of

_log = logging.getLogger("logboom.cluster")
_BUDGET_BYTES = 64 << 30
"""Of a copy in the scratch directory: as much as there is."""
_RENEW_SECS = LEASE_SECS / 6
_LOOK_SECS, _AGAIN_SECS, _AT_ONCE = 0.25, 1.0, 8
_SETTLE_SECS = 1.5
"""A floor that moves alone is committed each second (`collector.cluster.sources`)."""
_ACCEPTED = ("intake", "control")
Connect = Callable[[KafkaLedgerConfig], Wire]


class Resharding:
    """One attempt.

    Args:
        connect: asks the brokers in the name of a generation.
        options: of the generation that counts.
        partitions: that it has.
        scratch: a directory for copies; it is deleted.
        by: who does it, for people.
        say: told how far it is.
        listen_secs: for so long it hears who is there before it begins.
        within_secs: longer than that the doors are not kept shut.
    """

    def __init__(
        self,
        connect: Connect,
        options: KafkaLedgerConfig,
        partitions: int,
        scratch: Path,
        of_none: OfNone,
        *,
        by: str,
        say: Callable[[str], None] = lambda _: None,
        within_secs: float = 300.0,
        listen_secs: float = LISTEN_SECS,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._options, self._partitions = connect, options, partitions
        self._scratch, self._of_none, self._by, self._say = scratch, of_none, by, say
        self._listen_secs = listen_secs
        self._within_secs, self._pause, self._clock = within_secs, pause, clock
        self._wire = connect(options)
        self._deciding = Deciding(self._wire, options)
        self._now = Generation()
        self._lock = threading.Lock()
        self._until = self._renewed_at = 0.0

    def run(self, partitions: int) -> Generation:
        """The generation that counts then, with so many partitions.

        Raises:
            LogboomError: it did not come about, and why; what was begun is given up.
        """
        self._until = self._clock() + self._within_secs
        try:
            with ExitStack() as stack:
                hearing = stack.enter_context(Hearing(self._wire, self._options, self._partitions, self._clock))
                hearing.listen(self._listen_secs)
                self._reserve(hearing)
                new = self._options.of_generation(self._now.tried)
                wire = self._connect(new)
                made = prepared(wire.admin(), new, partitions, None)
                targets = [self._target(stack, wire, new, number) for number in range(partitions)]
                sharing = SharingOut(
                    targets, lambda domain: partition_of(domain, partitions), self._of_none, self._beaten
                )
                try:
                    return self._move(sharing, partitions, made, hearing)
                except BaseException as error:
                    self._give_up(error)
                    raise
        finally:
            self._deciding.close()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _reserve(self, hearing: Hearing) -> None:
        """The number of the next generation is ours. Senders notice nothing yet."""
        self._check(
            read_generation(self._wire, self._options), hearing
        )  # a claim alone would end what another one does
        found = self._deciding.claim()
        self._check(found, hearing)
        self._now = self._tell(found.reserved())

    def _check(self, found: Generation, hearing: Hearing) -> None:
        """Raises `StorageError`: nobody should begin now."""
        if found.number != self._options.generation:
            raise StorageError(
                f"the cluster is in generation {found.number} by now, with {found.partitions} partitions"
            )
        if found.move is not None and (left := LEASE_SECS - hearing.silent_secs(found)) > 0:
            raise StorageError(
                f"{found.move.by} moves the cluster to {found.move.partitions} partitions now ({found.move.stage}); if it has died, the doors "
                f"open again within {left:.0f} s"
            )
        if problems := hearing.problems():
            raise StorageError("; ".join(problems))

    def _target(self, stack: ExitStack, wire: Wire, new: KafkaLedgerConfig, number: int) -> Environment:
        """A partition of the next generation, empty. Its topics have just been made, and some brokers do not know that yet."""
        while True:
            try:
                return stack.enter_context(_following(*self._take(wire, new, number, "new")))
            except Unreachable as error:
                self._beat(f"partition {number} of the new ones can't be had yet: {error}")
                self._pause(_AGAIN_SECS)

    def _move(self, sharing: SharingOut, partitions: int, made: Checked, hearing: Hearing) -> Generation:
        """All behind shut doors."""
        admin = self._wire.admin()
        old = checked(admin, self._options, self._partitions, None)
        self._now = self._tell(self._now.begun(partitions, self._by))
        self._await_doors(self._now.tried, hearing)
        self._await_rest(hearing)
        if hearing.open_doors(self._now.tried):  # of one that has begun meanwhile
            self._await_doors(self._now.tried, hearing)
        places = [Place(old.topics[name].name, number) for name in _ACCEPTED for number in range(self._partitions)]
        ends = {place: end for place, (_, end) in admin.bounds(places).items()}
        journals = {
            number: [
                (journal_id(old.cluster, old.topics[name].id, number), ends[Place(old.topics[name].name, number)])
                for name in _ACCEPTED
            ]
            for number in range(self._partitions)
        }
        self._move_all(sharing, journals, hearing)
        self._beat("the rest is written")
        sharing.finish()
        topics = {each.name: each.id for each in made.topics.values()}
        there = admin.topics(list(topics))
        if other := [name for name, id_ in topics.items() if name not in there or there[name].id != id_]:
            raise StorageError(f"new topics were deleted or made anew meanwhile: {', '.join(other)}")
        return self._settle(topics, {f"{place.topic}/{place.partition}": end for place, end in ends.items()})

    def _await_doors(self, generation: int, hearing: Hearing) -> None:
        while open_ := hearing.open_doors(generation):
            self._beat(f"doors are not shut yet: {', '.join(open_)}")
            hearing.look(_LOOK_SECS)
        hearing.mark_time()

    def _await_rest(self, hearing: Hearing) -> None:
        """Until owners tell that nothing is on its way any more, and have had a moment to commit how far they have come."""
        for number in range(self._partitions):
            self._await_owner(number, hearing)
        until = self._clock() + _SETTLE_SECS
        while (left := until - self._clock()) > 0:
            hearing.look(min(left, _LOOK_SECS))

    def _await_owner(self, number: int, hearing: Hearing) -> None:
        while waiting := hearing.waiting(number):
            self._beat(f"partition {number} is worked off: {', '.join(waiting)}")
            hearing.look(_LOOK_SECS)

    def _move_all(
        self, sharing: SharingOut, journals: Mapping[int, Sequence[tuple[str, int]]], hearing: Hearing
    ) -> None:
        """Each old partition, some of them at once: most of what one takes is waiting for brokers."""
        left = list(journals)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resharding") as threads:
            while left:
                some = left[:_AT_ONCE]
                for number in some:
                    self._await_owner(number, hearing)
                marking = {number: threads.submit(self._marked, number, journals[number]) for number in some}
                wait(marking.values())
                with ExitStack() as stack:
                    sources = {
                        number: stack.enter_context(marked.result())
                        for number, marked in marking.items()
                        if marked.exception() is None
                    }
                    for marked in marking.values():
                        marked.result()  # what went wrong
                    for number, source in sources.items():
                        if source is not None:
                            self._beat(f"partition {number} moves")
                            sharing.take(source)
                            left.remove(number)
                if set(some) & set(left):
                    hearing.mark_time()
                    self._pause(_AGAIN_SECS)

    def _marked(self, number: int, journals: Sequence[tuple[str, int]]) -> AbstractContextManager[Environment | None]:
        """The partition, marked, if nothing is on its way in it. Its owner finds that it has lost it, and goes on with it where nothing
        comes of this. On a thread of its own."""
        with ExitStack() as stack:
            try:
                source = stack.enter_context(_following(*self._take(self._wire, self._options, number, "old")))
                if waiting := waits(source, *journals):
                    self._beat(f"partition {number} is worked off: {', '.join(waiting)}")
                    return contextlib.nullcontext()
                mark_moved(source, self._now.tried)
            except (Lost, Unreachable, CommitError) as error:  # its owner has claimed it at the same moment
                self._beat(f"partition {number} can't be had yet: {error}")
                return contextlib.nullcontext()
            return _Kept(source, stack.pop_all())
        raise AssertionError("it has returned")

    def _take(self, wire: Wire, options: KafkaLedgerConfig, number: int, name: str) -> tuple[Follower, Changelog, Path]:
        path = self._scratch / f"{name}-{number}"
        admin = wire.admin()
        try:
            restoring = Restoring(wire, admin, options.names, wanted=self._beaten)
            return *restoring.take(number, path, _BUDGET_BYTES), path
        finally:
            admin.close()

    def _settle(self, topics: Mapping[str, str], ends: Mapping[str, int]) -> Generation:
        settled = self._now.settled(topics, ends, self._partitions)
        try:
            return self._deciding.tell(settled)
        except Unresolved:
            self._deciding.close()
            self._deciding = Deciding(self._wire, self._options)
            if (found := self._deciding.claim()).number == settled.number:
                return found
            raise

    def _beaten(self) -> bool:
        self._beat("")
        return True

    def _beat(self, stage: str) -> None:
        """Go on keeping the doors shut. From any thread. Raises `StorageError`: not any longer."""
        with self._lock:
            now, told = self._clock(), self._now.move.stage if self._now.move is not None else ""
            if now > self._until:
                raise StorageError(
                    f"it is not done within {self._within_secs:.0f} s, and nothing was changed: {stage or told}"
                )
            if self._now.move is not None and now - self._renewed_at >= _RENEW_SECS:
                self._now = self._tell(self._now.renewed(stage or told))
            if stage:
                self._say(stage)

    def _tell(self, generation: Generation) -> Generation:
        try:
            told = self._deciding.tell(generation)
        except Fenced as error:
            raise StorageError("it was given up: the doors have not heard of this command for too long") from error
        self._renewed_at = self._clock()
        return told

    def _give_up(self, error: BaseException) -> None:
        """Nobody counts on it that this comes through: the doors open by themselves."""
        self._say(f"it is given up: {error}")
        with contextlib.suppress(LogboomError):
            if not self._is_ours(read_generation(self._wire, self._options)):
                return  # a claim alone would end what another one does
            if self._is_ours(found := self._deciding.claim()):
                self._deciding.tell(found.given_up())

    def _is_ours(self, found: Generation) -> bool:
        ours = self._now.move
        return ours is not None and found.move is not None and found.move.generation == ours.generation


class _Kept:
    """A partition that was taken on another thread, to be let go of on this one."""

    def __init__(self, source: Environment, stack: ExitStack) -> None:
        self._source, self._stack = source, stack

    def __enter__(self) -> Environment:
        return self._source

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@contextlib.contextmanager
def _following(follower: Follower, changelog: Changelog, path: Path) -> Iterator[Environment]:
    follower.environment.follow(changelog)
    try:
        yield follower.environment
    finally:
        follower.environment.close()
        shutil.rmtree(path, ignore_errors=True)
