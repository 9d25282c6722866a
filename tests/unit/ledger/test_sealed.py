"""What waits is encrypted, domain by domain; with a key it is as it was, and without one it is gone, and counted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.encryption import key_ring as key_rings
from collector.encryption.key_ring import KeyRing
from collector.encryption.key_store import FILE
from collector.errors import KeysUnavailable
from collector.ledger import deadletters
from collector.ledger.interface import Ack, Commit, DeadLetter, RawDeadLetter
from collector.ledger.plan import PipelinePlan, Quota
from counterparts.keys import bytes_in, key_ring
from counterparts.partition_bench import MIB, PartitionBench, bodies_of, exported, plan

Make = Callable[..., PartitionBench]
A, B = "a.example", "b.example"
BOTH = PipelinePlan("logs", frozenset({"otlp"}), ("picky", "easy"))
UNTOUCHED = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), passthrough=True)
MARK, OTHER = "text-of-the-one-domain", "text-of-the-other-domain"


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rings, "LOOK_SECS", 0.0)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return key_ring(tmp_path / "keys")


def put_both(bench: PartitionBench) -> None:
    bench.put(f"{MARK} 1", f"{MARK} 2", domain=A)
    bench.put(f"{OTHER} 1", domain=B)


def crash(bench: PartitionBench) -> None:
    """Nothing is remembered."""
    bench.reopen(cache_bytes=0)


def test_nothing_of_it_is_readable_on_disk_and_all_of_it_is_delivered(make_bench: Make, keys: KeyRing) -> None:
    bench = make_bench(keys=keys)
    put_both(bench)
    assert MARK.encode() not in bytes_in(bench.root)
    read = bench.step(state={("counter", A, b"name"): MARK.encode(), ("counter", A, b"large"): MARK.encode() * 1000})
    assert len(read.entries) == 2
    crash(bench)
    assert MARK.encode() not in bytes_in(bench.root)
    assert OTHER.encode() not in bytes_in(bench.root)
    state = bench.ledger.state("counter", A)
    assert state.get_many([b"name", b"large"]) == {b"name": MARK.encode(), b"large": MARK.encode() * 1000}
    assert [name for name, _ in state.scan(b"")] == [b"large", b"name"]
    assert sorted(bench.drain()) == [f"{MARK} 1", f"{MARK} 2", f"{OTHER} 1"]


def test_payloads_sent_twice_are_told_with_and_without_a_key(make_bench: Make, keys: KeyRing) -> None:
    bench = make_bench()
    bench.put("once")
    bench.keys = keys
    bench.reopen_journal()
    bench.reopen()
    bench.put("once")
    bench.put("once")
    bench.step()
    assert bench.count("pipeline/logs", "duplicate") == 2
    assert bench.drain() == ["once"]


def test_switched_on_and_off_again(make_bench: Make, keys: KeyRing) -> None:
    """What is sealed still opens as long as its keys are there, and nothing new is."""
    bench = make_bench()
    bench.put("plain")
    bench.step(state={("counter", A, b"name"): b"plain"})
    bench.keys = keys
    bench.reopen_journal()
    crash(bench)
    bench.put("sealed")
    assert bench.ledger.state("counter", A)[b"name"] == b"plain"
    bench.step(state={("counter", A, b"other"): b"sealed"})
    bench.put("sealed, and read later")
    bench.keys = key_ring(keys._store.path.parent, seals=False)
    bench.reopen_journal()
    crash(bench)
    bench.put("plain text again")
    assert b"plain text again" in bytes_in(bench.root / "journal")
    assert dict(bench.ledger.state("counter", A)) == {b"name": b"plain", b"other": b"sealed"}
    bench.step()
    crash(bench)
    assert sorted(bench.drain()) == ["plain", "plain text again", "sealed", "sealed, and read later"]
    assert b"plain text again" in bytes_in(bench.root / "partition")


def test_without_encryption_nothing_is_different(make_bench: Make) -> None:
    """The bytes of a content are those of before, whatever else changed."""
    from collector.ledger.codec import encode_batch, encode_entries
    from collector.ledger.contents import Contents

    bench = make_bench()
    bench.put("one")
    entries = list(bench.read().entries)
    [entry] = bench.step() and bench.deliverable()
    assert Contents().of_batch(entry.content) == encode_batch(entry.content)  # type: ignore[arg-type]
    assert Contents().of_entries(entries) == encode_entries(entries)


@pytest.mark.parametrize("plans", [(BOTH, ("picky", "easy")), (UNTOUCHED, ("sqlite",))], ids=["columns", "payloads"])
@pytest.mark.parametrize("stepped", [False, True], ids=["journal", "outbox"])
def test_a_domain_whose_key_is_destroyed_is_dropped_and_the_other_is_delivered(
    make_bench: Make, keys: KeyRing, stepped: bool, plans: tuple[PipelinePlan, tuple[str, ...]]
) -> None:
    pipeline, exporters = plans
    bench = make_bench(plan(pipeline), keys=keys)

    def step() -> None:
        read = bench.read()
        bench.ledger.commit(Commit("logs", read, {"logs": read.entries})) if pipeline.passthrough else bench.step()

    put_both(bench)
    if stepped:
        step()
    keys.destroy(A)
    if not stepped:
        step()
        assert bench.count("pipeline/logs", "dropped:erased", A) == 2
    crash(bench)
    for exporter in exporters:
        entries = bench.deliverable(exporter)
        assert [body for entry in entries for body in bodies_of(entry)] == [f"{OTHER} 1"]
        assert [dict(entry.by_domain) for entry in entries] == [{B: 1}]
        bench.ledger.ack(exporter, [exported(entry) for entry in entries])
        assert bench.count(f"exporter/{exporter}", "exported", B) == 1
        assert bench.count(f"exporter/{exporter}", "dropped:erased", A) == (2 if stepped else 0)
        assert bench.deliverable(exporter) == []
    bench.put("new", domain=A)  # under a new key
    step()
    assert bench.drain(exporters[0]) == ["new"]


def test_state_of_a_destroyed_key_is_not_there(make_bench: Make, keys: KeyRing) -> None:
    bench = make_bench(keys=keys)
    put_both(bench)
    bench.step(state={("counter", domain, b"name"): b"value" for domain in (A, B)})
    keys.destroy(A)
    assert dict(bench.ledger.state("counter", B)) == {b"name": b"value"}
    state = bench.ledger.state("counter", A)
    assert (state.get_many([b"name"]), state.scan(b"")) == ({}, [])
    bench.put("again", domain=A)
    bench.step(state={("counter", A, b"name"): b"new"})
    assert dict(bench.ledger.state("counter", A)) == {b"name": b"new"}
    bench.drain()


def test_spilled_and_dead_letters(make_bench: Make, keys: KeyRing) -> None:
    quotas = {"easy": Quota(max_bytes=1, on_full="spill", spill_bytes=MIB)}
    bench = make_bench(plan(BOTH, quotas=quotas), keys=keys)
    put_both(bench)
    bench.step()
    [entry] = bench.deliverable("picky")
    letter = DeadLetter(entry.seq, "mapping", entry.content)  # type: ignore[arg-type]
    outcomes = {(domain, "dead_lettered"): records for domain, records in entry.by_domain.items()}
    bench.ledger.ack("picky", [Ack(entry.seq, outcomes, [letter])])
    bench.put("unlucky", domain=A)
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(entry, "poison") for entry in read.entries]))
    crash(bench)
    assert list((bench.root / "partition" / "spill").rglob("0*"))
    found = bytes_in(bench.root)
    assert not [text for text in (MARK, OTHER, "unlucky") if text.encode() in found]
    keys.destroy(A)
    rejected, raw = (info.id for info in bench.partition.dead_letters())
    deadletters.request(bench.root / "partition", "replay", [rejected, raw])
    bench.ledger.maintain()
    assert not bench.read()
    assert bench.partition.dead_letters() == []
    assert bench.count("dead_letters/pipeline/logs", "dropped:erased", A) == 1
    assert bench.drain("picky") == bench.drain("easy") == [f"{OTHER} 1"]
    assert bench.count("exporter/picky", "dropped:erased", A) == bench.count("exporter/easy", "dropped:erased", A) == 2


def test_a_copy_of_before_says_nothing_either(make_bench: Make, keys: KeyRing, tmp_path: Path) -> None:
    bench = make_bench(keys=keys)
    put_both(bench)
    bench.step()
    bench.ledger.close()
    bench.journal.close(30.0)
    shutil.copytree(bench.root, tmp_path / "copy")
    bench.reopen_journal()
    bench.open()
    keys.destroy(A)
    bench.drain()
    copy = PartitionBench(tmp_path / "copy", keys=key_ring(tmp_path / "keys"))
    assert copy.drain() == [f"{OTHER} 1"]
    copy.close()


def test_while_keys_are_away_nothing_is_lost(make_bench: Make, keys: KeyRing, tmp_path: Path) -> None:
    bench = make_bench(plan(BOTH), keys=keys)
    put_both(bench)
    bench.step()
    bench.put("later", domain=A)
    away = [path.rename(tmp_path / path.name) for path in (tmp_path / "keys").glob(f"{FILE}*")]
    crash(bench)
    with pytest.raises(KeysUnavailable):
        bench.read()
    with pytest.raises(KeysUnavailable):
        bench.deliverable("easy")
    with pytest.raises(AssertionError, match="Unavailable"):
        bench.put("refused", domain=A)
    for path in away:
        path.rename(tmp_path / "keys" / path.name)
    bench.step()
    assert sorted(bench.drain("easy")) == sorted([f"{MARK} 1", f"{MARK} 2", f"{OTHER} 1", "later"])
    bench.drain("picky")


def test_one_domain_without_its_key_stops_no_other(make_bench: Make, keys: KeyRing) -> None:
    """A key that nobody knows (of a file of keys that was lost) is waited for; the other domain goes on."""
    bench = make_bench(keys=keys)
    put_both(bench)
    opened = keys.open

    def unknown(domain: str, purpose: str, sealed: bytes) -> bytes:
        if domain == A:
            raise KeysUnavailable("the key is not in the file")
        return opened(domain, purpose, sealed)

    keys.open = unknown  # type: ignore[method-assign]
    assert [entry.domain for entry in bench.step().entries] == [B]
    with pytest.raises(KeysUnavailable):
        bench.read()
    bench.put("another", domain=B)
    assert [entry.domain for entry in bench.step().entries] == [B]
    keys.open = opened  # type: ignore[method-assign]
    assert [entry.domain for entry in bench.step().entries] == [A]
    assert len(bench.drain()) == 4
