"""Records that are erased leave what waits and what is dead, once over any death, and every account adds up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.encryption import key_ring as key_rings
from collector.journal.entry import Entry
from collector.ledger.codec import decode_entries
from collector.ledger.interface import Ack, Commit, DeadLetter, ErasurePlace, RawDeadLetter, Removal
from collector.ledger.plan import PipelinePlan, Quota
from collector.pipeline.decode import decode
from collector.pipeline.erased_payloads import payload_without
from counterparts.keys import key_ring
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import PartitionBench, bodies_of, exported, plan, request

Make = Callable[..., PartitionBench]
TWO = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite", "other"))
FORWARDS = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), passthrough=True)


def hers(batch: LogBatch) -> pl.Series:
    return (batch.column("domain") == "a.example") & batch.column("body").str.contains("anna", literal=True)


TALLY = ("service", "", b"erased e outbox")
TAKING = Removal("a.example", hers, partial(payload_without, taken=hers), TALLY)


def erase(bench: PartitionBench, place: ErasurePlace = "outbox", **options: bool) -> int:
    after: int | None = -1
    erased = 0
    while after is not None:
        done = bench.ledger.erase(place, TAKING, after, **options)
        erased, after = erased + done.records, done.after
    return erased


def told(bench: PartitionBench) -> int:
    """What was taken out, as it is counted beside it."""
    return int.from_bytes(bench.ledger.state(*TALLY[:2])[TALLY[2]], "big")


def forward(bench: PartitionBench) -> None:
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))


def put(bench: PartitionBench, step: Callable[[PartitionBench], object] = PartitionBench.step) -> None:
    for bodies in (["x", "anna 1", "y"], ["anna 2"], ["z"]):
        bench.put(*bodies)
        bench.put(*bodies, domain="b.example")
    step(bench)


@pytest.mark.parametrize("forwarded", [False, True], ids=["batches", "payloads"])
def test_what_waits_loses_hers_and_nobody_elses(make_bench: Make, forwarded: bool) -> None:
    bench = make_bench(plan(FORWARDS) if forwarded else plan())
    put(bench, forward if forwarded else PartitionBench.step)

    assert erase(bench, counts_only=True) == 2
    assert erase(bench) == 2
    assert erase(bench) == 0
    assert sorted(bench.drain()) == sorted(["x", "y", "z", "x", "anna 1", "y", "anna 2", "z"])
    assert bench.count("exporter/sqlite", "dropped:erased") == 2
    assert bench.count("exporter/sqlite", "exported") == 3


def test_forwarded_payloads_hold_the_journal_no_longer(make_bench: Make) -> None:
    bench = make_bench(plan(FORWARDS))
    bench.put("anna")
    forward(bench)
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}

    erase(bench)

    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}
    assert bench.drain() == []
    assert bench.count("exporter/sqlite", "dropped:erased") == 1


def test_each_exporter_that_waits_counts_them(make_bench: Make) -> None:
    bench = make_bench(plan(TWO))
    put(bench)
    bench.ledger.give_up("other", bench.deliverable("other")[0].seq, "queue_full")
    erase(bench)
    bench.drain()

    assert bench.count("exporter/other", "dropped:erased") == 0
    assert bench.count("exporter/sqlite", "dropped:erased") == 2


def test_what_is_given_up_later_was_erased_before(make_bench: Make) -> None:
    bench = make_bench()
    put(bench)
    erase(bench)
    bench.ledger.give_up("sqlite", bench.deliverable()[0].seq, "queue_full")

    assert bench.count("exporter/sqlite", "dropped:erased") == 2
    assert bench.count("exporter/sqlite", "dropped:queue_full") == 3


def test_what_was_on_its_way_ended_as_it_did(make_bench: Make) -> None:
    """Loaded before, acknowledged after."""
    bench = make_bench()
    put(bench)
    loaded = bench.deliverable()
    erase(bench)
    assert bench.ledger.erased_waiting("a.example") == 1

    bench.ledger.ack("sqlite", [exported(entry) for entry in loaded])

    assert bench.count("exporter/sqlite", "exported") == 5
    assert bench.count("exporter/sqlite", "dropped:erased") == 0
    assert bench.ledger.erased_waiting("a.example") == 0


@pytest.mark.parametrize("forwarded", [False, True], ids=["batches", "payloads"])
def test_spill_files_are_written_anew(make_bench: Make, forwarded: bool) -> None:
    pipeline = FORWARDS if forwarded else PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
    bench = make_bench(plan(pipeline, quotas={"sqlite": Quota(max_bytes=1, on_full="spill")}))
    put(bench, forward if forwarded else PartitionBench.step)
    put(bench, forward if forwarded else PartitionBench.step)
    bench.put("anna 3", "w")
    (forward if forwarded else PartitionBench.step)(bench)
    assert bench.partition.queues()["sqlite"].spilled_bytes

    assert erase(bench) == 3
    assert sorted(body for body in bench.drain() if "anna" in body) == ["anna 1", "anna 2"]  # of the other domain
    assert [path for path in (bench.root / "partition" / "spill").glob("*/*") if path.is_file()] == []


@pytest.mark.parametrize("point", ["erase:middle", "erase:written"])
def test_a_death_repeats_it_or_it_is_done(make_bench: Make, point: str) -> None:
    alive: list[bool] = []

    def at(reached: str) -> None:
        if reached == point and not alive:
            raise Killed

    bench = make_bench(plan(quotas={"sqlite": Quota(max_bytes=1, on_full="spill")}), at=at)
    put(bench)
    bench.put("anna 3", "w")
    bench.step()
    with pytest.raises(Killed):
        erase(bench)
    alive.append(True)
    bench.reopen()

    erase(bench)
    assert told(bench) == 3, "what is counted beside it is what went, once"
    assert sorted(body for body in bench.drain() if "anna" in body) == ["anna 1", "anna 2"]
    assert bench.count("exporter/sqlite", "dropped:erased") == 3


def dead(bench: PartitionBench) -> None:
    """All that waits is rejected."""
    for entry in bench.deliverable():
        batch = entry.content
        assert isinstance(batch, LogBatch)
        outcomes = {(domain, "dead_lettered"): n for domain, n in entry.by_domain.items()}
        bench.ledger.ack("sqlite", [Ack(entry.seq, outcomes, [DeadLetter(entry.seq, "no", batch)])])


def test_dead_letters_lose_them(make_bench: Make) -> None:
    bench = make_bench()
    put(bench)
    dead(bench)

    assert erase(bench, "dead letters", counts_only=True) == 2
    assert erase(bench, "dead letters") == 2
    assert erase(bench, "dead letters") == 0
    assert told(bench) == 2
    [info] = bench.partition.dead_letters()
    assert (info.records, info.by_domain) == (8, {"a.example": 3, "b.example": 5})
    assert bench.count("dead_letters/exporter/sqlite", "dropped:erased") == 2


def test_a_dead_letter_of_nobody_else_goes(make_bench: Make) -> None:
    bench = make_bench()
    bench.put("anna")
    bench.step()
    dead(bench)

    assert erase(bench, "dead letters") == 1
    assert bench.partition.dead_letters() == []


def test_payloads_that_are_dead_lose_them_and_what_nobody_can_read_is_told(make_bench: Make) -> None:
    bench = make_bench()
    bench.put("anna 1", "x")
    bench.put_raw(b"\xff\xff\xff", 3)
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(entry, "poison") for entry in read.entries]))

    done = bench.ledger.erase("dead letters", TAKING, -1)

    assert (done.records, done.unseen) == (1, 3)
    left = [decode_entries(bench.partition.dead_letter_content(info.id))[0] for info in bench.partition.dead_letters()]
    assert [entry.records for entry in left] == [1, 3]
    assert decode(left[:1]).batch.column("body").to_list() == ["x"]


def test_a_buried_entry_has_what_is_left(make_bench: Make) -> None:
    bench = make_bench()
    put(bench)
    erase(bench)
    bench.ledger.bury("sqlite", bench.deliverable()[0].seq, "poison")

    [info] = bench.partition.dead_letters()
    assert info.by_domain == {"a.example": 3, "b.example": 5}
    assert bench.count("exporter/sqlite", "dropped:erased") == 2


def test_many_entries_take_several_pieces(make_bench: Make) -> None:
    bench = make_bench()
    for number in range(20):
        bench.put(f"anna {number}", f"x {number}")
        bench.step()
    first = bench.ledger.erase("outbox", TAKING, -1)

    assert (first.records, first.after is not None) == (16, True)
    assert erase(bench) == 4
    assert len([body for entry in bench.deliverable() for body in bodies_of(entry)]) == 20


def test_a_payload_that_holds_nothing_of_it_is_the_same() -> None:
    entry = Entry("j", 1, "a.example", "otlp", request(["x"]), 1, 1, b"d")

    assert payload_without(entry, hers) is entry


@pytest.mark.parametrize("place", ["outbox", "dead letters"])
def test_encrypted_contents_lose_them_beside_others_whose_key_was_destroyed(
    make_bench: Make, tmp_path: Path, place: ErasurePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rings, "LOOK_SECS", 0.0)
    keys = key_ring(tmp_path / "keys")
    bench = make_bench(keys=keys)
    put(bench)
    if place == "dead letters":
        dead(bench)
    bench.reopen(cache_bytes=0)
    keys.destroy("b.example")

    assert erase(bench, place) == 2

    if place == "outbox":
        assert sorted(bench.drain()) == ["x", "y", "z"]
        assert bench.count("exporter/sqlite", "dropped:erased") == 2
        assert bench.count("exporter/sqlite", "dropped:erased", "b.example") == 5
    else:
        assert [info.by_domain for info in bench.partition.dead_letters()] == [{"a.example": 3}]
