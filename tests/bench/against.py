"""`make bench-old OLD=path`: this tree against another one, a worktree with a `.venv` of its own.

Both are asked the same by the same sender, one after the other and the other way round, several times. CPU microseconds a
record of all processes, and the ratio of each pair: a machine that others use, too, is as slow for both of a pair.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from measuring import measured
from systems import System, logboom

_QUIET = 0.08  # of a core: what logboom takes when it has nothing to do


@dataclass(frozen=True)
class Case:
    """A load on one configuration."""

    protocol: str
    batch: int
    records: int
    exporter: str = "nop"
    triage: bool = False

    def __str__(self) -> str:
        path = f"categorize + triage → {self.exporter}" if self.triage else self.exporter
        return f"{self.protocol}, {self.batch} records a request → {path}"


CASES = [
    Case("grpc", 500, 400_000),
    Case("http", 500, 400_000),
    Case("grpc", 20, 60_000),
    Case("http", 20, 60_000),
    Case("grpc", 500, 200_000, "nop", True),
    Case("grpc", 500, 200_000, "sqlite", True),
]


def taken(tree: Path, case: Case, scale: float) -> float:
    """CPU microseconds a record."""
    system = logboom(case.exporter, case.triage, python=str(tree / ".venv/bin/python"))
    try:
        records = int(case.records * scale)
        sent, usage = measured(system, case.protocol, case.batch, 16, records, finished=lambda: quiet(system))
        return usage.total / sent.acknowledged * 1e6
    finally:
        system.stop()


def quiet(system: System) -> bool:
    """Whether nothing is left to do, told by what it takes in a second."""
    before = system.tree.usage().total
    time.sleep(1.0)
    return system.tree.usage().total - before < _QUIET


def main() -> None:
    """Measure, and print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", type=int, nargs="*", default=range(len(CASES)), help="numbers of cases, from 0")
    options = parser.parse_args()
    Path("build").mkdir(exist_ok=True)
    trees = [options.old.resolve(), Path(sys.executable).parents[2]]
    print("| CPU µs a record | old | new | new : old, lowest to highest |\n| --- | --- | --- | --- |")
    for case in (CASES[number] for number in options.only):
        pairs = []
        for turn in range(options.pairs):
            order = trees if turn % 2 == 0 else trees[::-1]
            found = {tree: taken(tree, case, options.scale) for tree in order}
            pairs.append([found[tree] for tree in trees])
        old, new = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = sorted(now / before for before, now in pairs)
        middle = statistics.median(ratios)
        print(f"| {case} | {old:.2f} | {new:.2f} | {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
