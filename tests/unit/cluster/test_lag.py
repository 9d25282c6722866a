"""What the door knows of what waits, and when it closes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from collector.cluster.lag import Lag, Told
from collector.cluster.trimming import Trimming
from collector.cluster.waiting import waiting
from collector.errors import Exhausted, StorageError, Unavailable
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.kafka.wire import NewRecord, Place, TopicSpec
from collector.ledger.plan import PipelinePlan
from collector.ledger.sources import partition_of
from collector.testing.log_cluster import LogCluster
from counterparts.cluster_bench import PLACE, ClusterBench, until
from counterparts.partition_bench import plan

STATUS = "logboom.status"
PARTITIONS = 4
LIMITS = JournalLimits(max_bytes=1000, max_domain_share=0.5)
FIRST = partition_of("a.example", PARTITIONS)
KEY = b"%d" % FIRST
BESIDE = next(name for name in (f"{n}.example" for n in range(99)) if partition_of(name, PARTITIONS) == FIRST)
ELSEWHERE = next(name for name in (f"{n}.example" for n in range(99)) if partition_of(name, PARTITIONS) != FIRST)


class Bench:
    def __init__(self) -> None:
        self.cluster = LogCluster(real_time=True)
        self.cluster.create(TopicSpec(STATUS, PARTITIONS, {"cleanup.policy": "compact"}), 1)
        self.sender = self.cluster.wire().sender("status")
        self.fatal: list[StorageError] = []

    def tell(
        self, waiting_bytes: int, domains: dict[str, int] | None = None, oldest: int = 0, age_secs: float = 0
    ) -> None:
        told = {
            "at_unix_ms": int((time.time() - age_secs) * 1000), "waiting_bytes": waiting_bytes,
            "domains": domains or {}, "lag": {"logs": {"oldest_unix_ms": oldest}, "other": {"oldest_unix_ms": 0}},
        }  # fmt: skip
        self.sender.send(NewRecord(Place(STATUS, FIRST), KEY, orjson.dumps(told)), lambda refused, _: None)

    def open(self) -> Lag:
        self.lag = Lag(self.cluster.wire(), STATUS, PARTITIONS, LIMITS, 3600.0, self.fatal.append)
        return self.lag


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.open()
    yield made
    made.lag.close()


def payload(size: int, domain: str = "a.example") -> Payload:
    return Payload(domain, "otlp", bytes(size), 1, 0, bytes(16))


def test_over_what_may_wait_in_a_partition_the_door_is_closed_to_its_domains(bench: Bench) -> None:
    lag = bench.lag
    assert lag.refusal([payload(900)]) is None
    bench.tell(600)
    until(lambda: lag.waiting[0] == 600)
    assert isinstance(lag.refusal([payload(500)]), Unavailable)
    assert isinstance(lag.refusal([payload(1, ELSEWHERE), payload(500)]), Unavailable)
    assert lag.refusal([payload(300), payload(900, ELSEWHERE)]) is None
    bench.tell(0)
    until(lambda: lag.waiting[0] == 0)
    assert lag.refusal([payload(900)]) is None


def test_what_was_put_since_counts_until_it_is_told_of(bench: Bench) -> None:
    lag = bench.lag
    bench.tell(0)
    lag.took([payload(700)])
    assert isinstance(lag.refusal([payload(400)]), Unavailable)
    bench.tell(700, age_secs=0)
    until(lambda: lag.waiting[0] >= 700)
    assert lag.waiting[0] in (700, 1400), "once or twice, never less, until a later look has surely seen it"

    def told_again() -> bool:
        bench.tell(650)
        time.sleep(0.05)
        return lag.waiting[0] == 650

    until(told_again)


def test_a_domain_over_its_share_waits_while_others_send(bench: Bench) -> None:
    lag = bench.lag
    bench.tell(450, {"a.example": 450})
    until(lambda: lag.waiting[0] == 450)
    assert lag.refusal([payload(100)]) is None, "it is alone"
    assert lag.refusal([payload(100, BESIDE)]) is None
    assert isinstance(lag.refusal([payload(100)]), Exhausted)


def test_near_the_end_of_retention_nothing_is_taken(bench: Bench) -> None:
    lag = bench.lag
    bench.tell(1, oldest=int((time.time() - 2000) * 1000))
    until(lambda: lag.waiting[0] == 1)
    refusal = lag.refusal([payload(1)])
    assert isinstance(refusal, Unavailable)
    assert "retention" in refusal.reason
    assert 1990 < lag.oldest_age_secs < 2100
    assert lag.refusal([payload(1, ELSEWHERE)]) is None


def test_what_was_told_before_the_start_still_counts() -> None:
    bench = Bench()
    bench.tell(900, age_secs=100)
    lag = bench.open()
    until(lambda: lag.waiting[0] == 900)
    lag.took([payload(50)])
    assert lag.waiting[0] == 950
    lag.close()


def test_nonsense_is_passed_over(bench: Bench) -> None:
    for value in (b"[]", b"\xff", b'{"lag": 3}', None):
        bench.sender.send(NewRecord(Place(STATUS, FIRST), KEY, value), lambda refused, _: None)
    bench.tell(7)
    until(lambda: bench.lag.waiting[0] == 7)
    assert not bench.fatal


def test_what_else_is_told_in_the_topic_is_nothing_to_the_door(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.tell(5)
    for key in (b"suspects", None):
        bench.sender.send(NewRecord(Place(STATUS, FIRST), key, b"\xff\xff"), lambda refused, _: None)
        bench.sender.send(NewRecord(Place(STATUS, FIRST), key, b'{"waiting_bytes": 900}'), lambda refused, _: None)
    bench.tell(7)
    until(lambda: bench.lag.waiting[0] == 7)
    assert not caplog.records


def test_a_topic_that_is_gone_is_fatal(bench: Bench) -> None:
    bench.cluster.delete(STATUS)
    until(lambda: len(bench.fatal) == 1)


def test_what_makes_no_status_is_refused() -> None:
    with pytest.raises(ValueError, match="no status"):
        Told.parse(b"[]")


# --- the owner's side


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[ClusterBench]:
    logs = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
    others = PipelinePlan("logs/others", frozenset({"syslog"}), ("sqlite",))
    bench = ClusterBench(tmp_path / "bench", plan(logs, others))
    yield bench
    bench.close()


def test_the_owner_tells_what_waits(owner: ClusterBench) -> None:
    owner.put("a", "b")
    owner.put("c", domain="b.example")
    owner.put("d", receiver="syslog")
    owner.settle()
    told = waiting(owner.accepted, 0, owner.accepted.ends([PLACE]))
    assert {name: (behind.entries, behind.records) for name, behind in told.lag.items()} == {
        "logs": (2, 3), "logs/others": (1, 1),
    }  # fmt: skip
    assert told.lag["logs"].oldest_unix_ms == owner.clock()
    assert told.bytes == sum(told.domains.values()) == told.lag["logs"].bytes > 0
    owner.step()
    told = waiting(owner.accepted, 0, {})
    assert (told.lag["logs"].entries, told.lag["logs"].oldest_unix_ms) == (0, 0)


def test_beyond_a_full_window_it_is_guessed(owner: ClusterBench) -> None:
    for number in range(60):
        owner.put(f"{number:03}" + "x" * 50_000)
    owner.settle()
    told = waiting(owner.accepted, 0, owner.accepted.ends([PLACE]))
    assert told.lag["logs"].entries == 60
    assert told.lag["logs"].bytes == pytest.approx(60 * 50_050, rel=0.02)
    assert told.domains["a.example"] == pytest.approx(told.bytes, rel=0.01)


def test_what_all_have_passed_is_deleted(owner: ClusterBench) -> None:
    trimming = Trimming(owner.cluster.wire().admin(), owner.accepted, lambda: [(0, owner.partition)])
    for number in range(3):
        owner.put(f"{number}")
    owner.step()
    assert trimming.trim() == {}
    owner.step("logs/others")
    assert trimming.trim() == {PLACE: 3}
    assert owner.cluster.log(PLACE).begins == 3
    assert trimming.trim() == {}
    owner.put("3")
    assert owner.step()
    trimming.close()
