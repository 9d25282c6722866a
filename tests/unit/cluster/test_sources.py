"""Sources over journals on disk and over topics of a cluster: what a ledger asks of both, and what is a cluster's alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.cluster.window import Start, Window
from collector.errors import StorageError
from collector.ledger.interface import Commit, Read
from collector.ledger.plan import PipelinePlan
from collector.ledger.sources import Wanted
from collector.outcomes import Outcome
from collector.pipeline.decode import decode
from collector.reserved import PIPELINE, RECEIVER
from collector.testing.conservation import assert_conserved
from counterparts.cluster_bench import PLACE, ClusterBench, until
from counterparts.control_bench import ControlBench
from counterparts.partition_bench import MIB, plan

LOGS = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
OTHERS = PipelinePlan("logs/others", frozenset({"syslog"}), ("sqlite",))
FORWARDED = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), passthrough=True)
COMMANDED = PipelinePlan("logs", frozenset({"otlp", RECEIVER}), ("sqlite",))
SERVICE = PipelinePlan(PIPELINE, frozenset({RECEIVER}), ("sqlite",), share_bytes=64 << 10)
Make = Callable[..., ClusterBench]


def benches(kind: type[ControlBench], tmp_path: Path) -> Iterator[Callable[..., ControlBench]]:
    made: list[ControlBench] = []

    def make(*pipelines: PipelinePlan) -> ControlBench:
        made.append(kind(tmp_path / str(len(made)), plan(*pipelines)))
        return made[-1]

    yield make
    for bench in made:
        assert_conserved(bench.partition)
        bench.close()


@pytest.fixture(params=[ControlBench, ClusterBench], ids=["journals", "cluster"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., ControlBench]]:
    yield from benches(request.param, tmp_path)


@pytest.fixture
def clustered(tmp_path: Path) -> Iterator[Make]:
    yield from benches(ClusterBench, tmp_path)  # type: ignore[misc]


def bodies(read: Read) -> list[str]:
    return decode(read.entries).batch.column("body").to_list()


def commit(bench: ControlBench, read: Read, pipeline: str = "logs") -> list[str]:
    bench.ledger.commit(Commit(pipeline, read, {pipeline: decode(read.entries).batch}))
    return bodies(read)


# --- of both


def test_what_was_put_is_read_once_in_order(make) -> None:
    bench = make(LOGS)
    for number in range(5):
        bench.put(f"{number}")
    assert bodies(bench.read()) == bodies(bench.read()) == list("01234"), "without a commit the same again"
    assert commit(bench, bench.read()) == list("01234")
    assert not bench.read()
    bench.put("5")
    assert bodies(bench.step()) == ["5"]


def test_a_successor_goes_on_behind_the_last_commit(make) -> None:
    bench = make(LOGS)
    for number in range(4):
        bench.put(f"{number}", domain=f"{'ab'[number % 2]}.example")
    taken = commit(bench, bench.read("logs", MIB, 2))
    bench.reopen()
    assert sorted(taken + bodies(bench.step())) == list("0123")


def test_a_large_entry_comes_in_pieces_also_to_a_successor(make) -> None:
    bench = make(LOGS)
    bench.put(*(f"{number:05}" + "x" * 200 for number in range(4000)))
    bench.put("small", domain="b.example")
    taken = commit(bench, bench.read("logs", MIB // 4, 1000))
    assert 0 < len(taken) < 4001
    bench.reopen()
    while more := bench.read("logs", MIB // 4, 1000):
        taken += commit(bench, more)
    assert sorted(body[:5] for body in taken) == sorted([*(f"{number:05}" for number in range(4000)), "small"])
    assert bench.count("pipeline/logs", Outcome.ACCEPTED) == 4000


def test_a_backlog_of_one_domain_does_not_delay_another(make) -> None:
    bench = make(LOGS)
    for number in range(40):
        bench.put(f"{number}" + "x" * 10_000, domain="many.example")
    bench.put("mine", domain="few.example")
    assert "mine" in bodies(bench.read("logs", 200_000, 1000))


def test_pipelines_read_their_own_receivers(make) -> None:
    bench = make(LOGS, OTHERS)
    bench.put("a")
    bench.put("b", receiver="syslog")
    bench.put("c", receiver="gone")
    bench.put("d")
    assert commit(bench, bench.read()) == ["a", "d"]
    assert commit(bench, bench.read("logs/others"), "logs/others") == ["b"]
    assert bench.count("receiver/gone", f"{Outcome.DROPPED}:receiver_removed") == 1


def test_control_comes_before_data(make) -> None:
    bench = make(COMMANDED, SERVICE)
    bench.put("sent")
    bench.tell("told")
    assert [bodies(bench.step("logs")) for _ in range(3)] == [["told"], ["sent"], []]
    assert bodies(bench.step(PIPELINE)) == ["told"]


def test_what_is_sent_twice_is_a_duplicate(make) -> None:
    bench = make(LOGS)
    bench.put("once")
    bench.put("once")
    assert commit(bench, bench.read()) == ["once"]
    assert bench.count("pipeline/logs", Outcome.DUPLICATE) == 1


def test_payloads_that_are_referred_to_are_read_again(make) -> None:
    bench = make(FORWARDED)
    for number in range(3):
        bench.put(f"{number}")
    bench.put("other", domain="b.example")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    bench.reopen()
    assert sorted(bench.drain()) == ["0", "1", "2", "other"]


def test_what_a_pipeline_leaves_unread_is_counted_when_it_goes(make) -> None:
    from collector.ledger import roster

    bench = make(LOGS, OTHERS)
    bench.put("a", "b")
    bench.put("c", domain="b.example")
    bench.reopen(plan(OTHERS))
    with bench.ledger._store.environment.read() as txn:
        gone = roster.pipelines(txn, bench.ledger._store.tables)["logs"]
    assert gone.unread == {"a.example": 2, "b.example": 1}


def test_a_pipeline_that_starts_now_begins_behind_what_is_there(make) -> None:
    bench = make(OTHERS)
    bench.put("before")
    new = PipelinePlan("logs/new", frozenset({"otlp"}), ("sqlite",), start="now")
    bench.reopen(plan(new, OTHERS))
    bench.put("after")
    assert commit(bench, bench.read("logs/new"), "logs/new") == ["after"]


# --- of a cluster alone


def floor(bench: ClusterBench) -> int:
    return bench.partition.floor(bench.journal_id)


def test_the_floor_is_behind_what_all_have_passed(clustered: Make) -> None:
    bench = clustered(LOGS, OTHERS)
    bench.put("a")
    bench.put("b", domain="b.example")
    bench.put("c", receiver="syslog")
    bench.step()
    assert floor(bench) == 0, "the other pipeline has passed nothing"
    bench.step("logs/others")
    assert floor(bench) == 3


def test_the_floor_stays_before_what_the_outbox_refers_to(clustered: Make) -> None:
    bench = clustered(FORWARDED)
    bench.put("a")
    bench.put("b")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    assert floor(bench) == 0
    assert bench.drain() == ["a", "b"]
    assert floor(bench) == 2


def test_a_domain_that_is_ahead_of_the_floor_is_not_read_twice(clustered: Make) -> None:
    bench = clustered(LOGS)
    for number in range(10):
        bench.put(f"{number}" + "x" * 60_000, domain="many.example")
    bench.put("mine", domain="few.example")
    taken = commit(bench, bench.read("logs", 150_000, 1000))
    assert "mine" in taken
    assert floor(bench) < 10
    bench.reopen()
    while more := bench.read("logs", 150_000, 1000):
        taken += commit(bench, more)
    assert len(taken) == 11
    assert floor(bench) == 11


def test_readers_begin_behind_what_was_trimmed(clustered: Make) -> None:
    bench = clustered(LOGS)
    for number in range(3):
        bench.put(f"{number}")
    bench.step()
    bench.cluster.wire().admin().delete_before({PLACE: floor(bench)})
    bench.put("3")
    bench.reopen()
    assert bodies(bench.step()) == ["3"]
    assert not bench.lost


def test_what_retention_ate_is_counted_once_and_said(clustered: Make) -> None:
    bench = clustered(LOGS)
    bench.put("read")
    bench.step()
    for number in range(3):
        bench.put(f"eaten {number}")
    bench.ledger.close()
    bench.cluster.wire().admin().delete_before({PLACE: 4})
    bench.put("left")
    bench.reopen()
    assert bodies(bench.step()) == ["left"]
    assert bench.count("pipeline/logs", f"{Outcome.DROPPED}:retention", "") == 1
    assert [(lost.pipeline, lost.upto) for lost in bench.lost] == [("logs", 3)]
    bench.reopen()
    assert not bench.step()
    assert bench.count("pipeline/logs", f"{Outcome.DROPPED}:retention", "") == 1
    assert len(bench.lost) == 1


def test_a_pipeline_that_never_read_begins_where_the_log_begins(clustered: Make) -> None:
    bench = clustered(OTHERS)
    for number in range(3):
        bench.put(f"{number}", receiver="syslog")
    bench.step("logs/others")
    bench.cluster.wire().admin().delete_before({PLACE: 2})
    earliest = PipelinePlan("logs/new", frozenset({"syslog"}), ("sqlite",), start="earliest")
    bench.reopen(plan(OTHERS, earliest))
    assert bodies(bench.step("logs/new")) == ["2"]
    assert not bench.lost


def test_what_is_not_as_it_was_accepted_becomes_a_dead_letter(clustered: Make) -> None:
    from collector.kafka.wire import NewRecord

    bench = clustered(LOGS)
    bench.put("whole")
    ours = bench.cluster.log(PLACE).slots[0].message
    assert ours is not None
    sender = bench.cluster.wire().sender("foreign")
    for key, value, headers in (
        (ours.key, b"other bytes", ours.headers),
        (b"other.example", ours.value, ours.headers),
        (b"foreign", b"no headers", ()),
        (None, None, ()),
        (b"\xff", b"no name", ()),
    ):
        sender.send(NewRecord(PLACE, key, value, headers), lambda refused, _: None)
    read = bench.read()
    assert [entry.damaged for entry in sorted(read.entries, key=lambda entry: entry.offset)] == [False] + [True] * 5
    assert {entry.domain for entry in read.entries} == {"a.example", "other.example", "foreign", "unknown"}
    sender.close(1.0)


def test_a_window_that_is_full_waits_until_it_was_worked_on(clustered: Make) -> None:
    bench = clustered(LOGS)
    for number in range(60):
        bench.put(f"{number:03}" + "x" * 50_000)
    (window,) = bench.accepted.windows(0)
    bench.settle()
    assert bench.accepted.is_full(window)
    assert window.bytes < 8 * MIB
    taken: list[str] = []
    while len(taken) < 60:
        taken += commit(bench, bench.read("logs", MIB, 1000))
    assert [body[:3] for body in taken] == [f"{number:03}" for number in range(60)]


def test_a_topic_that_was_made_anew_ends_the_reading(clustered: Make) -> None:
    bench = clustered(LOGS)
    bench.put("a")
    bench.step()
    (window,) = bench.accepted.windows(0)
    bench.cluster.delete(PLACE.topic)
    until(lambda: window.failed)
    with pytest.raises(StorageError, match="gone, or another"):
        bench.ledger.read("logs", MIB, 1000)


def test_who_comes_to_a_thread_that_has_ended_is_told(clustered: Make) -> None:
    bench = clustered(LOGS)
    (window,) = bench.accepted.windows(0)
    bench.cluster.delete(PLACE.topic)
    until(lambda: window.failed)
    late = Window(PLACE, "j", Wanted(["otlp"], None), Start(0))
    bench.accepted.fetch("logs", late)
    with pytest.raises(StorageError, match="gone, or another"):
        late.look()
    bench.accepted.leave("logs", late)


def test_brokers_that_hang_hold_up_nobody_who_puts_a_partition_down(
    clustered: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = clustered(LOGS)
    asked, answered = threading.Event(), threading.Event()

    def hang(places: object) -> dict[object, tuple[int, int]]:
        asked.set()
        answered.wait()
        return {}

    monkeypatch.setattr(bench.accepted._admin, "bounds", hang)
    asking = threading.Thread(target=bench.accepted.ends, args=([PLACE],), daemon=True)
    asking.start()
    assert asked.wait(30)
    bench.ledger.close()
    assert not bench.accepted.windows(0)
    answered.set()
    asking.join(30)


def test_a_log_that_is_shorter_than_what_was_read_of_it_ends_the_reading(clustered: Make) -> None:
    """Brokers lost what they had acknowledged: what comes in the places of it must not be taken for passed."""
    bench = clustered(FORWARDED)
    for number in range(3):
        bench.put(f"{number}")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    log = bench.cluster.log(PLACE)
    del log.slots[1:]
    log.ends = 1
    bench.reopen()
    (window,) = bench.accepted.windows(0)
    until(lambda: window.failed)
    with pytest.raises(StorageError, match=r"ends before offset 3, up to which it was read"):
        bench.read()
    assert bench.drain() == ["0"], "nothing is made up for what is lost"
