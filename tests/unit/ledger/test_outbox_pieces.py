"""A step of much becomes several outbox entries, in the one transaction: what delivery loads at once is bounded."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.testing.conservation import assert_conserved
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import PartitionBench

MANY = [str(number) for number in range(250)]


@pytest.fixture(autouse=True)
def small_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.ledger.outgoing.MOST_RECORDS", 100)


def sizes(bench: PartitionBench) -> list[int]:
    return [entry.records for entry in bench.deliverable()]


def test_it_is_cut_and_nothing_is_lost_or_moved(bench: PartitionBench) -> None:
    bench.put(*MANY)
    bench.step()
    assert sizes(bench) == [84, 84, 82]
    assert_conserved(bench.partition)
    bench.reopen()
    assert sizes(bench) == [84, 84, 82]
    assert bench.drain() == MANY
    bench.put("next")
    bench.step()
    assert bench.drain() == ["next"]


def test_a_piece_holds_only_its_own_resources(bench: PartitionBench) -> None:
    message = ExportLogsServiceRequest()
    for body in MANY:
        message.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    bench.put_raw(message.SerializeToString(), len(MANY))
    bench.step()
    bench.reopen()
    assert [entry.content.resources.height for entry in bench.deliverable()] == [84, 84, 82]  # type: ignore[union-attr]


@pytest.mark.parametrize("point", ["commit:begin", "commit:middle", "commit:done"])
def test_all_of_them_are_there_after_a_death_or_none(bench: PartitionBench, point: str) -> None:
    def at(passed: str) -> None:
        if passed == point:
            raise Killed

    bench.put(*MANY)
    bench.reopen(at=at)
    with pytest.raises(Killed):
        bench.step()
    bench.reopen()
    assert sizes(bench) in ([], [84, 84, 82])
    bench.step()
    assert bench.drain() == MANY
    assert_conserved(bench.partition)


def test_a_quota_counts_records(bench: PartitionBench) -> None:
    """Records without content take few bytes once they are compressed, and as much time as others."""
    bench.put(*[""] * 250)
    bench.step()
    assert bench.partition.queues()["sqlite"].size_bytes >= 250 * 64
