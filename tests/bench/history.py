"""What `make bench` found, kept: a line a run in `history/bench.jsonl`. `make bench-compare` holds the newest against the one before.

CPU is compared as a ratio to a peer's of the same run, for the machine is another one each day. A median ratio that is over a tenth larger than
before, where even the lowest of the run is over the highest before, is a regression: the command says so and ends with 1.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tables import machine
from turns import Compared

FILE = Path(__file__).with_name("history") / "bench.jsonl"
WORSE = 1.10


def entry(rows: Sequence[Compared], figures: Mapping[str, Sequence[float]], load: float) -> dict[str, Any]:
    """A run as it is kept: ratios by load and peer, and figures of ours alone by name."""
    ratios = {
        f"{row.label} / {peer}": [round(each, 3) for each in row.ratios(peer)] for row in rows for peer in row.peers
    }
    cpu = {
        row.label: {name: [round(each, 2) for each in values] for name, values in row.cpu_us.items()} for row in rows
    }
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit.stdout.strip(),
        "machine": machine(),
        "load": round(load, 1),
        "ratios": ratios,
        "figures": {name: [round(each, 2) for each in values] for name, values in figures.items()},
        "cpu_us": cpu,
    }


def keep(found: Mapping[str, Any], file: Path = FILE) -> None:
    """Add a run."""
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as kept:
        kept.write(json.dumps(found) + "\n")


def kept(file: Path = FILE) -> list[dict[str, Any]]:
    """All runs, the newest last."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[float], Sequence[float], bool]]:
    """What both runs have: name, values of old and new, whether it is a regression."""
    for kind in ("ratios", "figures"):
        for name, values in new[kind].items():
            before = old[kind].get(name)
            if before:
                worse = statistics.median(values) > WORSE * statistics.median(before) and min(values) > max(before)
                yield name, before, values, worse


def main() -> None:
    """Print the newest run beside another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="", help="a commit of the history; the run before by default")
    options = parser.parse_args()
    *earlier, new = kept() or [None]
    found = [run for run in earlier if run["commit"].startswith(options.against)]
    if not found:
        sys.exit("the history holds no two runs to compare: `make bench` adds one")
    old = found[-1]
    print(f"{old['commit']} ({old['at']}, load {old['load']}) and {new['commit']} ({new['at']}, load {new['load']})\n")
    print("| | before | now | now : before | |\n| --- | --- | --- | --- | --- |")
    regressions = 0
    for name, before, now, worse in changes(old, new):
        ratio = statistics.median(now) / statistics.median(before)
        print(
            f"| {name} | {statistics.median(before):.2f} | {statistics.median(now):.2f} | {ratio:.2f} | {'REGRESSION' if worse else ''} |"
        )
        regressions += worse
    sys.exit(1 if regressions else 0)


if __name__ == "__main__":
    main()
