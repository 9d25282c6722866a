"""A worker that kills itself: `python -m counterparts.mortal_worker ROOT POINT NTH [PROCESSOR]`.

It steps the pipeline of `PartitionBench` over what stands in ROOT/journal and delivers to ROOT/delivered, until all is
done; the NTH time it passes POINT (`read`, `decode`, `process`, `emitted`, `tick`, `commit:begin`, `commit:middle`, `commit:done`,
`ack:middle`, `ack:done`, `spill:written`; `none`: never) it sends itself SIGKILL. The same code runs inside a test,
which raises an exception instead.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from collector.batch import LogBatch
from collector.component import Due, Work
from collector.journal.entry import Entry
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.store import unix_ms
from collector.pipeline.decode import Decoded, decode
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import MIB, START_UNIX_MS, bodies_of, exported

PIPELINE = PipelinePlan("logs", frozenset({"otlp"}), ("slow", "fast"))
PLAN = LedgerPlan((PIPELINE,), {"slow": Quota(max_bytes=8000, on_full="spill")}, max_bytes=16 * MIB)


class Killed(BaseException):
    """The process would be dead now."""


class KillAt:
    """Calls `die` the `nth` time `point` is passed; `*` is any point."""

    def __init__(self, point: str, nth: int, die: Callable[[], None]) -> None:
        self._point = point
        self._left = nth
        self._die = die

    def __call__(self, point: str) -> None:
        if self._point in (point, "*"):
            self._left -= 1
            if self._left == 0:
                self._die()


class Tally:
    """A processor whose state is how many records of each domain it has seen; it leaves out every seventh body, makes a record of
    every fifth, and is due for each of those a moment later."""

    def __init__(self, at: Callable[[str], None]) -> None:
        self._at = at

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        self._at("process")
        for domain, records in batch.by_domain().items():
            seen = int(work.state(domain).get(b"seen") or b"0")
            work.state(domain).put(b"seen", str(seen + records).encode())
        numbers = batch.column("body").cast(int)
        fifth = (numbers % 5 == 0).arg_true()
        work.emit("test.fifth", LogBatch.of({"body": "of " + batch.column("body").gather(fifth)}), parents=fifth)
        for number, domain in zip(numbers.gather(fifth), batch.column("domain").gather(fifth), strict=True):
            work.wake(domain, f"after {number}", (START_UNIX_MS + number) * 1_000_000)
        self._at("emitted")
        return batch.filter(numbers % 7 != 0)

    def tick(self, due: Due, work: Work) -> None:
        self._at("tick")
        work.state(due.domain).put(due.name.encode(), b"")
        work.emit("test.tick", LogBatch.of({"body": [due.name]}))
        if not due.name.endswith("again"):
            work.wake(due.domain, f"{due.name} again", due.at_unix_nano)


class MortalWorker:
    """Worker and delivery of one partition, in one thread."""

    def __init__(self, root: Path, at: Callable[[str], None], clock: Callable[[], int] = unix_ms) -> None:
        self._root = root
        self._at = at
        sources = JournalSources([root / "journal"])
        self.ledger = PartitionLedger.open(root / "partition", PLAN, sources, 0, 1, now_unix_ms=clock, at=at)
        self.pipeline = Pipeline(
            "logs",
            self.ledger,
            [("tally", Tally(at))],
            attempts_path=root / "partition",
            max_bytes=400,
            decode=self._decode,
        )

    def run(self) -> None:
        """Until nothing waits."""
        while self.pipeline.step():
            self._deliver("fast")
        for _ in range(3):  # what was due meanwhile, and what that asked for
            self.pipeline.step()
        self._deliver("fast")
        self._deliver("slow")

    def vanish(self) -> None:
        """What the kernel does for a process that dies: files and locks are let go of, nothing is written."""
        self.ledger.close()

    def _decode(self, entries: Sequence[Entry]) -> Decoded:
        self._at("decode")
        return decode(entries)

    def _deliver(self, exporter: str) -> None:
        while entries := self.ledger.deliverable(exporter, -1, 20_000):
            with (self._root / "delivered").open("a") as stream:
                stream.writelines(f"{exporter} {entry.seq} {body}\n" for entry in entries for body in bodies_of(entry))
            self.ledger.ack(exporter, [exported(entry) for entry in entries])


def run_to_the_end(root: Path, clock: Callable[[], int]) -> None:
    """A worker that nothing happens to."""
    worker = MortalWorker(root, lambda _: None, clock)
    worker.run()
    worker.vanish()


def sigkill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    MortalWorker(Path(sys.argv[1]), KillAt(sys.argv[2], int(sys.argv[3]), sigkill)).run()
