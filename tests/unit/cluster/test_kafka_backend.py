"""Machines of a cluster share the work: each record is delivered and counted once, whoever comes, goes or stands still."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
import xxhash

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.interface import LetterFilter
from collector.cluster import backend, status
from collector.cluster.backend import KafkaBackend
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.status import read_all
from collector.cluster.told import owned
from collector.errors import NoRoom, StorageError
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.kafka.wire import Place
from collector.ledger.reader import PartitionReader
from collector.service import worker as module
from collector.service.worker import Worker
from collector.settings import load
from collector.testing.log_cluster import LogCluster
from counterparts.partition_bench import request

PARTITIONS, SECONDS, MIB = 4, 60.0, 1 << 20
CONFIG = f"""
receivers: {{otlp: {{protocols: {{http: {{endpoint: "localhost:0"}}}}}}}}
exporters: {{sqlite: {{}}}}
service: {{ledger: {{partitions: {PARTITIONS}}}, pipelines: {{logs: {{receivers: [otlp], exporters: [sqlite]}}}}}}
"""


class Machine:
    """One of them: a data directory, a backend, and a worker when it is started."""

    def __init__(self, cluster: LogCluster, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.name = root, root.name
        self.options = KafkaLedgerConfig(prefix="lb", instance_id=root.name)
        open_data_dir(root, PARTITIONS)
        wire = cluster.wire("lb")
        self.backend = KafkaBackend(
            DataDir(root, PARTITIONS), self.options, JournalLimits(16 * MIB, 1.0), lambda: wire  # type: ignore[arg-type]
        )  # fmt: skip
        self.backend.prepare()
        self._patch = monkeypatch
        self._worker: Worker | None = None

    def start(self) -> None:
        self._patch.setattr(module, "backend_of", lambda *_: self.backend)
        self._worker = worker = Worker(load([f"yaml:{CONFIG}"], []), self.root, 0)
        self._thread = threading.Thread(target=worker.run)
        self._thread.start()
        until(lambda: (report := worker.report()) is not None and report.phase == "ready")

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop(SECONDS)
            self._thread.join(SECONDS)
            assert not self._thread.is_alive()
            self._worker = None

    def accept(self, domains: Sequence[str]) -> None:
        """A record of each in Kafka."""
        ended: list[object] = []
        intake = self.backend.open_intake(0, print)
        for domain in domains:
            body = request([f"{domain} {uuid.uuid4()}"])
            payload = Payload(domain, "otlp", body, 1, time.time_ns() // 1_000_000, xxhash.xxh3_128_digest(body))
            intake.append([payload], ended.append)
        assert intake.close(SECONDS)
        assert ended == [None] * len(domains)

    def counted(self) -> Counter[str]:
        """Outcome of the exporter → records, of the partitions that it owns now."""
        view = self.backend.view()
        found: Counter[str] = Counter()
        for (_, component, outcome), records in view.counts().items():
            if component == "exporter/sqlite":
                found[outcome] += records
        view.close()
        return found


def until(holds: Callable[[], bool], message: Callable[[], str] = lambda: "it does not come about") -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, message()
        time.sleep(0.05)


@pytest.fixture
def cluster() -> LogCluster:
    return LogCluster(real_time=True, session_secs=2.0)


@pytest.fixture
def machines(cluster: LogCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Machine]]:
    """Two, of which none has begun."""
    made = [Machine(cluster, tmp_path / name, monkeypatch) for name in ("a", "b")]
    yield made
    for machine in made:
        machine.stop()


def exported(machines: Sequence[Machine]) -> int:
    return sum(machine.counted()["exported"] for machine in machines)


def test_what_could_not_be_had_at_once_is_had_later(machines: list[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever went wrong while a partition was taken, its files are let go of."""
    left = ["the disk is full"]

    def opened(path: Path) -> PartitionReader:
        if left:
            raise NoRoom(left.pop())
        return PartitionReader.open(path)

    monkeypatch.setattr(backend, "PartitionReader", SimpleNamespace(open=opened))
    machines[0].start()
    until(lambda: len(owned(machines[0].root)) == PARTITIONS)
    assert not left


