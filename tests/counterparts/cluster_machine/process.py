"""One logboom process of the machine: it accepts, owns partitions, steps, delivers, and dies."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from collector.cluster.accepted import Accepted
from collector.cluster.account import Account
from collector.cluster.fetcher import Fetcher
from collector.cluster.intake import KafkaIntake
from collector.cluster.restoring import Restoring, Taken
from collector.cluster.sources import KafkaSources
from collector.cluster.trimming import Trimming
from collector.disk.environment import CommitError
from collector.errors import Lost, OutOfReach, Refusal, StorageError
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.kafka.wire import Unreachable
from collector.ledger.interface import LAST, Commit, Ledger, Read
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.reader import PartitionReader
from collector.outcomes import Counts
from collector.pipeline.decode import decode
from collector.testing.log_cluster import LogCluster
from counterparts.cluster_machine.inline import pump
from counterparts.partition_bench import exported

PREFIX, PARTITIONS = "m", 2
TALLY, NAME = "tally", b"records"
PIPELINES = (
    PipelinePlan("logs", frozenset({"otlp"}), ("store",), components=(TALLY,)),
    PipelinePlan("raw", frozenset({"otlp"}), ("forward",), passthrough=True),
)
PLAN = LedgerPlan(PIPELINES, {"store": Quota(), "forward": Quota()}, max_bytes=4 << 20, state_bytes=1 << 20)
EXPORTERS = {"store": "logs", "forward": "raw"}
_MIB = 1 << 20
_TROUBLE = (Unreachable, OutOfReach)


class Work(Enum):
    """What a process does of its work. `UNACKNOWLEDGED`: destinations take what it delivers, and their answers are lost."""

    ALL = auto()
    STEP = auto()
    DELIVER = auto()
    UNACKNOWLEDGED = auto()


class Crash(BaseException):
    """The process is killed here."""


class AnyRoom:
    """There is always room."""

    waiting = (0, 1 << 40)
    oldest_age_secs = 0.0

    def refusal(self, payloads: object) -> Refusal | None:
        """Never."""
        del payloads
        return None

    def took(self, payloads: object) -> None:
        """Nobody counts."""

    def close(self) -> None:
        """Nothing is open."""


Sink = Callable[[str, int, int, object], None]
"""(exporter, partition, seq, content): where deliveries go."""


@dataclass
class Doom:
    """Where the process dies: the `nth` time from now that `point` is reached."""

    point: str
    nth: int


class Process:
    """See the module. Between `start` and `kill`."""

    def __init__(self, cluster: LogCluster, name: str, folder: Path, sink: Sink) -> None:
        self.cluster, self.name, self.folder, self._sink = cluster, name, folder, sink
        self.alive = self.frozen = False
        self.doom: Doom | None = None
        self.standing: tuple[str, Callable[[], None]] | None = None
        self.held: dict[int, Taken] = {}

    # --- life

    def start(self) -> None:
        """A new process on the directory of the last one."""
        wire = self.cluster.wire(PREFIX)
        admin = wire.admin()
        topics = admin.topics([f"{PREFIX}.intake", f"{PREFIX}.control"])
        self._admin = admin
        self._accepted = Accepted(wire, topics[f"{PREFIX}.intake"], topics[f"{PREFIX}.control"])
        self._restoring = Restoring(wire, admin, PREFIX, now_unix_ms=lambda: self.cluster.unix_ms)
        self._group = wire.group(self.name, f"{PREFIX}.intake")
        self.sender = wire.sender(self.name)
        account = Account.open(self.folder / "journal")
        self.intake = KafkaIntake(
            self.sender,
            account,
            f"{PREFIX}.intake",
            PARTITIONS,
            f"{self.name}/0",
            JournalLimits(),
            AnyRoom(),
            lambda _: None,
        )
        self.held, self._wanted = {}, set[int]()
        self.alive, self.frozen, self.doom = True, False, None

    def kill(self, *, with_machine: bool = False, landed: int = 0) -> None:
        """SIGKILL: nothing is put down in order. `with_machine`: its disk is lost, too. `landed`: so many requests to the
        brokers were on their way, and are taken."""
        self.alive = self.frozen = False
        self.doom = None
        self.sender.abandon(landed)
        for taken in self.held.values():
            taken.ledger.close()  # gives the files back, and publishes nothing
        self.held = {}
        self._accepted.close()
        self.intake.close(0.0)
        self.cluster.stop(self.name)
        if with_machine:
            shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self) -> None:
        """SIGSTOP."""
        self.frozen = True
        self.cluster.stop(self.name)

    def thaw(self) -> None:
        """SIGCONT."""
        self.frozen = False
        self.cluster.go_on(self.name)

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """What is done in here the process does; where it was to die, it dies."""
        self.cluster.at = self._at
        try:
            yield
        except Crash:
            self.kill()
        finally:
            self.cluster.at = lambda _: None

    def _at(self, point: str) -> None:
        standing = self.standing
        if standing is not None and standing[0] == point:
            self.standing = None
            standing[1]()
        doom = self.doom
        if doom is not None and doom.point == point:
            doom.nth -= 1
            if doom.nth <= 0:
                raise Crash(point)

    # --- partitions

    def look(self) -> None:
        """What came and went, and what is wanted, is taken."""
        changes = self._group.changes()
        self._wanted |= set(changes.gained)
        self._wanted -= set(changes.lost)
        for number in changes.lost:
            self.drop(number)
        self._group.released([number for number in changes.lost if number not in changes.gone])
        for number in sorted(self._wanted - self.held.keys()):
            with contextlib.suppress(Lost, *_TROUBLE):
                self._take(number)

    def _take(self, number: int) -> None:
        sources = KafkaSources(self._accepted, number)
        self.held[number] = self._restoring.open_ledger(
            number, PARTITIONS, self.folder / str(number), PLAN, sources, at=self._at
        )

    def drop(self, number: int) -> None:
        """Let go of it."""
        taken = self.held.pop(number, None)
        if taken is not None:
            with contextlib.suppress(StorageError):
                taken.ledger.close()

    @contextlib.contextmanager
    def _owning(self, number: int) -> Iterator[Taken]:
        """Where it turns out that it is not ours any more, or nobody knows, it is dropped, and taken anew if it is ours."""
        try:
            yield self.held[number]
        except Lost:
            self.drop(number)
        except (OutOfReach, CommitError):  # another time
            pass

    # --- work

    def accept(self, payload: Payload, done: Callable[[Refusal | None], None]) -> None:
        """From a sender."""
        self.intake.append([payload], done)

    def fetchers(self) -> list[Fetcher]:
        """Those that fill its windows."""
        return [fetcher for fetcher, _ in self._accepted._fetchers.values()]

    def work(self, does: Work = Work.ALL, most: int = 100) -> bool:
        """What it does with all that it has; whether there was anything."""
        moved = False
        for number in list(self.held):
            for exporter, pipeline in EXPORTERS.items():
                if does is not Work.DELIVER:
                    moved |= number in self.held and self.step(number, pipeline, most)
                if does is not Work.STEP:
                    lost = does is Work.UNACKNOWLEDGED
                    moved |= number in self.held and self.deliver(number, exporter, answer_lost=lost)
        return moved

    def step(self, number: int, pipeline: str, most: int = 100) -> bool:
        """Read, decode, commit; whether there was anything."""
        moved = False
        with self._owning(number) as taken:
            if not self.cluster.paused:
                for fetcher in self.fetchers():
                    pump(fetcher)
            ledger = taken.ledger
            read = ledger.read(pipeline, _MIB, most)
            if read:
                moved = bool(read.entries or read.duplicates)
                self._commit(ledger.commit, self._made(ledger, pipeline, read))
        return moved

    def _made(self, ledger: Ledger, pipeline: str, read: Read) -> Commit:
        if pipeline == "raw":
            return Commit(pipeline, read, {pipeline: list(read.entries)} if read.entries else {})
        decoded = decode(read.entries)
        state = {}
        for domain in sorted({entry.domain for entry in read.entries}):
            before = ledger.state(TALLY, domain).get_many([NAME]).get(NAME, b"0")
            more = sum(entry.records for entry in read.entries if entry.domain == domain)
            state[TALLY, domain, NAME] = b"%d" % (int(before) + more)
        out = {pipeline: decoded.batch} if read.entries else {}
        return Commit(pipeline, read, out, state, Counts(), decoded.dead_letters)

    def _commit(self, commit: Callable[[Commit], None], made: Commit) -> None:
        """What was refused in order is given again, the same."""
        for _ in range(3):
            with contextlib.suppress(CommitError):
                commit(made)
                break

    def deliver(self, number: int, exporter: str, *, answer_lost: bool = False) -> bool:
        """What waits goes to the destination; unless the answer is lost, it is acknowledged. Whether there was anything."""
        found = False
        with self._owning(number) as taken:
            entries = taken.ledger.deliverable(exporter, -1, _MIB, LAST)
            for entry in entries:
                self._sink(exporter, number, entry.seq, entry.content)
            found = bool(entries)
            if found and not answer_lost:
                with contextlib.suppress(CommitError):
                    taken.ledger.ack(exporter, [exported(entry) for entry in entries])
        return found

    def trim(self) -> None:
        """What nobody needs of the topics is deleted."""
        for number in list(self.held):
            with self._owning(number) as taken, contextlib.suppress(Unreachable):
                taken.changelog.trim(self._admin)
        with contextlib.suppress(Unreachable), contextlib.ExitStack() as stack:
            Trimming(self._admin, self._accepted, partial(self._readers, stack)).trim()

    def _readers(self, stack: contextlib.ExitStack) -> Iterator[tuple[int, PartitionReader]]:
        for number in self.held:
            yield number, stack.enter_context(contextlib.closing(PartitionReader.open(self.folder / str(number))))
