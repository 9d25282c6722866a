"""Doors are shut while the cluster moves: nobody is told that something was taken which nobody will read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import xxhash

from collector.backend.data_dir import check_data_dir, open_data_dir
from collector.cluster import door as module
from collector.cluster import hearing as hearing_module
from collector.cluster.account import Account
from collector.cluster.door import MOVING, Door, Told
from collector.cluster.generation import Deciding, Generation, read_generation
from collector.cluster.hearing import Hearing
from collector.cluster.intake import KafkaIntake
from collector.cluster.lag import Boundless
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.topics import prepared
from collector.errors import Refusal, StorageError
from collector.journal.entry import Payload
from collector.journal.limits import CONTROL_LIMITS
from collector.kafka.wire import NewRecord, Place
from collector.service.generations import of_cluster
from collector.settings import load
from collector.testing.log_cluster import LogCluster

OPTIONS = KafkaLedgerConfig(prefix="lb", instance_id="one")
SECONDS = 30.0
CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:0"}}}}
exporters: {sqlite: {}}
service:
  ledger: {partitions: %d, kafka: {prefix: lb, instance_id: one}}
  pipelines: {logs: {receivers: [otlp], exporters: [sqlite]}}
"""


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, "it does not come about"
        time.sleep(0.02)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> LogCluster:
    monkeypatch.setattr(module, "TELL_SECS", 0.1)
    monkeypatch.setattr(module, "READ_SECS", 0.05)
    made = LogCluster(real_time=True)
    prepared(made.wire("lb").admin(), OPTIONS, 4, None)
    return made


@pytest.fixture
def door(cluster: LogCluster) -> Iterator[Door]:
    made = Door(cluster.wire("lb"), OPTIONS, "one/0", print)
    made.await_opening()
    yield made
    made.close()


def begin(cluster: LogCluster) -> tuple[Deciding, Generation]:
    deciding = Deciding(cluster.wire("lb"), OPTIONS)
    return deciding, deciding.tell(deciding.claim().reserved().begun(6, "me"))


def test_it_shuts_when_nothing_is_under_way_and_says_so(cluster: LogCluster, door: Door) -> None:
    """Whoever moves the cluster waits for that. It opens again when that was given up, and not when it came through."""
    assert door.refusal == ""
    left = [1]
    door.under_way = lambda: left[0]
    deciding, begun = begin(cluster)
    until(lambda: door.refusal == MOVING)
    with Hearing(cluster.wire("lb"), OPTIONS, 4) as hearing:
        hearing.listen(0.5)
        assert hearing.open_doors(2) == ["one/0"]
        left[0] = 0
        until(lambda: hearing.look(0.05) or not hearing.open_doors(2))
    again = deciding.tell(begun.given_up())
    until(lambda: door.refusal == "")
    deciding.tell(again.reserved().begun(6, "me").settled({}, {}, 4))
    until(lambda: door.generation == 3)
    assert door.refusal == MOVING


def test_one_that_has_closed_is_not_waited_for(cluster: LogCluster, door: Door) -> None:
    """It says so last of all."""
    with Hearing(cluster.wire("lb"), OPTIONS, 4) as hearing:
        until(lambda: hearing.look(0.05) or bool(hearing.doors))
        door.close()
        until(lambda: hearing.look(0.05) or not hearing.doors)


def test_while_brokers_are_away_it_refuses_and_the_process_lives(cluster: LogCluster) -> None:
    """From its start on; it opens by itself when they are back."""
    cluster.pause()
    made = Door(cluster.wire("lb"), OPTIONS, "one/0", lambda error: pytest.fail(str(error)))
    try:
        made.await_opening(0.3)
        assert "brokers" in made.refusal
        cluster.resume()
        until(lambda: made.refusal == "")
    finally:
        cluster.resume()
        made.close()


@pytest.mark.parametrize(("behind_secs", "dead"), [(540.0, []), (720.0, ["two/0"])])
def test_one_whose_clock_is_behind_is_not_taken_for_dead(
    cluster: LogCluster, monkeypatch: pytest.MonkeyPatch, behind_secs: float, dead: list[str]
) -> None:
    """As far as clocks may differ; what told longer ago is not waited for."""
    sender = cluster.wire("lb").sender("door")
    sender.send(NewRecord(Place("lb.status", 0), b"doors/two/0", Told(1, "1", 1, 0).packed()), lambda *_: None)
    sender.close(SECONDS)
    now = time.time() + behind_secs
    monkeypatch.setattr(hearing_module, "time", SimpleNamespace(time=lambda: now))
    with Hearing(cluster.wire("lb"), OPTIONS, 4) as hearing:
        hearing.listen(0.0)
        assert hearing.dead_doors() == dead
        assert hearing.open_doors(2) == [name for name in hearing.doors if name not in dead]


