"""The chain is made in the step that takes the record: once each, over kills, a chain for each domain, signed in time and at a stop."""

from __future__ import annotations

import orjson
import pytest

from collector.audit import entry
from collector.audit.entry import ENTRY, Entry, linked
from collector.errors import StorageError
from counterparts.audit_bench import LOGIN, NOISE, AuditBench

HOUR_MS = 3_600_000


def entries(bench: AuditBench, domain: str = "a.example") -> list[tuple[int, str, str, str]]:
    batch = bench.content()
    batch = batch.filter((batch.column("event_name") == ENTRY) & (batch.column("domain") == domain))
    names = (entry.HASH, entry.PREVIOUS, entry.TEXT)
    seqs = batch.attribute(entry.SEQ, 3).to_list()
    return list(zip(seqs, *(batch.attribute(name).to_list() for name in names), strict=True))


def test_each_entry_leads_to_the_next(bench: AuditBench) -> None:
    for who in ("anna", "bert", "cleo"):
        bench.tell(user_id=who)
        bench.pipeline.step()
    rows, before = entries(bench), ""
    assert [seq for seq, *_ in rows] == [1, 2, 3]
    for seq, hash_, previous, text in rows:
        said = orjson.loads(text)
        assert (previous or "", said["seq"]) == (before, seq)
        assert linked(before, text) == hash_
        before = hash_
    assert [orjson.loads(text)["who"] for *_, text in rows] == ["anna", "bert", "cleo"]
    bench.bench.drain()


def test_what_is_not_audited_is_no_entry_and_what_was_read_is_one_alone(bench: AuditBench) -> None:
    bench.tell(NOISE)
    bench.tell(entry.READ, user_id="anna")
    bench.tell(LOGIN, user_id="anna")
    bench.pipeline.step()
    assert bench.content().column("event_name").to_list() == [NOISE, LOGIN, ENTRY, ENTRY]
    assert [orjson.loads(text)["action"] for *_, text in entries(bench)] == ["records.read", "console.login"]
    bench.bench.drain()


def test_each_domain_has_a_chain_of_its_own(bench: AuditBench) -> None:
    for domain in ("a.example", "b.example", "a.example"):
        bench.tell(domain=domain)
    bench.pipeline.step()
    assert [seq for seq, *_ in entries(bench)] == [1, 2]
    assert [seq for seq, *_ in entries(bench, "b.example")] == [1]
    bench.bench.drain()


def test_a_step_that_did_not_commit_has_made_no_entry(bench: AuditBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next process makes of the same records are the same entries, once."""
    bench.chained(2)
    bench.tell(user_id="anna")
    commits = type(bench.bench.ledger).commit

    def fails(*_: object) -> None:
        raise StorageError("killed")

    monkeypatch.setattr(type(bench.bench.ledger), "commit", fails)
    with pytest.raises(StorageError):
        bench.pipeline.step()
    monkeypatch.setattr(type(bench.bench.ledger), "commit", commits)
    bench.pipeline.close()
    bench.bench.reopen()
    bench.open()
    bench.pipeline.step()
    bench.pipeline.step()
    assert [seq for seq, *_ in entries(bench)] == [3]
    bench.deliver()
    found = bench.verify()
    assert (found.entries, found.findings) == (3, [])


def test_a_head_is_signed_within_the_interval_once(bench: AuditBench) -> None:
    bench.tell()
    bench.pipeline.step()
    bench.bench.clock.unix_ms += HOUR_MS
    bench.pipeline.step()
    bench.bench.clock.unix_ms += HOUR_MS
    bench.pipeline.step()
    bench.deliver()
    (one,) = bench.checkpoints()
    assert one.seq == 1
    bench.pipeline.last_step()
    assert not len(bench.content())


def test_a_stop_signs_what_no_checkpoint_vouches_for(bench: AuditBench) -> None:
    bench.chained(3)
    assert [one.seq for one in bench.checkpoints()] == [3]
    assert bench.verify().signed == 3


def test_a_long_text_stands_as_its_hash() -> None:
    """So that no store cuts an entry."""
    long = {f"k{number}": "x" * 5000 for number in range(64)}
    one = Entry("a", 1, 2, 0, 3, 2, "r", LOGIN, "w" * 9000, long)
    assert len(one.text) < 12_000
    assert "sha256" in one.text
