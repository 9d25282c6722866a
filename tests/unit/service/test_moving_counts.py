"""What partitions brought along is nobody's growth: neither a bill, nor records that were just set aside."""

from __future__ import annotations

from collector.outcomes import Counts
from collector.service.moving_counts import MovingCounts

KEY, OTHER = ("a.example", "exporter/d1", "exported"), ("b.example", "exporter/d1", "exported")


def test_only_what_was_counted_here_counts() -> None:
    """A partition comes with 1,000, counts 5, goes, and comes back with what another one counted meanwhile."""
    moving = MovingCounts()
    looks = [{}, {1: 1000}, {1: 1005}, {}, {1: 1100}, {1: 1101, 2: 700}, {1: 1101, 2: 702}]
    grown = [moving.look({number: Counts({KEY: records}) for number, records in look.items()})[KEY] for look in looks]
    assert grown == [0, 0, 5, 5, 5, 6, 8]


def test_what_is_counted_for_the_first_time_is_growth() -> None:
    """In a partition that was here before."""
    moving = MovingCounts()
    moving.look({1: Counts({KEY: 3})})
    assert moving.look({1: Counts({KEY: 3, OTHER: 4})}) == {OTHER: 4}