def test_it_has_closed_before_its_slot_is_free(
    cluster: LogCluster, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what it says last would follow what a successor's door told first, and nobody would wait for that one."""
    account, told = Account.open(tmp_path), cluster.log(Place("lb.status", 0)).slots
    last: list[bytes | None] = []
    close = account.close

    def closed() -> None:
        last.extend(slot.message.value for slot in told[-1:] if slot.message)
        close()

    monkeypatch.setattr(account, "close", closed)
    intake = KafkaIntake(
        cluster.wire("lb").sender("intake"), account, "lb.intake", 4, "one/0", CONTROL_LIMITS, Boundless(), print, door
    )
    until(lambda: any(slot.message and slot.message.key == b"doors/one/0" for slot in told))
    assert intake.close(SECONDS)
    assert last == [None]


def test_a_mover_that_is_not_heard_of_keeps_no_door_shut(
    cluster: LogCluster, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have died."""
    monkeypatch.setattr(module, "LEASE_SECS", 0.3)
    begin(cluster)
    until(lambda: read_generation(cluster.wire("lb"), OPTIONS).move is None)
    until(lambda: door.refusal == "")


def test_nothing_is_acknowledged_while_nothing_is_heard(
    cluster: LogCluster, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was on its way when a machine stood still may stand behind the end of its topic."""
    cluster.holding = True
    intake = KafkaIntake(
        cluster.wire("lb").sender("intake"), Account.open(tmp_path), "lb.intake", 4, "one/0", CONTROL_LIMITS, Boundless(),
        print, door,
    )  # fmt: skip
    ended: list[Refusal | None] = []
    payload = Payload("a.example", "otlp", b"body", 1, 1, xxhash.xxh3_128_digest(b"body"))
    intake.append([payload], ended.append)
    monkeypatch.setattr(module, "DEAF_SECS", -1.0)
    cluster.holding = False
    cluster.deliver()
    until(lambda: bool(ended))
    assert [str(each) for each in ended] == ["the brokers were not heard of for a while"]
    assert intake.statistics().shut
    monkeypatch.setattr(module, "DEAF_SECS", SECONDS)
    intake.append([payload], ended.append)
    until(lambda: len(ended) == 2)
    assert ended[1] is None
    assert intake.close(SECONDS)


def test_what_the_cluster_tells_counts_and_not_what_was_written(cluster: LogCluster, tmp_path: Path) -> None:
    """The number of an earlier generation is an old one, another one is a wish: that is refused with the way to it."""
    deciding, begun = begin(cluster)
    old = load([f"yaml:{CONFIG % 4}"], [])
    assert of_cluster(old, tmp_path, lambda: cluster.wire("lb")).service.ledger.partitions == 4
    with pytest.raises(StorageError, match=r"the cluster has 4: .*`logboom cluster reshard --partitions 6`"):
        of_cluster(load([f"yaml:{CONFIG % 6}"], []), tmp_path, lambda: cluster.wire("lb"))
    deciding.tell(begun.settled({}, {}, 4))
    for written in (4, 6):
        ledger = of_cluster(load([f"yaml:{CONFIG % written}"], []), tmp_path, lambda: cluster.wire("lb")).service.ledger
        assert ledger.kafka is not None
        assert (ledger.partitions, ledger.kafka.generation, ledger.kafka.names) == (6, 2, "lb.g2")
    with pytest.raises(StorageError, match="partitions is 5, and the cluster has 6"):
        of_cluster(load([f"yaml:{CONFIG % 5}"], []), tmp_path, lambda: cluster.wire("lb"))


def test_a_directory_of_a_single_machine_stays_as_it_is(cluster: LogCluster, tmp_path: Path) -> None:
    """It is refused, and opens again without a cluster; that of a machine of the cluster follows."""
    deciding, begun = begin(cluster)
    deciding.tell(begun.settled({}, {}, 4))
    settings = load([f"yaml:{CONFIG % 6}"], [])
    open_data_dir(tmp_path, 4)
    of_cluster(settings, tmp_path, lambda: cluster.wire("lb"))
    with pytest.raises(StorageError, match="was made with 4 partitions"):
        check_data_dir(tmp_path, 6)
    open_data_dir(tmp_path, 4)
    prepared(cluster.wire("lb").admin(), OPTIONS, 4, tmp_path)
    of_cluster(settings, tmp_path, lambda: cluster.wire("lb"))
    open_data_dir(tmp_path, 6)
