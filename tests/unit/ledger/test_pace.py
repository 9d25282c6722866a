"""While several domains send, the queues of exporters that take records are kept short; nothing else holds a pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collector.ledger.pace import Pace
from counterparts.partition_bench import PartitionBench

LEAD = 8_192
CASES: Mapping[str, tuple[int, Mapping[str, int], Mapping[str, int], bool]] = {
    # domains, records taken a second, records waiting, ahead
    "one domain has nobody to delay": (1, {"sqlite": 1000}, {"sqlite": 10**6}, False),
    "some are always allowed": (2, {"sqlite": 10}, {"sqlite": LEAD}, False),
    "more than that, slow": (2, {"sqlite": 10}, {"sqlite": LEAD + 1}, True),
    "half a second's work, fast": (2, {"sqlite": 400_000}, {"sqlite": 150_000}, False),
    "more than half a second's work": (2, {"sqlite": 100_000}, {"sqlite": 60_000}, True),
    "nothing is taken: away": (2, {}, {"sqlite": 10**6}, False),
    "one is slow, the other has little": (2, {"sqlite": 50_000, "d1": 10}, {"sqlite": 100, "d1": 10**6}, False),
    "one is away, the other has much": (2, {"sqlite": 1000}, {"sqlite": 50_000, "d1": 10**6}, True),
}


@pytest.mark.parametrize(("domains", "taken", "waiting", "ahead"), CASES.values(), ids=CASES)
def test_when_a_pipeline_waits(domains: int, taken: Mapping[str, int], waiting: Mapping[str, int], ahead: bool) -> None:
    pace = Pace()
    for number in range(domains):
        pace.saw(f"{number}.example", 100.0)
    for tenth in range(11):
        for exporter, records in taken.items():
            pace.took(exporter, records // 10, 100 + tenth / 10)
    assert pace.ahead(waiting, 101.0) is ahead


def test_what_was_long_ago_does_not_count() -> None:
    pace = Pace()
    pace.saw("a.example", 100.0)
    pace.saw("b.example", 100.0)
    pace.took("sqlite", 10, 101.0)
    assert pace.ahead({"sqlite": 10**6}, 102.0)
    assert not pace.ahead({"sqlite": 10**6}, 104.0), "the exporter takes nothing any more"
    pace.took("sqlite", 10, 200.0)
    assert not pace.ahead({"sqlite": 10**6}, 200.5), "the domains are at rest"


def test_the_ledger_sees_both_sides(bench: PartitionBench) -> None:
    """Domains that were read, records that were acknowledged, records that wait."""
    for number in range(2):
        bench.put("first", domain=f"{number}.example")
    bench.step()
    bench.drain()
    for number in range(20):
        bench.put(*["x"] * 1000, str(number), domain=f"{number % 2}.example")
    assert not bench.ledger.ahead("logs")
    bench.step()
    assert bench.ledger.ahead("logs")
    bench.drain()
    assert not bench.ledger.ahead("logs")
