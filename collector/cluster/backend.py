"""`KafkaBackend`: what was accepted, and what becomes of it, stands in Kafka; each machine has copies of what it owns.

ingest slot ──► topic `intake` ──► worker that owns the partition ──► topics `ledger`, `outbox`, `dead` ──► exporters
slot 0 ──► topic `control`                │
                                          └─ `partition/<p>/`: a copy, made anew wherever it is missing
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

from collector.backend.data_dir import DataDir
from collector.backend.interface import Frozen, always
from collector.cluster.accepted import Accepted
from collector.cluster.accepted import Lost as Missed
from collector.cluster.account import Account
from collector.cluster.changelog import unix_ms
from collector.cluster.connecting import remember
from collector.cluster.desk import KafkaDesk
from collector.cluster.door import Door
from collector.cluster.generation import read_generation
from collector.cluster.intake import KafkaIntake
from collector.cluster.lag import Boundless, Lag
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.ownership import ClusterOwnership, take_place
from collector.cluster.poison import adopt, tell_death
from collector.cluster.pulse import ClusterPulse
from collector.cluster.requests import Requests
from collector.cluster.shared_keys import share_keys
from collector.cluster.status import OWNERLESS_SECS, Owned, Status, Teller
from collector.cluster.told import FOLDER, told_by_all
from collector.cluster.topics import Checked, checked, prepared, remembers
from collector.cluster.trimming import Trimming
from collector.cluster.view import KafkaView
from collector.errors import Locked, Lost, StorageError
from collector.journal.entry import Intake
from collector.journal.limits import CONTROL_LIMITS, JournalLimits
from collector.kafka.wire import Place, Unreachable, Wire
from collector.ledger.interface import Ledger
from collector.ledger.plan import LedgerPlan
from collector.ledger.reader import PartitionReader

_log = logging.getLogger("logboom.cluster")


class KafkaBackend:
    """The `Backend` of one process of a machine in a cluster.

    Args:
        limits: how much may wait in each partition.
        wire: asks the cluster; made when it is first needed.
        address: where this machine is asked for more, for people.
    """

    def __init__(
        self,
        data_dir: DataDir,
        options: KafkaLedgerConfig,
        limits: JournalLimits,
        wire: Callable[[], Wire],
        address: str = "",
    ) -> None:
        self._dir = data_dir
        self._options = options
        self._limits = limits
        self._make_wire = wire
        self._address = address
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        self._topics: Checked | None = None
        self._worker: _Worker | None = None
        self._pulses: list[ClusterPulse] = []

    def prepare(self) -> None:
        """See `Backend.prepare`: topics are made or checked."""
        if not remembers(self._dir.root):
            _check_unused(self._dir)
        try:
            told = self._told_topics()
            found = prepared(self._connected().admin(), self._options, self._dir.partitions, self._dir.root, told=told)
            secret = self._options.secret.get_secret_value()
            share_keys(self._connected(), self._options.root_topic, self._dir.root, secret)
        except Unreachable as error:
            raise StorageError(f"service.ledger.kafka: {', '.join(self._options.brokers)}: {error}") from error
        for said in found.warnings:
            _log.warning("%s", said)
        remember(self._dir.root, self._options, self._dir.partitions)

    def open_intake(self, slot: int, on_fatal: Callable[[StorageError], None]) -> Intake:
        """See `Backend.open_intake`."""
        account = Account.open(self._dir.journal(slot))
        wire, options = self._connected(), self._options
        status, partitions = options.topic("status"), self._dir.partitions
        room = Lag(wire, status, partitions, self._limits, options.retention, on_fatal)
        name = f"{options.instance}/{slot}"
        return KafkaIntake(
            wire.sender(f"intake-{slot}"), account, options.topic("intake"), partitions, name, self._limits, room, on_fatal,
            self._door(name, on_fatal),
        )  # fmt: skip

    def open_control(self, on_fatal: Callable[[StorageError], None]) -> Intake:
        """See `Backend.open_control`."""
        account = Account.open(self._dir.control)
        name = f"{self._options.instance}/control"
        return KafkaIntake(
            self._connected().sender("control"), account, self._options.topic("control"), self._dir.partitions, name,
            CONTROL_LIMITS, Boundless(), on_fatal, self._door(name, on_fatal),
        )  # fmt: skip

    def ownership(self, worker: int) -> ClusterOwnership:
        """See `Backend.ownership`."""
        lock = take_place(self._dir.root / FOLDER / f"worker-{worker}.lock")
        self._worker = _Worker(self, worker)
        group = self._connected().group(f"{self._options.instance}-{worker}", self._options.topic("intake"))
        worker_, session_secs = self._worker, self._options.session_timeout
        ownership = ClusterOwnership(group, session_secs, lock, worker_.close, worker_.owners)
        self._worker.share_out, self._worker.note = group.share_out, group.note
        self._worker.on_missed = lambda missed: ownership.note_expired(str(missed))
        return ownership

    def open_ledger(self, partition: int, plan: LedgerPlan, wanted: Callable[[], bool] = always) -> Ledger:
        """See `Backend.open_ledger`: what others committed is read first."""
        assert self._worker is not None, "who owns partitions has asked for them"
        try:
            return self._worker.open_ledger(partition, plan, wanted)
        except Unreachable as error:
            raise Lost(str(error)) from error
        except StorageError as error:
            if error.fatal or isinstance(error, Locked | Lost):
                raise
            raise Lost(str(error)) from error

    def died(self, worker: int) -> None:
        """See `Backend.died`."""
        told = told_by_all(self._dir.root, living=False).get(worker)
        places = {number: self.place(number) for number in (told.partitions if told else ())}
        if places:
            tell_death(self._connected(), self._options.topic("status"), self._options.instance, places)

    def pulse(self, worker: int) -> ClusterPulse:
        """See `Backend.pulse`."""
        del worker
        pulse = ClusterPulse(self._dir)
        self._pulses.append(pulse)
        return pulse

    def place(self, partition: int) -> Path:
        """See `Backend.place`."""
        return self._dir.partition(partition)

    def view(self) -> KafkaView:
        """See `Backend.view`: of this machine's partitions."""
        return KafkaView(self._dir)

    def desk(self) -> KafkaDesk:
        """See `Backend.desk`: of the whole cluster."""
        return KafkaDesk(self._connected(), self._options, self._dir.partitions)

    def frozen(self) -> AbstractContextManager[Frozen]:
        """See `Backend.frozen`. Raises `StorageError`: a copy of this machine's disk is none of the cluster."""
        raise StorageError(
            "what waits stands in Kafka (service.ledger.kafka): its replication keeps it, and no copy of this machine does"
        )

    def stir(self) -> None:
        """There is something to be read."""
        for pulse in self._pulses:
            pulse.stir()

    def _door(self, name: str, on_fatal: Callable[[StorageError], None]) -> Door:
        door = Door(self._connected(), self._options, name, on_fatal)
        try:
            door.await_opening()
        except BaseException:
            door.close()
            raise
        return door

    def _told_topics(self) -> Mapping[str, str]:
        """Topic → id, of a generation that was made by moving the cluster."""
        if self._options.generation == 1:
            return {}
        return read_generation(self._connected(), self._options).topics

    def _stands(self, moved: int) -> bool:
        """Whether a partition of this generation counts, though it was moved to another one: nobody makes that any more."""
        found = read_generation(self._connected(), self._options)
        under_way = found.move is not None and found.move.generation == moved
        return found.number == self._options.generation and not under_way

    def _connected(self) -> Wire:
        with self._lock:
            if self._wire is None:
                self._wire = self._make_wire()
            return self._wire

    def _known(self) -> Checked:
        """The topics, which whoever prepared has made. Raises `Unreachable`, `StorageError`."""
        wire = self._connected()
        with self._lock:
            if self._topics is None:
                self._topics = checked(wire.admin(), self._options, self._dir.partitions, self._dir.root)
            return self._topics


