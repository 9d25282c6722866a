"""What the bench keeps, and when it calls something a regression."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def run(**ratios: Sequence[float]) -> Mapping[str, Any]:
    return {"commit": "c", "at": "t", "load": 1.0, "ratios": ratios, "figures": {}}


@pytest.mark.parametrize(
    ("before", "now", "worse"),
    [
        ([1.0, 1.1, 1.2], [1.3, 1.35, 1.4], True),
        ([1.0, 1.1, 1.2], [1.15, 1.25, 1.4], False),  # the two overlap: that is noise
        ([1.0, 1.0, 1.0], [1.05, 1.08, 1.09], False),  # less than a tenth
        ([1.3, 1.35, 1.4], [1.0, 1.1, 1.2], False),
    ],
    ids=["all above", "overlapping", "within a tenth", "better"],
)
def test_a_regression_is_a_tenth_and_beyond_the_spread(before: list[float], now: list[float], worse: bool) -> None:
    """A machine that others use moves by half from minute to minute."""
    from history import changes

    [(name, *_, found)] = changes(run(load=before, gone=[1.0]), run(load=now, new=[9.0]))
    assert (name, found) == ("load", worse)


def test_ratios_are_those_of_a_turn(tmp_path: Path) -> None:
    """A turn in which the machine was twice as slow says the same as the others."""
    from history import entry, keep, kept
    from turns import Compared

    rows = [Compared("grpc", {"logboom": [2.0, 4.0], "Rotel": [1.0, 2.0]})]
    found = entry(rows, {"memory, MiB": [200.0]}, 3.0)
    assert found["ratios"] == {"grpc / Rotel": [2.0, 2.0]}
    assert found["cpu_us"] == {"grpc": {"logboom": [2.0, 4.0], "Rotel": [1.0, 2.0]}}
    for _ in range(2):
        keep(found, tmp_path / "history" / "bench.jsonl")
    assert kept(tmp_path / "history" / "bench.jsonl") == [found, found]


def test_the_command_ends_with_one(tmp_path: Path) -> None:
    """It names the load, and what it has been; without two runs it says how to get them."""
    script = "import sys, history; from pathlib import Path; runs = history.kept(Path(sys.argv.pop())); history.kept = lambda: runs; history.main()"

    def compared(*runs: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "bench.jsonl"
        file.write_text("".join(json.dumps(each) + "\n" for each in runs))
        command = [sys.executable, "-c", script, str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=BENCH)

    done = compared(run(grpc=[1.0, 1.1]), run(grpc=[1.3, 1.4]))
    assert done.returncode == 1
    assert "| grpc | 1.05 | 1.35 | 1.29 | REGRESSION |" in done.stdout
    assert compared(run(grpc=[1.0, 1.1]), run(grpc=[1.0, 1.1])).returncode == 0
    assert "`make bench` adds one" in compared(run(grpc=[1.0])).stderr
