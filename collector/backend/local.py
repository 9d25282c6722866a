"""Journal and ledger on this machine: an LMDB environment for each ingest slot and each partition, in the data directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from collector.backend.data_dir import DataDir
from collector.backend.desk import LocalDesk
from collector.backend.freeze import frozen
from collector.backend.interface import Frozen, always
from collector.backend.news import Anything, Arrivals
from collector.backend.opening import open_journal, open_partition
from collector.backend.pulse import LocalPulse
from collector.backend.view import LocalView
from collector.disk.environment import Environment
from collector.encryption import Keys
from collector.errors import StorageError
from collector.journal import layout
from collector.journal.entry import Intake
from collector.journal.limits import CONTROL_LIMITS, JournalLimits
from collector.kafka.wire import Changes
from collector.ledger.interface import Ledger
from collector.ledger.plan import LedgerPlan
from collector.ledger.tables import create_partition


def control_intake(data_dir: DataDir, on_fatal: Callable[[StorageError], None], keys: Keys | None = None) -> Intake:
    """See `Backend.open_control`."""
    from collector.journal.writer import Journal

    marks = LocalView(data_dir)  # of this journal's thread alone
    marks.watermarks(None)
    return Journal.open(data_dir.control, CONTROL_LIMITS, partial(marks.watermarks, None), on_fatal, keys)


class LocalOwnership:
    """The `Ownership` of one machine: what a worker has is its own for ever."""

    alone = True

    def __init__(self, partitions: Sequence[int]) -> None:
        self._untold = partitions

    def changes(self) -> Changes:
        """See `Ownership.changes`."""
        gained, self._untold = self._untold, ()
        return Changes(gained)

    def released(self, partitions: Sequence[int]) -> None:
        """Nothing is ever lost."""

    def in_touch(self) -> bool:
        """See `Ownership.in_touch`."""
        return True

    def owners(self) -> Mapping[int, str]:
        """See `Ownership.owners`."""
        return {}

    def silent_secs(self) -> float:
        """See `Ownership.silent_secs`."""
        return 0.0

    def expired(self) -> str:
        """See `Ownership.expired`."""
        return ""

    def close(self) -> None:
        """See `Ownership.close`."""


class LocalBackend:
    """The `Backend` on LMDB. A partition p belongs to the worker p % workers; a lock says whether it has it already.

    Args:
        slots: how many ingest processes there are; journals of an earlier configuration are read to their end.
        limits: of each journal.
        keys: open what is encrypted, and encrypt, where they seal.
        partition_bytes: budget of each partition's environment.
    """

    def __init__(
        self,
        data_dir: DataDir,
        slots: int,
        workers: int,
        limits: JournalLimits,
        partition_bytes: int,
        keys: Keys | None = None,
    ) -> None:
        self._dir = data_dir
        self._slots = slots
        self._workers = workers
        self._limits = limits
        self._partition_bytes = partition_bytes
        self._keys = keys
        self._marks: LocalView | None = None

    def prepare(self) -> None:
        """See `Backend.prepare`."""
        for slot in range(self._slots):
            path, budget = self._dir.journal(slot), self._limits.max_bytes
            Environment.create(path, budget, layout.KIND, layout.FORMAT_VERSION, layout.OLDEST_FORMAT).close()
        path, budget = self._dir.control, CONTROL_LIMITS.max_bytes
        Environment.create(path, budget, layout.KIND, layout.FORMAT_VERSION, layout.OLDEST_FORMAT).close()
        for number in range(self._dir.partitions):
            create_partition(self._dir.partition(number), self._partition_bytes)

    def open_intake(self, slot: int, on_fatal: Callable[[StorageError], None]) -> Intake:
        """See `Backend.open_intake`. The journal is trimmed behind what all partitions have done with."""
        from collector.journal.writer import Journal

        if self._marks is None:
            self._marks = LocalView(self._dir)  # of the journal's thread alone
            self._marks.watermarks(slot)  # what can't be read must be told now
        return Journal.open(
            self._dir.journal(slot), self._limits, partial(self._marks.watermarks, slot), on_fatal, self._sealing
        )

    def open_control(self, on_fatal: Callable[[StorageError], None]) -> Intake:
        """See `Backend.open_control`."""
        return control_intake(self._dir, on_fatal, self._sealing)

    @property
    def _sealing(self) -> Keys | None:
        return self._keys if self._keys is not None and self._keys.seals else None

    def ownership(self, worker: int) -> LocalOwnership:
        """See `Backend.ownership`."""
        return LocalOwnership(self._own(worker))

    def _own(self, worker: int) -> range:
        return range(worker, self._dir.partitions, self._workers)

    def open_ledger(
        self,
        partition: int,
        plan: LedgerPlan,
        wanted: Callable[[], bool] = always,  # noqa: ARG002  it takes no time
    ) -> Ledger:
        """See `Backend.open_ledger`."""
        from collector.ledger.journal_sources import JournalSources
        from collector.ledger.partition import PartitionLedger  # loads columns, which the supervisor must not

        sources = JournalSources(self._journals(), self._dir.control, self._keys)
        return PartitionLedger.open(
            self.place(partition), plan, sources, partition, self._dir.partitions, keys=self._keys
        )

    def died(self, worker: int) -> None:
        """See `Backend.died`: its successor finds it on this disk."""

    def pulse(self, worker: int) -> LocalPulse:
        """See `Backend.pulse`."""
        own = self._own(worker)
        journals = [(path, open_journal, Arrivals(own, self._dir.partitions)) for path in self._journals()]
        partitions = [(self.place(number), open_partition, Anything({number})) for number in own]
        return LocalPulse([*journals, (self._dir.control, open_journal, Anything(own)), *partitions])

    def _journals(self) -> list[Path]:
        """Those on disk, and those that ingest processes are about to make."""
        slots = {*self._dir.journal_slots(), *range(self._slots)}
        return [self._dir.journal(slot) for slot in sorted(slots)]

    def place(self, partition: int) -> Path:
        """See `Backend.place`."""
        return self._dir.partition(partition)

    def view(self) -> LocalView:
        """See `Backend.view`."""
        return LocalView(self._dir)

    def desk(self) -> LocalDesk:
        """See `Backend.desk`."""
        return LocalDesk(self._dir, self._keys)

    def frozen(self) -> AbstractContextManager[Frozen]:
        """See `Backend.frozen`."""
        return frozen(self._dir)
