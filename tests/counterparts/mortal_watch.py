"""A worker with `patterns` and `anomalies` that kills itself: `python -m counterparts.mortal_watch ROOT POINT NTH`, points as in `mortal_worker`.

It steps over what stands in ROOT/journal, and delivers ids, kinds and subjects of anomalies to ROOT/delivered.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from collector.batch import LogBatch
from collector.component import Context
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan, PipelinePlan
from collector.pipeline.pipeline import Pipeline
from counterparts.mortal_worker import KillAt, sigkill
from counterparts.partition_bench import MIB, START_UNIX_MS, exported, request
from processors.anomalies import FACTORY as ANOMALIES
from processors.patterns import FACTORY as PATTERNS

MINUTE_MS, FIRST, EACH = 60_000, 62, 4
FAULTS = (
    "the printer has no paper", "lost the way to our bank", "lamp burnt out at last", "does not close: a door", "scale: nonsense", "clock stands still",
    "nobody is at home today", "ceiling came down on us all",
)  # fmt: skip
MINUTES = FIRST + EACH * len(FAULTS)
PLAN = LedgerPlan(
    [PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), components=["patterns", "anomalies"])],
    {},
    max_bytes=16 * MIB,
)


def course() -> list[tuple[int, bytes, int]]:
    """(received, request, records): a calm hour, then an error that never was every four minutes. In the first hour of a domain nothing is told to be new."""
    found = []
    for minute in range(MINUTES):
        at = START_UNIX_MS + minute * MINUTE_MS
        fault, since = divmod(minute - FIRST, EACH)
        wrong = [FAULTS[fault]] * 3 if minute >= FIRST and since < 2 else []
        for lines, severity in (([f"order {minute} was paid"] * 2, 9), (wrong, 21)):
            if lines:
                found.append((at + severity, request(lines, at * 1_000_000, severity), len(lines)))
    return found


class MortalWatch:
    """Worker and delivery of one partition, in one thread."""

    def __init__(self, root: Path, at: Callable[[str], None], clock: Callable[[], int]) -> None:
        self._root = root
        sources = JournalSources([root / "journal"])
        self.ledger = PartitionLedger.open(root / "partition", PLAN, sources, 0, 1, now_unix_ms=clock, at=at)
        made = [
            ("patterns", PATTERNS.create(PATTERNS.config(), Context("patterns", root, "logs"))),
            ("anomalies", ANOMALIES.create(ANOMALIES.config(), Context("anomalies", root, "logs"))),
        ]
        self.pipeline = Pipeline("logs", self.ledger, made, attempts_path=root / "partition", max_bytes=600)

    def run(self) -> None:
        """Until nothing waits."""
        while self.pipeline.step():
            self._deliver()
        self._deliver()

    def vanish(self) -> None:
        """What the kernel does for a process that dies."""
        self.ledger.close()

    def _deliver(self) -> None:
        while entries := self.ledger.deliverable("sqlite", -1, 20_000):
            with (self._root / "delivered").open("a") as stream:
                stream.writelines(f"{line}\n" for entry in entries for line in anomalies(entry.content))
            self.ledger.ack("sqlite", [exported(entry) for entry in entries])


def anomalies(content: object) -> list[str]:
    """Record id, event name and subject of each in a batch."""
    assert isinstance(content, LogBatch)
    names = content.column("event_name").to_list()
    keys = content.attribute_text("logboom.anomaly.key").to_list()
    rows = zip(content.column("record_id").to_list(), names, keys, strict=True)
    return [f"{id_} {name} {key}" for id_, name, key in rows if name.startswith("logboom.anomaly.")]


def the_end_unix_ms() -> int:
    """A clock that stands still behind all of it: what is late is late in each life alike."""
    return START_UNIX_MS + MINUTES * MINUTE_MS


if __name__ == "__main__":
    MortalWatch(Path(sys.argv[1]), KillAt(sys.argv[2], int(sys.argv[3]), sigkill), the_end_unix_ms).run()
