"""Dead letters are listed, replayed to the one who rejected them, deleted, and bounded."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from collector.disk.environment import Environment
from collector.errors import NoRoom
from collector.ledger import deadletters
from collector.ledger.codec import decode_batch, decode_entries
from collector.ledger.interface import Ack, Commit, DeadLetter, RawDeadLetter
from collector.ledger.plan import LetterAges, PipelinePlan
from collector.pipeline.decode import decode
from counterparts.partition_bench import PartitionBench, bodies_of, plan

Make = Callable[..., PartitionBench]
BOTH = PipelinePlan("logs", frozenset({"otlp"}), ("picky", "easy"))


def reject(bench: PartitionBench, *bodies: str, exporter: str = "picky") -> int:
    """Have the exporter reject one payload's records; the dead letter's id."""
    bench.put(*bodies)
    bench.step()
    for entry in bench.deliverable(exporter):
        letter = DeadLetter(entry.seq, "mapping", entry.content)  # type: ignore[arg-type]
        bench.ledger.ack(exporter, [Ack(entry.seq, {("a.example", "dead_lettered"): entry.records}, [letter])])
    return bench.partition.dead_letters()[-1].id


def reject_raw(bench: PartitionBench) -> int:
    """Have the pipeline fail on one payload; the dead letter's id."""
    bench.put("unlucky")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(entry, "poison") for entry in read.entries]))
    return bench.partition.dead_letters()[-1].id


@pytest.mark.parametrize("restart", [False, True])
def test_replay_gives_the_records_back_to_that_exporter_alone(make_bench: Make, restart: bool) -> None:
    bench = make_bench(plan(BOTH))
    number = reject(bench, "one", "two")
    bench.drain("easy")
    deadletters.request(bench.root / "partition", "replay", [number])
    bench.reopen() if restart else None
    bench.ledger.maintain()
    assert bench.partition.dead_letters() == []
    assert bench.drain("picky") == ["one", "two"]
    assert bench.drain("easy") == []
    assert bench.count("exporter/picky", "enqueued") == 4


def test_a_request_that_is_read_again_replays_once(make_bench: Make) -> None:
    """The worker dies after the transaction, before the request's file is deleted."""
    bench = make_bench(plan(BOTH))
    number = reject(bench, "one")
    for _ in range(2):
        deadletters.request(bench.root / "partition", "replay", [number, number])
        bench.ledger.maintain()
    assert bench.drain("picky") == ["one"]


def test_replay_of_a_raw_payload_runs_the_pipeline_again(make_bench: Make) -> None:
    """The same entry with the same offset, past the dedup window that has seen its bytes."""
    bench = make_bench(plan(BOTH))
    number = reject_raw(bench)
    bench.put("later")
    bench.step()
    deadletters.request(bench.root / "partition", "replay", [number])
    bench.ledger.maintain()
    bench.reopen()
    read = bench.step()
    assert ([entry.offset for entry in read.entries], read.replayed) == ([1], (number,))
    assert bench.partition.dead_letters() == []
    assert bench.drain("easy") == ["later", "unlucky"]
    assert not bench.read()


def test_a_raw_payload_that_fails_again_is_a_dead_letter_again(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    number = reject_raw(bench)
    deadletters.request(bench.root / "partition", "replay", [number])
    bench.ledger.maintain()
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(read.entries[0], "poison again")]))
    (info,) = bench.partition.dead_letters()
    assert (info.reason, info.id > number) == ("poison again", True)
    assert not bench.read()


