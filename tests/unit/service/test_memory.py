"""When memory is short: a limit that is less than logboom takes at rest lets requests in all the same."""

from __future__ import annotations

import pytest

from collector.component import MemoryLimits
from collector.service.memory import SoftLimit

MIB = 1 << 20


@pytest.mark.parametrize(
    ("written", "at_rest", "used", "exceeded"),
    [
        (1000, 180, 1001, True),
        (1000, 180, 999, False),
        (102, 180, 200, False),
        (102, 180, 245, True),
        (230, 180, 243, False),
        (230, 180, 245, True),
        (102, 900, 570, False),
        (102, 900, 580, True),
    ],
)
def test_the_limit_holds_where_it_can(
    written: int, at_rest: int, used: int, exceeded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In MiB. What is taken in the first seconds counts up to 512; a limit that was raised is told once."""
    now = [0.0]
    limit = SoftLimit(MemoryLimits(written * MIB, 2 * written * MIB, 1.0, "no"), lambda: now[0])
    limit.exceeded(at_rest * MIB)
    now[0] = 16.0
    assert [limit.exceeded(used * MIB), limit.exceeded(used * MIB)] == [exceeded, exceeded]
    assert len(caplog.records) == int(written < min(at_rest, 512) + 64)


def test_the_first_seconds_are_no_hole() -> None:
    """A flood at once is refused above what can be at rest, and above what was written."""
    limit = SoftLimit(MemoryLimits(100 * MIB, 200 * MIB, 1.0, "no"), lambda: 0.0)
    assert not limit.exceeded(500 * MIB)
    assert limit.exceeded(600 * MIB)