class _Worker:
    """What a worker process has of the cluster beside its ledgers."""

    def __init__(self, backend: KafkaBackend, index: int) -> None:
        self._backend = backend
        self._index = index
        self._lock = threading.Lock()
        self._accepted: Accepted | None = None
        self._status: Status | None = None
        self._trimming: Trimming | None = None
        self._requests: Requests | None = None
        self._owned: dict[int, Owned] = {}
        self.on_missed: Callable[[Missed], None] = lambda _: None
        self.share_out: Callable[[], None] = lambda: None
        self._taking: dict[int, int] = {}
        self.note: Callable[[Mapping[Place, int]], None] = lambda _: None

    def open_ledger(self, number: int, plan: LedgerPlan, wanted: Callable[[], bool]) -> Ledger:
        """Take a partition; while that lasts it is told."""
        with self._lock:
            self._taking = {**self._taking, number: unix_ms()}
        try:
            return self._taken(number, plan, wanted)
        finally:
            with self._lock:
                self._taking = {of: since for of, since in self._taking.items() if of != number}

    def _taken(self, number: int, plan: LedgerPlan, wanted: Callable[[], bool]) -> Ledger:
        from collector.cluster.restoring import Restoring  # loads columns, which the supervisor must not
        from collector.cluster.sources import KafkaSources

        backend = self._backend
        accepted = self._begun()
        wire, place = backend._connected(), backend.place(number)
        restoring = Restoring(wire, wire.admin(), backend._options.names, wanted=wanted, stands=backend._stands)
        taken = restoring.open_ledger(number, backend._dir.partitions, place, plan, KafkaSources(accepted, number))
        try:
            adopt(wire, backend._options.topic("status"), number, backend._options.instance, place)
            reader = PartitionReader.open(place)
        except BaseException:
            taken.ledger.close()  # else this process could never take it again
            raise
        with self._lock:
            self._owned = {**self._owned, number: Owned(number, place, reader, taken.changelog, unix_ms())}
        return cast("Ledger", _OwnedLedger(taken.ledger, lambda: self._put_down(number, reader)))

    def owners(self) -> Mapping[int, str]:
        """Partition → machine, as told last."""
        return {} if self._status is None else self._status.owners()

    def close(self) -> None:
        """End all threads."""
        with self._lock:
            parts = [self._status, self._requests, self._trimming, self._accepted]
            self._status = self._requests = self._trimming = self._accepted = None
        for part in parts:
            if part is not None:
                part.close()

    def _put_down(self, number: int, reader: PartitionReader) -> None:
        with self._lock:
            if number in self._owned and self._owned[number].reader is reader:
                self._owned = {of: owned for of, owned in self._owned.items() if of != number}
        reader.close()

    def _begun(self) -> Accepted:
        backend = self._backend
        topics = backend._known()
        with self._lock:
            if self._accepted is None:
                wire, options = backend._connected(), backend._options
                accepted = Accepted(
                    wire,
                    topics.topics["intake"],
                    topics.topics["control"],
                    backend.stir,
                    self.on_missed,
                )
                teller = Teller(backend._dir.root, options.instance, self._index, backend._address)
                self._accepted = accepted
                self._status = Status(
                    wire, options.topic("status"), backend._dir.partitions, teller, accepted, lambda: self._owned,
                    self.share_out, options.session_timeout + OWNERLESS_SECS, self.note, lambda: self._taking,
                )  # fmt: skip
                self._trimming = Trimming(
                    wire.admin(), accepted, lambda: [(each.number, each.reader) for each in self._owned.values()]
                )
                self._trimming.start()
                self._requests = Requests(wire, options.topic("requests"), lambda: self._owned, backend.place)
            return self._accepted


class _OwnedLedger:
    """A ledger whose end is told."""

    def __init__(self, ledger: Ledger, closed: Callable[[], None]) -> None:
        self._ledger = ledger
        self._closed = closed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def close(self) -> None:
        """See `Ledger.close`."""
        self._closed()
        self._ledger.close()


def _check_unused(data_dir: DataDir) -> None:
    """Raises `StorageError`: partitions of a logboom without Kafka would be taken for copies, and thrown away."""
    found = [number for number in range(data_dir.partitions) if (data_dir.partition(number) / "data.mdb").exists()]
    if found:
        raise StorageError(
            f"{data_dir.root} was used without service.ledger.kafka: what waits in its partitions stands in no cluster. Give a "
            "--data-dir of its own, or run it without `kafka` until nothing waits, and delete its folders `partition` and `journal`"
        )
