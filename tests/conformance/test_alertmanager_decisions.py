"""Scripts of alerts give the same decisions as a real Alertmanager, within half a second, but for differences that are meant; over deaths each once.

What Alertmanager decided is kept in tests/golden/alertmanager (`make compare-alertmanager` makes it anew).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from counterparts.alertmanager.deciding import decided
from counterparts.alertmanager.scripts import GOLDEN, Decision, alike, scripts
from counterparts.kept_results import Differences, read_lines

SCRIPTS = {one.name: one for one in scripts()}
KEPT = {line["script"]: [Decision(*each) for each in line["decisions"]] for line in read_lines(GOLDEN / "decisions.jsonl")}  # fmt: skip
DIFFERENCES = Differences(GOLDEN / "differences.yaml", ["alerting"])


@cache
def pair(name: str) -> tuple[object, object]:
    """Our decisions of a script, and Alertmanager's."""
    return alike(decided(SCRIPTS[name]), KEPT[name]), KEPT[name]


def test_all_scripts_were_played() -> None:
    """`make compare-alertmanager` does it."""
    assert list(KEPT) == list(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_decisions_are_alertmanagers(name: str) -> None:
    assert DIFFERENCES.unmeant("alerting", {name: pair(name)}) == {}


def test_each_difference_is_one() -> None:
    """What stands on the list of differences does differ, each script of it."""
    assert DIFFERENCES.idle({"alerting": {name: pair(name) for name in SCRIPTS}}) == []
    meant = [name for name in SCRIPTS if DIFFERENCES.meant("alerting", name)]
    assert [name for name in meant if pair(name)[0] == pair(name)[1]] == []


@pytest.mark.parametrize("name", [one.name for one in SCRIPTS.values() if one.kills])
def test_over_deaths_each_decision_is_made_once(name: str) -> None:
    """The same as if nobody had died; Alertmanager's are others."""
    assert decided(SCRIPTS[name]) == decided(replace(SCRIPTS[name], kills=()))
