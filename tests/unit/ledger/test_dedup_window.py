"""The same bytes of the same domain within the window are processed once, over any restart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from xxhash import xxh3_128_digest

from collector.cluster.sources import KafkaSources
from collector.journal.entry import Payload
from collector.ledger.journal_sources import JournalSources
from collector.ledger.plan import PipelinePlan
from counterparts.partition_bench import START_UNIX_MS, PartitionBench, plan, request
from counterparts.wire_bytes import message

Make = Callable[..., PartitionBench]
WINDOW_MS = 300_000


@pytest.mark.parametrize(
    ("name", "later_ms", "domain", "bodies", "duplicates"),
    [
        ("sent again at once", 0, "a.example", ("x",), 1),
        ("sent again at the end of the window", WINDOW_MS, "a.example", ("x",), 1),
        ("sent again after the window", WINDOW_MS + 1, "a.example", ("x",), 0),
        ("the same bytes of another domain", 0, "b.example", ("x",), 0),
        ("other bytes", 0, "a.example", ("y",), 0),
    ],
)
@pytest.mark.parametrize("restart", [False, True])
def test_a_resent_payload(
    bench: PartitionBench,
    name: str,
    later_ms: int,
    domain: str,
    bodies: tuple[str, ...],
    duplicates: int,
    restart: bool,
) -> None:
    bench.put("x")
    bench.step()
    if restart:
        bench.reopen()
    bench.put(*bodies, domain=domain, received_unix_ms=START_UNIX_MS + later_ms)
    assert len(bench.step().duplicates) == duplicates
    assert len(bench.drain()) == 2 - duplicates
    assert bench.count("pipeline/logs", "duplicate", domain) == duplicates


@pytest.mark.parametrize("restart", [False, True])
def test_equal_requests_without_times_are_as_many_as_were_sent(bench: PartitionBench, restart: bool) -> None:
    """Three heartbeats of a script are three; one record of many without a time is enough. An observed time is a time."""
    timeless = {request(["beat"], time_unix_nano=0): 1, request(["a"]) + request(["b"], time_unix_nano=0): 2}
    for _ in range(3):
        for body, records in timeless.items():
            bench.put_raw(body, records)
    bench.step()
    if restart:
        bench.reopen()
    for body, records in timeless.items():
        bench.put_raw(body, records)
    assert not bench.step().duplicates
    assert sorted(bench.drain()) == sorted(["beat", "a", "b"] * 4)
    assert bench.count("pipeline/logs", "duplicate") == 0
    observed = message(1, message(2, message(2, b"\x59" + bytes(7) + b"\x01")))
    bench.put_raw(observed)
    bench.put_raw(observed)
    assert len(bench.step().duplicates) == 1


def test_window_zero_turns_it_off(make_bench: Make) -> None:
    bench = make_bench(plan(dedup_window_secs=0))
    bench.put("x")
    bench.put("x")
    bench.step()
    bench.put("x")
    bench.step()
    assert bench.drain() == ["x", "x", "x"]


def test_time_of_receipt_decides_not_time_of_reading(bench: PartitionBench) -> None:
    """A worker that was away for an hour still recognises what was sent twice within seconds."""
    bench.put("x")
    bench.step()
    bench.put("x", received_unix_ms=START_UNIX_MS + 5000)
    bench.clock.unix_ms += 3_600_000
    bench.reopen()
    assert len(bench.step().duplicates) == 1


def test_what_was_read_but_not_committed_is_not_remembered(bench: PartitionBench) -> None:
    bench.put("x")
    bench.read()
    bench.reopen()
    assert len(bench.step().entries) == 1


def test_each_pipeline_has_its_own_window(make_bench: Make) -> None:
    receivers = frozenset({"otlp"})
    bench = make_bench(plan(PipelinePlan("logs", receivers, ("one",)), PipelinePlan("logs/two", receivers, ("two",))))
    bench.put("x")
    bench.step("logs")
    assert len(bench.step("logs/two").entries) == 1


@pytest.mark.slow
def test_digests_are_forgotten_behind_the_window(bench: PartitionBench) -> None:
    """By the time of what is read while traffic flows, by the clock when nothing waits; on disk and in memory."""
    window = bench.ledger._windows["logs"]
    for minute in range(20):
        bench.clock.unix_ms = START_UNIX_MS + minute * 60_000
        bench.put(f"at {minute}")
        bench.step()
    assert len(window) == 6, "the minute under way and five before it"
    bench.clock.unix_ms += WINDOW_MS + 1
    bench.read()
    assert len(window) == 0
    bench.reopen()
    assert len(bench.ledger._windows["logs"]) == 0


def test_a_commit_of_more_payloads_than_one_row_holds_remembers_all(bench: PartitionBench) -> None:
    bodies = [request([str(number)]) for number in range(500)]
    payloads = [Payload("a.example", "otlp", body, 1, START_UNIX_MS, xxh3_128_digest(body)) for body in bodies]
    bench.put_all(payloads)
    assert len(bench.step().entries) == 500
    bench.reopen()
    bench.put_all(payloads)
    assert len(bench.step().duplicates) == 500


def test_a_clock_that_was_set_back_leaves_no_digests_behind(bench: PartitionBench) -> None:
    """What was received in a future that did not come is forgotten, and does not keep what came after it."""
    bench.put("x", received_unix_ms=START_UNIX_MS + 100 * WINDOW_MS)
    bench.step()
    for later in (0, WINDOW_MS + 1, 2 * WINDOW_MS + 2):
        bench.clock.unix_ms = START_UNIX_MS + later
        bench.put(str(later))
        bench.step()
    assert len(bench.ledger._windows["logs"]) == 1


HOUR_MS = 3_600_000


def test_what_came_before_the_clock_was_set_forward_is_read_before_anything_is_forgotten(bench: PartitionBench) -> None:
    """The worker was at rest; the same payload comes again while the clock is set back, and is read after it was set on."""
    bench.put("x")
    bench.step()
    bench.read()
    bench.put("x", received_unix_ms=START_UNIX_MS + 1000 - HOUR_MS)
    bench.clock.unix_ms = START_UNIX_MS + HOUR_MS
    assert len(bench.step().duplicates) == 1


@pytest.mark.parametrize(
    ("name", "walls_ms", "fresh"),
    [
        ("set back by an hour", (0, 1000 - HOUR_MS), 1),
        ("set back, and on within the window", (0, 1000 - HOUR_MS, 2000 - HOUR_MS), 1),
        ("set back, and on by more than the window", (0, 1000 - HOUR_MS, 1001 - HOUR_MS + WINDOW_MS), 2),
        ("set back by a little, and on by more than the window", (0, 1000 - 300_000, 1001 - 300_000 + WINDOW_MS), 2),
        ("set forward by an hour", (0, HOUR_MS), 2),
        ("set back and forward", (0, 1000 - HOUR_MS, 2000), 2),
        ("set back to 1970", (0, 1000 - START_UNIX_MS), 1),
    ],
)
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_the_window_goes_by_a_clock_that_never_goes_back(
    bench: PartitionBench, name: str, walls_ms: tuple[int, ...], fresh: int, restart: bool, together: bool
) -> None:
    """The same bytes of the same sender, seconds later by any clock but the wall's; a clock set forward forgets."""
    found = 0
    for place, wall_ms in enumerate(walls_ms):
        bench.clock.unix_ms = START_UNIX_MS + wall_ms
        if restart and not together and place == 1:
            bench.reopen()
        bench.put("x", received_unix_ms=START_UNIX_MS + wall_ms)
        if not together:
            bench.read()  # reading again moves nothing
            found += len(bench.step().entries)
    if together:
        found = len(bench.step().entries)
    assert found == fresh


@pytest.mark.parametrize("behind_ms", [50, 30_000, 500_000])
def test_machines_whose_clocks_differ_share_one_window(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch, behind_ms: int
) -> None:
    """They write one journal in turn; the time between a payload and its like is none of the difference of their clocks."""
    monkeypatch.setattr(JournalSources, "skew_ms", KafkaSources.skew_ms)
    bench = make_bench()
    for number in range(40):
        received = START_UNIX_MS + number - behind_ms * (number % 2)
        bench.put("x" if number in (0, 39) else str(number), received_unix_ms=received)
    read = bench.step()
    assert (len(read.entries), len(read.duplicates)) == (39, 1)
