"""How outbox entries become requests."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.delivery.batcher import Batcher
from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.delivery.request import Part, Pending
from collector.journal.entry import Entry
from collector.ledger.interface import OutboxEntry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch


def part(content, seq=0):
    counts = Counter(e.domain for e in content) if isinstance(content, tuple) else content.by_domain()
    records = sum(e.records for e in content) if isinstance(content, tuple) else len(content)
    return Part.whole(Pending(0, OutboxEntry(seq, "logs", records, 0, counts, 0, content)))


def records(count, first=0):
    return part(text_batch([f"{n}" for n in range(first, first + count)]))


def payloads(*sizes):
    return part(tuple(Entry("j", n, "d", "otlp", b"x" * size, 1, 0, b"") for n, size in enumerate(sizes)))


def batcher(**queue):
    return Batcher(QueueConfig.model_validate(queue))


def bodies(request):
    return request.batch().column("body").to_list()


def test_without_batch_what_waits_already_is_joined(rig):
    """A backlog travels in large requests; nothing waits for company."""
    one = rig("x")
    for n in range(50):
        one.ledgers[0].put(text_batch([f"{n}"]))
    exporter = ScriptedExporter()
    one.run({"x": (exporter, DeliveryConfig())}, 0)
    one.run({"x": (exporter, DeliveryConfig())}, 1)
    assert exporter.sent_at == [0.0]
    assert exporter.bodies() == [f"{n}" for n in range(50)]


def test_a_min_size_of_zero_keeps_entries_apart():
    """One entry, one request."""
    one = batcher(batch={"min_size": 0})
    assert [r.records for r in one.add(records(5))] == [5]
    assert [r.records for r in one.add(records(1))] == [1]
    assert not one.waiting


def test_entries_are_joined_up_to_min_size():
    """In order; what is short of it waits for the flush."""
    one = batcher(batch={"min_size": 10})
    assert one.add(records(4)) == []
    [request] = one.add(records(7, 4))
    assert bodies(request) == [f"{n}" for n in range(11)]
    assert one.add(records(3, 11)) == []
    assert one.waiting
    assert [bodies(r) for r in one.flush()] == [["11", "12", "13"]]
    assert one.flush() == []


def test_requests_are_cut_at_max_size():
    """An entry fills up what is collected, the rest begins the next request."""
    one = batcher(batch={"min_size": 10, "max_size": 10})
    assert one.add(records(4)) == []
    assert [r.records for r in one.add(records(29, 4))] == [10, 10, 10]
    assert [r.records for r in one.flush()] == [3]


def test_large_entries_are_cut_by_estimated_bytes():
    """`max_request_bytes` holds without `batch`, within the estimate's error."""
    one = batcher(max_request_bytes=20_000)
    whole = part(text_batch(["x" * 1000] * 100))
    requests = one.add(whole) + one.flush()
    assert sum(r.records for r in requests) == 100
    assert max(r.records for r in requests) <= 20_000 / 1000
    assert len(requests) < 12


def test_payloads_stay_whole():
    """They are packed greedily; one that is too large on its own is left to the destination's answer."""
    one = batcher(max_request_bytes=1024)
    requests = one.add(payloads(500, 500, 500, 3000, 10)) + one.flush()
    assert [[len(body) for body in r.payloads()] for r in requests] == [[500, 500], [500], [3000], [10]]


def test_payloads_and_records_never_share_a_request():
    """An exporter may stand in a pipeline that decodes and in one that does not."""
    one = batcher(batch={"min_size": 100})
    assert one.add(records(3)) == []
    [request] = one.add(payloads(5))
    assert not request.undecoded
    [request] = one.add(records(1))
    assert request.undecoded


@pytest.mark.slow
@given(
    counts=st.lists(st.integers(0, 50), max_size=12),
    min_size=st.integers(0, 60),
    slack=st.integers(0, 30),
    max_bytes=st.integers(1024, 6000),
)
def test_nothing_is_lost_doubled_or_reordered(counts, min_size, slack, max_bytes):
    """Whatever the sizes: the same records in the same order, within `max_size`."""
    max_size = max(1, min_size + slack)
    one = batcher(batch={"min_size": min_size, "max_size": max_size}, max_request_bytes=max_bytes)
    requests, total = [], 0
    for count in counts:
        requests += one.add(records(count, total))
        total += count
    requests += one.flush()
    assert [body for r in requests for body in bodies(r)] == [f"{n}" for n in range(total)]
    assert all(1 <= r.records <= max_size for r in requests)


def test_the_flush_timeout_sends_what_there_is(rig):
    """Records do not wait longer than `flush_timeout` for company."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    exporter = ScriptedExporter()
    config = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 100, "flush_timeout": "10s"}}})
    one.run({"x": (exporter, config)}, 30)
    assert exporter.sent_at == [pytest.approx(10.0)]


def test_a_min_size_beyond_the_memory_budget_does_not_stall(rig):
    """What fits into memory is sent when the budget is used up."""
    one = rig("x")
    for n in range(60):
        one.ledgers[0].put(text_batch([f"{n}" * 50] * 10))
    exporter = ScriptedExporter()
    config = DeliveryConfig.model_validate(
        {"sending_queue": {"max_in_flight_bytes": 20_000, "batch": {"min_size": 10**6, "flush_timeout": "1h"}}}
    )
    one.run({"x": (exporter, config)}, 30)
    assert one.ledgers[0].queued("x") < 600
    assert len(exporter.sent) > 1


def test_an_entry_without_records_is_done_at_once():
    """Nothing is sent for it, and it is acknowledged."""
    ledger = MemoryLedger(["x"])
    assert ledger.outcomes("x") == {}
    empty = part(text_batch([]))
    assert empty.pending.done
    assert batcher().add(empty) == []
