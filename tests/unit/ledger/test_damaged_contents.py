"""What waits in the outbox, in a spill file or as a dead letter, and is not what was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collector.disk.environment import Environment
from collector.errors import Damaged, StorageError
from collector.ledger import deadletters
from collector.ledger.codec import decode_batch, decode_entries, encode_batch, encode_entries
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan, Quota
from collector.ledger.tables import KIND
from collector.pipeline.decode import decode
from collector.testing.text_batch import text_batch
from counterparts.bad_disk import flip
from counterparts.partition_bench import PartitionBench, plan, request

Make = Callable[..., PartitionBench]
BOTH = PipelinePlan("logs", frozenset({"otlp"}), ("slow", "fast"))
SPILL = {"slow": Quota(max_bytes=1, on_full="spill"), "fast": Quota()}


def data(bench: PartitionBench) -> Path:
    return bench.root / "partition" / "data.mdb"


def fill(bench: PartitionBench, passthrough: bool = False) -> None:
    for text in ("one", "two", "three"):
        bench.put(text, text * 2)
        read = bench.read()
        bench.ledger.commit(Commit("logs", read, {"logs": read.entries if passthrough else decode(read.entries).batch}))


def damaged_letters(bench: PartitionBench) -> list[tuple[str, str, int]]:
    return [(letter.owner, letter.reason, letter.records) for letter in bench.partition.dead_letters()]


def test_an_outbox_entry_is_a_dead_letter_of_whoever_meets_it(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH, quotas={"slow": Quota(), "fast": Quota()}))
    fill(bench)
    content = encode_batch(bench.deliverable("slow")[1].content)  # type: ignore[arg-type]
    bench.reopen()  # memory has forgotten them
    flip(data(bench), content[:400], 350)
    for exporter in ("slow", "fast"):
        assert bench.drain(exporter) == ["one", "oneone", "three", "threethree"]
        assert bench.count(f"exporter/{exporter}", "dead_lettered") == 2
    assert damaged_letters(bench) == [("exporter/slow", "damaged", 2), ("exporter/fast", "damaged", 2)]


@pytest.mark.parametrize("passthrough", [False, True])
def test_a_spill_file(make_bench: Make, passthrough: bool) -> None:
    bench = make_bench(plan(replace(BOTH, passthrough=passthrough), quotas=SPILL))
    fill(bench, passthrough)
    bench.reopen()
    spilled = sorted((bench.root / "partition" / "spill" / "slow").iterdir())
    held = bytearray(spilled[1].read_bytes())
    held[len(held) // 2] ^= 1
    spilled[1].write_bytes(held)
    assert bench.drain("slow") == ["one", "oneone", "three", "threethree"]
    assert len(bench.drain("fast")) == 6
    assert damaged_letters(bench) == [("exporter/slow", "damaged", 2)]
    assert not list((bench.root / "partition" / "spill" / "slow").iterdir())


def test_a_payload_that_is_forwarded_late(make_bench: Make) -> None:
    """It stands in the journal; what happens to it there after it was read is counted as `dropped:missing`."""
    bench = make_bench(plan(replace(BOTH, passthrough=True), quotas={"slow": Quota(), "fast": Quota()}))
    fill(bench, passthrough=True)
    bench.reopen()
    flip(bench.root / "journal" / "data.mdb", request(["two", "twotwo"]), 5)
    assert bench.drain("slow") == ["one", "oneone", "three", "threethree"]
    assert bench.count("exporter/slow", "dropped:missing") == 2


def test_a_dead_letter_that_is_replayed_stays(bench: PartitionBench) -> None:
    bench.put_raw(b"\x0a\x05\x12\xff\xff\xff\xff")
    bench.step()
    (letter,) = bench.partition.dead_letters()
    flip(data(bench), bench.partition.dead_letter_content(letter.id), 30)
    deadletters.request(bench.root / "partition", "replay", [letter.id])
    bench.ledger.maintain()
    bench.put("one")
    while bench.step():
        pass
    assert (bench.drain(), bench.partition.dead_letters()) == (["one"], [letter])


def test_a_dead_letter_of_an_exporter_that_is_replayed_comes_back(make_bench: Make) -> None:
    bench = make_bench()
    fill(bench)
    content = encode_batch(bench.deliverable()[1].content)  # type: ignore[arg-type]
    bench.reopen()
    flip(data(bench), content[:400], 350)
    assert len(bench.drain()) == 4
    (letter,) = bench.partition.dead_letters()
    deadletters.request(bench.root / "partition", "replay", [letter.id])
    bench.ledger.maintain()
    assert bench.drain() == []
    assert damaged_letters(bench) == [("exporter/sqlite", "damaged", 2)]


BATCH = encode_batch(text_batch(["one", "two"]))


@pytest.mark.parametrize("at", [*range(16), *range(16, len(BATCH), 97), len(BATCH) - 1])
def test_no_bit_of_a_batch_changes_unseen(at: int) -> None:
    changed = bytearray(BATCH)
    changed[at] ^= 1
    with pytest.raises(Damaged):
        decode_batch(bytes(changed))


def test_no_bit_of_entries_changes_unseen(bench: PartitionBench) -> None:
    bench.put("one")
    whole = encode_entries(bench.read().entries)
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises(Damaged):
            decode_entries(bytes(changed))


def test_what_older_versions_wrote_is_read(bench: PartitionBench) -> None:
    bench.put("one")
    entries = list(bench.read().entries)
    assert decode_entries(encode_entries(entries)[12:]) == [entry._replace(price=0) for entry in entries]
    assert decode_batch(b"LB1" + BATCH[11:]).column("body").to_list() == ["one", "two"]


def test_an_older_logboom_is_refused_in_a_sentence(bench: PartitionBench) -> None:
    with pytest.raises(StorageError, match=r"later version of logboom \(format 4\); .* reads format 1 only"):
        Environment.open(bench.root / "partition", KIND, 1)