def test_a_replay_that_has_no_room_waits_and_holds_nothing_up(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(plan(BOTH))
    number = reject(bench, "one")
    deadletters.request(bench.root / "partition", "replay", [number])
    with monkeypatch.context() as full:
        full.setattr(Environment, "has_room", lambda *_, **__: False)
        bench.ledger.maintain()
        bench.ledger.maintain()
    assert [info.id for info in bench.partition.dead_letters()] == [number]
    bench.ledger.maintain()
    assert bench.drain("picky") == ["one"]


def test_a_request_that_can_not_be_written_is_told_and_leaves_nothing(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(plan(BOTH))
    number = reject(bench, "one")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(NoRoom, match="requests: the request can't be written: No space left"):
            deadletters.request(bench.root / "partition", "replay", [number])
    assert list((bench.root / "partition" / "requests").iterdir()) == []


def test_contents_can_be_read_by_others(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    batch, raw = reject(bench, "one"), reject_raw(bench)
    assert decode_batch(bench.partition.dead_letter_content(batch)).column("body").to_list() == ["one"]
    (entry,) = decode_entries(bench.partition.dead_letter_content(raw))
    assert decode([entry]).batch.column("body").to_list() == ["unlucky"]


def test_delete_takes_them_out(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    number = reject(bench, "one")
    deadletters.request(bench.root / "partition", "delete", [number, 99])
    bench.ledger.maintain()
    assert bench.partition.dead_letters() == []
    assert bench.partition.size().dead_letter_bytes == 0
    assert bench.drain("picky") == []


@pytest.mark.parametrize("text", [b"", b"{}", b"not json", b'{"action": "replay", "ids": "x"}', b"[1]"])
def test_a_file_that_is_no_request_is_removed(bench: PartitionBench, text: bytes) -> None:
    folder = bench.root / "partition" / "requests"
    folder.mkdir()
    (folder / "x.json").write_bytes(text)
    bench.ledger.maintain()
    assert list(folder.iterdir()) == []


def test_they_are_bounded_and_the_oldest_are_given_up_and_counted(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    ids = [reject(bench, os.urandom(150_000).hex()) for _ in range(9)]
    kept = [info.id for info in bench.partition.dead_letters()]
    assert kept == ids[-len(kept) :]
    assert 0 < len(kept) < 9
    assert bench.partition.size().dead_letter_bytes <= bench.partition.size().budget_bytes // 8
    assert bench.count("dead_letters/exporter/picky", "dropped:dead_letters_full") == 9 - len(kept)


class Court:
    """Holds a domain, until it doesn't."""

    domain = ""

    def __call__(self, domain: str, level: str | None) -> str:
        assert level is None, "dead letters have no level"
        return "the case" * (domain == self.domain)


def of_domain(bench: PartitionBench, domain: str, body: str = "x") -> int:
    bench.put(body, domain=domain)
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(entry, "poison") for entry in read.entries]))
    return bench.partition.dead_letters()[-1].id


def left(bench: PartitionBench) -> list[int]:
    return [info.id for info in bench.partition.dead_letters()]


def test_each_domain_keeps_them_as_long_as_it_says(make_bench: Make) -> None:
    """The oldest is looked past where it stays; what goes is counted."""
    ages = LetterAges(60.0, {"long.example": 3600.0, "ever.example": 0.0})
    bench = make_bench(replace(plan(BOTH), letters=ages))
    ever, long, short = (of_domain(bench, f"{name}.example") for name in ("ever", "long", "short"))
    for secs, kept in ((59, [ever, long, short]), (1, [ever, long]), (3539, [ever, long]), (1, [ever])):
        bench.clock.unix_ms += secs * 1000
        bench.ledger.maintain()
        assert left(bench) == kept
    counts = bench.partition.counts()
    outcome = "dropped:dead_letters_expired"
    assert {key: n for key, n in counts.items() if key[2] == outcome} == {
        (f"{name}.example", "dead_letters/pipeline/logs", outcome): 1 for name in ("long", "short")
    }
    bench.clock.unix_ms += 10**12
    bench.ledger.maintain()
    assert left(bench) == [ever]


def test_one_of_several_domains_stays_for_the_longest_of_them() -> None:
    ages = LetterAges(60.0, {"a": 30.0, "b": 90.0, "c": 0.0})
    assert [ages.age(domains) for domains in (["a"], ["a", "b"], ["x", "a"], ["a", "c"], [])] == [30, 90, 60, 0, 60]
    assert (ages.least, LetterAges().least, LetterAges(0.0, {"a": 5.0}).least) == (30, 0, 5)


def test_what_is_held_stays_until_the_hold_ends(make_bench: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever its age, and whoever asks for its end; others go. To try it again is allowed."""
    court = Court()
    court.domain = "held.example"
    bench = make_bench(replace(plan(BOTH), letters=LetterAges(60.0, held=court)))
    held, other = of_domain(bench, "held.example"), of_domain(bench, "b.example")
    bench.clock.unix_ms += 3_600_000
    deadletters.request(bench.root / "partition", "delete", [held])
    bench.ledger.maintain()
    assert left(bench) == [held]
    assert f"dead letter {held} is not deleted: it is under a legal hold: the case" in caplog.text
    assert other > held
    court.domain = ""
    bench.ledger.maintain()
    assert left(bench) == []


def test_for_room_what_is_held_goes_last_and_is_said(make_bench: Make, caplog: pytest.LogCaptureFixture) -> None:
    court = Court()
    court.domain = "held.example"
    bench = make_bench(replace(plan(BOTH), letters=LetterAges(held=court)))
    bodies = [os.urandom(150_000).hex() for _ in range(12)]
    held = [of_domain(bench, "held.example", body) for body in bodies[:3]]
    others = [of_domain(bench, "b.example", body) for body in bodies[3:]]
    assert left(bench) == [*held, *others[-(len(left(bench)) - 3) :]]
    assert len(left(bench)) < len(bodies)
    assert "hold" not in caplog.text
    more = [of_domain(bench, "held.example", body) for body in bodies]
    assert left(bench)[-1] == more[-1]
    assert held[0] not in left(bench)
    assert f"dead letter {held[0]} is under a legal hold (the case), and given up" in caplog.text


def test_listing_is_by_owner_and_limited(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    ids = [reject(bench, "one"), reject(bench, "two"), reject_raw(bench)]
    assert [info.id for info in bench.partition.dead_letters("exporter/picky")] == ids[:2]
    assert [info.id for info in bench.partition.dead_letters("pipeline/logs")] == ids[2:]
    assert [info.id for info in bench.partition.dead_letters(limit=1)] == ids[:1]
    assert [bodies_of(entry) for entry in bench.deliverable("easy")] == [["one"], ["two"]]
