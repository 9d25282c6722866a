"""How often the faulty service is among the first that are suspected, from logs alone: `make causes-score CORPORA=path`.

Nezha's TrainTicket (IntelligentDDS/Nezha): of each fault the two minutes behind its injection are compared with the minute before it and a
minute without faults; with `--history` also with all that the day brought before, faults and all. AS@k: the share of faults whose
service is among the first k of some thirty. A line's place is the `Class#line` that it carries, else its first words; no metric, no
parent of a span, no name of a fault is looked at.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from collector.causes.frame import places
from collector.causes.ranking import ranked

SECOND = 10**9
BEFORE, BEHIND = 70 * SECOND, 130 * SECOND


def read(path: Path) -> pl.DataFrame:
    """Lines of a file as a frame of `collector.causes`, a pod a service, each once."""
    with lzma.open(path, "rt") as lines:
        rows = pl.DataFrame([json.loads(line) for line in lines if line.strip()])
    rows = rows.unique(["t", "pod", "span", "body"], maintain_order=True).filter(pl.col("t") > 0)
    body = rows.get_column("body")
    unsaid = pl.repeat(None, len(body), dtype=pl.String, eager=True)
    return rows.select(
        time="t", service="pod", place=pl.lit(places(unsaid, unsaid, body)),
        error=body.str.contains(r"^\S+ +(?:ERROR|FATAL) "), trace="trace", span="span",
    )  # fmt: skip


def faults(folder: Path, day: str) -> Iterator[tuple[str, str, int]]:
    """(pod, kind, injected at, ns) of a day."""
    for fault in json.loads((folder / f"{day}-faults.json").read_text()):
        at = datetime.fromisoformat(fault["time"]).replace(tzinfo=UTC)
        yield fault["pod"], fault["type"], int(at.timestamp()) * SECOND


def ranks(folder: Path, day: str, history: bool) -> dict[str, list[int]]:
    """Kind of fault → at which place the faulty pod stood, for each."""
    faulty, normal = (read(folder / f"{day}-{name}.ndjson.xz") for name in ("faulty", "normal"))
    found: dict[str, list[int]] = defaultdict(list)
    for pod, kind, at in faults(folder, day):
        since = 0 if history else at - BEFORE
        before = faulty.filter((pl.col("time") >= since) & (pl.col("time") < at))
        behind = faulty.filter((pl.col("time") >= at) & (pl.col("time") < at + BEHIND))
        order = ranked(pl.concat([normal, before]), behind).get_column("service").to_list()
        found[kind].append(order.index(pod) + 1 if pod in order else len(order) + 1)
    return found


def main() -> None:
    """Print the table of each day that there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--history", action="store_true")
    given = parser.parse_args()
    folder = given.corpora / "nezha"
    days = sorted(path.name.removesuffix("-faults.json") for path in folder.glob("*-faults.json"))
    if not days:
        raise SystemExit(f"{folder} has no DAY-faults.json")
    for day in days:
        by_kind = ranks(folder, day, given.history)
        for kind, found in [*sorted(by_kind.items()), ("all", [rank for each in by_kind.values() for rank in each])]:
            shares = "  ".join(f"AS@{k} {sum(rank <= k for rank in found) / len(found):.3f}" for k in (1, 3, 5))
            print(f"{day}  {kind:<18} {len(found):>3} faults  {shares}")


if __name__ == "__main__":
    main()
