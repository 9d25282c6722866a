"""Whatever is done to a store's audit log, it is seen, and where."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from copy import copy
from pathlib import Path

import orjson
import pytest

from collector.audit.checkpoint import Checkpoint
from collector.audit.entry import linked
from collector.audit.key import SigningKey
from collector.store.following import Question
from collector.store.retention import Keep, Retention
from collector.store.upkeep import Upkeep
from counterparts.audit_bench import YEAR, AuditBench

A = "domain = 'a.example'"


def rewritten(bench: AuditBench, seq: int) -> None:
    """A text changed and its hash made new, as one does who knows how."""
    bench.change(
        f"UPDATE audit SET entry = replace(entry, 'user', 'nobody'), who = replace(who, 'user', 'nobody') WHERE {A} AND seq = ?",
        seq,
    )
    _hash_anew(bench, seq, seq)


def all_rewritten(bench: AuditBench, seq: int) -> None:
    """From there to the end: what no chain alone can show."""
    bench.change(
        f"UPDATE audit SET entry = replace(entry, 'user', 'nobody'), who = replace(who, 'user', 'nobody') WHERE {A} AND seq = ?",
        seq,
    )
    _hash_anew(bench, seq, 9)


def _hash_anew(bench: AuditBench, first: int, last: int) -> None:
    with closing(sqlite3.connect(bench.store)) as connection, connection:
        connection.create_function("linked", 2, lambda before, text: linked(before or "", text))
        for seq in range(first, last + 1):
            connection.execute(
                f"UPDATE audit SET previous = (SELECT hash FROM audit WHERE {A} AND seq = ?1 - 1) WHERE {A} AND seq = ?1 AND ?1 > ?2",
                (seq, first),
            )
            connection.execute(f"UPDATE audit SET hash = linked(previous, entry) WHERE {A} AND seq = ?", (seq,))


def inserted(bench: AuditBench, seq: int) -> None:
    """One that leads on from the right place, with a hash that is right."""
    bench.change(
        "INSERT INTO audit (domain, seq, hash, previous, entry, event, action, who, why, address, received_unix_nano, expires_unix_nano,"
        " time_unix_nano, version, event_id) SELECT domain, seq, hash || '0', previous, entry, event, action, who, why, address,"
        f" received_unix_nano, expires_unix_nano, time_unix_nano, version, event_id FROM audit WHERE {A} AND seq = ?", seq,
    )  # fmt: skip


def swapped(bench: AuditBench, seq: int) -> None:
    bench.change(f"UPDATE audit SET seq = -1 WHERE {A} AND seq = ?", seq)
    bench.change(f"UPDATE audit SET seq = ? WHERE {A} AND seq = ?", seq, seq + 1)
    bench.change(f"UPDATE audit SET seq = ? WHERE {A} AND seq = -1", seq + 1)


def changed(column: str, value: object) -> Callable[[AuditBench, int], None]:
    def change(bench: AuditBench, seq: int) -> None:
        assert bench.change(f"UPDATE audit SET {column} = ? WHERE {A} AND seq = ?", value, seq) == 1

    return change


def removed(bench: AuditBench, seq: int) -> None:
    assert bench.change(f"DELETE FROM audit WHERE {A} AND seq = ?", seq) == 1


def cut_before(bench: AuditBench, seq: int) -> None:
    bench.change(f"DELETE FROM audit WHERE {A} AND seq < ?", seq)


def cut_behind(bench: AuditBench, seq: int) -> None:
    bench.change(f"DELETE FROM audit WHERE {A} AND seq > ?", seq)


def emptied(bench: AuditBench, seq: int) -> None:
    bench.change(f"DELETE FROM audit WHERE {A}")


def _expired(bench: AuditBench, seq: int) -> None:
    """An entry written anew as one that need not be kept."""
    bench.change(
        "UPDATE audit SET expires_unix_nano = received_unix_nano, entry = replace(entry, '\"expires\":' || expires_unix_nano,"
        f" '\"expires\":' || received_unix_nano) WHERE {A} AND seq = ?", seq,
    )  # fmt: skip
    _hash_anew(bench, seq, seq)


def expired_and_removed(bench: AuditBench, seq: int) -> None:
    """What stands in front of the gap says that it has expired."""
    _expired(bench, seq - 1)
    removed(bench, seq)


def expired_and_cut(bench: AuditBench, seq: int) -> None:
    """The last that is left says that nothing is kept for long."""
    cut_behind(bench, seq)
    _expired(bench, seq)


def expired_alone(bench: AuditBench, seq: int) -> None:
    """One entry is left, and says the same."""
    cut_before(bench, 9)
    _expired(bench, 9)


TAMPERINGS = {
    "a text": (changed("entry", orjson.dumps({"seq": 5}).decode()), {(5, "altered")}),
    "no json": (changed("entry", "{"), {(5, "altered")}),
    "no text": (changed("entry", None), {(5, "altered")}),
    "who": (changed("who", "somebody else"), {(5, "altered")}),
    "when": (changed("time_unix_nano", 7), {(5, "altered")}),
    "expiry": (changed("expires_unix_nano", 7), {(5, "altered")}),
    "why": (changed("why", "because"), {(5, "altered")}),
    "a hash": (changed("hash", "00" * 32), {(5, "altered"), (6, "rewritten")}),
    "the link": (changed("previous", "00" * 32), {(5, "altered"), (5, "rewritten")}),
    "one written anew": (rewritten, {(6, "rewritten")}),
    "all written anew": (all_rewritten, {(9, "rewritten")}),
    "one removed": (removed, {(5, "removed")}),
    "one inserted": (inserted, {(5, "altered"), (5, "inserted")}),
    "two swapped": (swapped, {(5, "moved"), (6, "moved"), (5, "rewritten"), (6, "rewritten"), (7, "rewritten")}),
    "the front cut": (cut_before, {(4, "removed")}),
    "the end cut": (cut_behind, {(9, "cut")}),
    "emptied": (emptied, {(9, "cut")}),
    "one removed behind one that expired": (expired_and_removed, {(5, "removed")}),
    "the end cut behind one that expired": (expired_and_cut, {(9, "cut")}),
    "all but one that expired": (expired_alone, {(9, "rewritten")}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditBench]:
    """A store with two chains, which nobody changes."""
    bench = AuditBench(tmp_path_factory.mktemp("audit"))
    bench.chained(9)
    bench.chained(3, "b.example")
    yield bench
    bench.close()


@pytest.mark.parametrize("name", list(TAMPERINGS))
def test_what_was_done_is_seen_where_it_was_done(name: str, made: AuditBench, tmp_path: Path) -> None:
    whole, checkpoints = made.verify(), made.checkpoints()
    assert (whole.entries, whole.first, whole.last, whole.signed, whole.findings) == (9, 1, 9, 9, [])
    bench = copy(made)
    bench.store = shutil.copy(made.store, tmp_path / "store.db")
    tamper, expected = TAMPERINGS[name]
    tamper(bench, 5)
    found = bench.verify(checkpoints)
    assert {(finding.seq, finding.kind) for finding in found.findings} == expected
    assert bench.verify(domain="b.example").findings == []


def test_an_entry_that_nobody_vouches_for_does_not_say_how_long_others_are_kept(bench: AuditBench) -> None:
    bench.chained(4)
    checkpoints = bench.checkpoints()
    bench.tell(user_id="the one behind")
    bench.pipeline.step()
    bench.deliver()
    cut_before(bench, 5)
    _expired(bench, 5)
    assert {(finding.seq, finding.kind) for finding in bench.verify(checkpoints).findings} == {(4, "removed")}


def test_without_checkpoints_a_cut_end_is_not_seen(bench: AuditBench) -> None:
    """That is what they are for."""
    bench.chained(9)
    cut_behind(bench, 5)
    assert bench.verify([]).findings == []


def test_a_forged_checkpoint_is_told_from_one_of_a_strange_key(bench: AuditBench) -> None:
    bench.chained(2)
    (good,) = bench.checkpoints()
    forged = Checkpoint(good.domain, 1, "00" * 32, good.time, good.key, good.signature)
    other = bench.root / "other"
    other.mkdir()
    strange = Checkpoint.signed(good.domain, 9, "00" * 32, good.time, SigningKey(other))
    found = bench.verify([good, forged, strange])
    assert [(finding.seq, finding.kind) for finding in found.findings] == [(1, "forged")]
    assert (found.signed, found.strange) == (2, 1)


def test_what_need_not_be_kept_may_be_gone_from_the_front(bench: AuditBench) -> None:
    bench.chained(4)
    checkpoints = bench.checkpoints()
    bench.bench.clock.unix_ms += YEAR * 1000
    bench.chained(4)
    cut_before(bench, 5)
    late = time.time_ns() + (6 * YEAR + 86_400) * 10**9
    assert bench.verify([*checkpoints, *bench.checkpoints()], now=late).findings == []
    assert {finding.kind for finding in bench.verify([*checkpoints, *bench.checkpoints()]).findings} == {"removed"}


def test_a_data_directory_that_began_anew_removes_nothing(bench: AuditBench) -> None:
    """Its chain begins beside the former one: both stand, and the fork is told."""
    bench.chained(3)
    bench.bench.close()
    second = AuditBench(bench.root / "second")
    second.store = bench.store
    second.chained(2)
    bench.bench = second.bench  # what the fixture closes
    found = bench.verify([])
    assert found.entries == 5
    assert {(finding.seq, finding.kind) for finding in found.findings} == {(1, "inserted"), (2, "inserted")}


async def _sweep(bench: AuditBench, now_unix_nano: int) -> None:
    """As an exporter does each hour; events are kept for a second."""
    with closing(sqlite3.connect(bench.store, isolation_level=None)) as connection:

        async def run(questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
            return [connection.execute(each.statement, tuple(each.parameters)).fetchall() for each in questions]

        await Upkeep(Retention(Keep(events=1.0)), 100, run).sweep(now_unix_nano)


def test_entries_stay_until_they_expire_whatever_is_kept_of_events(bench: AuditBench) -> None:
    bench.chained(4)
    kept = 6 * YEAR * 10**9
    asyncio.run(_sweep(bench, time.time_ns() + kept - YEAR * 10**9))
    assert bench.verify([]).entries == 4
    asyncio.run(_sweep(bench, time.time_ns() + kept + YEAR * 10**9))
    assert bench.verify([]).entries == 0