def domains(count: int) -> list[str]:
    return [f"domain{n}" for n in range(count)]


def test_partitions_are_shared_out_and_each_record_is_counted_once(machines: list[Machine]) -> None:
    """A second machine gets half of them; what it restored goes on where the first one was; one that ends leaves them to the other."""
    first, second = machines
    first.start()
    first.accept(domains(12))
    until(lambda: exported(machines) == 12)
    second.start()
    until(lambda: len(owned(first.root)) == len(owned(second.root)) == PARTITIONS // 2)
    second.accept(domains(12))
    until(lambda: exported(machines) == 24, lambda: str([machine.counted() for machine in machines]))
    assert second.counted()["exported"]
    first.stop()
    second.accept(domains(12))
    until(lambda: len(owned(second.root)) == PARTITIONS)
    until(lambda: exported(machines) == 36, lambda: str(second.counted()))
    assert second.counted() == {"enqueued": 36, "exported": 36}


def test_owners_tell_the_cluster_what_they_have(
    machines: list[Machine], cluster: LogCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns a partition, and what waits in it; and people's tools, how far it is read."""
    first, second = machines
    first.start()
    second.start()

    def told() -> Counter[str]:
        return Counter(status["owner"] for status in read_all(cluster.wire("lb"), "lb.status", PARTITIONS).values())

    monkeypatch.setattr(status, "NOTE_SECS", 0.1)
    until(lambda: told() == {"a": 2, "b": 2})
    first.accept(domains(12))
    until(lambda: exported(machines) == 12)
    topics = ("lb.intake", "lb.control", "lb.outbox")
    places = [Place(topic, number) for topic in topics for number in range(PARTITIONS)]
    ends = {place: end for place, (_, end) in cluster.wire("lb").admin().bounds(places).items()}
    noted = cluster.coordinators["lb", "lb.intake"].noted
    until(
        lambda: noted == {place: end for place, end in ends.items() if end or place.topic == "lb.outbox"},
        lambda: str((noted, ends)),
    )
    file = first.root / "cluster" / "0.json"
    until(lambda: {owner for owner, *_ in json.loads(file.read_text())["others"].values()} == {"a", "b"})


def test_dead_letters_are_seen_and_decided_about_anywhere(machines: list[Machine], cluster: LogCluster) -> None:
    """Also where another machine owns the partition, and on one that owns none."""
    first, second = machines
    body = b"\xff no protobuf"
    intake = first.backend.open_intake(0, print)
    for domain in domains(8):
        intake.append([Payload(domain, "otlp", body, 1, time.time_ns() // 1_000_000, bytes(16))], lambda _: None)
    assert intake.close(SECONDS)
    first.start()
    desk = second.backend.desk()
    until(lambda: len(desk.letters()) == 8)
    [letter] = desk.letters(LetterFilter(domain="domain3"))
    [entry] = desk.content(desk.named([letter.id])[0])
    assert entry.body == body
    desk.request("delete", [letter])
    until(lambda: len(desk.letters()) == 7)
    assert not desk.letters(LetterFilter(domain="domain3"))


def test_a_machine_that_was_forgotten_takes_its_partitions_anew(machines: list[Machine], cluster: LogCluster) -> None:
    """Another has claimed one while it thought it was its own: what it did meanwhile counts, what it does now doesn't."""
    first, _ = machines
    first.start()
    first.accept(domains(6))
    until(lambda: exported([first]) == 6)
    for number in range(PARTITIONS):
        writer = cluster.wire("lb").writer(number)
        writer.claim(SECONDS)
        writer.close()
    first.accept(domains(6))
    until(lambda: exported([first]) == 12, lambda: str(first.counted()))
    assert first.counted() == {"enqueued": 12, "exported": 12}


def test_a_directory_that_was_used_without_it_is_left_alone(
    cluster: LogCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in its partitions would be taken for copies, and thrown away."""
    settings = load([f"yaml:{CONFIG}"], [])
    open_data_dir(tmp_path, PARTITIONS)
    module.backend_of(settings, tmp_path).prepare()
    with pytest.raises(StorageError, match=r"was used without service\.ledger\.kafka"):
        Machine(cluster, tmp_path, monkeypatch)
