"""A running logboom gives the records that a real Collector gave with the same configuration. Run by `make compare-collector`."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterparts.configurations.chosen import chosen
from counterparts.configurations.compared import DIFFERENCES, pairs
from counterparts.configurations.played import by_logboom
from counterparts.configurations.record import results

KEPT = results()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in chosen() if name in KEPT])
def test_records_are_the_collectors(name: str, tmp_path: Path) -> None:
    """From a sender to what each exporter sends."""
    found = pairs(name, by_logboom(chosen()[name], tmp_path, KEPT[name]), KEPT[name])
    assert DIFFERENCES.unmeant("logboom", found) == {}
