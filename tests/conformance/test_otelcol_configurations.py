"""Configurations give the records that a real Collector gives, field by field, but for differences that are meant.

What the Collector sent is kept in tests/golden/otelcol/configurations (`make compare-collector` makes it anew, and compares a running
logboom with it as well); here the same records go through the processors that each configuration makes.
"""

from __future__ import annotations

import orjson
import pytest

from counterparts.configurations.chosen import OWN, chosen
from counterparts.configurations.compared import DIFFERENCES, pairs
from counterparts.configurations.record import results
from counterparts.configurations.said import NAMES
from counterparts.configurations.tried import by_the_processors
from counterparts.kept_results import Pairs

KEPT = results()
KINDS = {name: each for name, each in chosen().items() if name in KEPT}
_SEEN: dict[str, Pairs] = {}


def compared(name: str) -> Pairs:
    """Each record of each exporter: ours and the Collector's."""
    if name not in _SEEN:
        _SEEN[name] = pairs(name, by_the_processors(KINDS[name]), KEPT[name])
    return _SEEN[name]


def test_own_configurations_are_kept() -> None:
    """`make compare-collector` does it."""
    assert {name for name, each in chosen().items() if each.kept == "own"} <= set(KEPT)
    assert len(KEPT) >= 30
    everything = orjson.dumps(KEPT["plain"]["otlp"]).decode()
    assert all(f'"{name}"' in everything for name in NAMES.values())
    assert (OWN / "VERSION").read_text().strip()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_records_are_the_collectors(name: str) -> None:
    assert DIFFERENCES.unmeant("logboom", compared(name)) == {}


def test_each_difference_is_one() -> None:
    """What stands on the list of differences does differ."""
    found = {key: pair for name in sorted(KINDS) for key, pair in compared(name).items()}
    own = {each for group in DIFFERENCES.groups for each in group["inputs"] if each.partition(" ")[0] in KINDS}
    assert [pattern for pattern in DIFFERENCES.idle({"logboom": found}) if pattern in own] == []
