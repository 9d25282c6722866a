"""A worker of three pipelines that feed each other, that kills itself: `python -m counterparts.mortal_chain ROOT POINT NTH`.

It delivers ids and bodies to ROOT/delivered.

    logs ──► fork ──► logs/middle ──► join ──► logs/last          each with a `Tally` and an exporter

As `mortal_worker`; POINT may name the stage: `middle:process`, `last:emitted`, `fork:connect`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Work
from collector.ledger.interface import OutboxEntry
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.store import unix_ms
from collector.pipeline.network import Network
from collector.pipeline.pipeline import Pipeline
from counterparts.mortal_worker import KillAt, Tally
from counterparts.partition_bench import MIB, bodies_of, exported

STAGES = {"logs": "first", "logs/middle": "middle", "logs/last": "last"}
FEEDS = {"logs": {"fork": ["logs/middle"]}, "logs/middle": {"join": ["logs/last"]}}
PLAN = LedgerPlan(
    [
        PipelinePlan(
            name, frozenset({"otlp"} if name == "logs" else ()), (stage,), components=[f"tally_{stage}"],
            feeds=FEEDS.get(name, {}),
        )
        for name, stage in STAGES.items()
    ],
    {"last": Quota(max_bytes=8000, on_full="spill")},
    max_bytes=16 * MIB,
)  # fmt: skip


class Passes:
    """A connector that hands all on to one pipeline."""

    takes_events = ALL_EVENTS

    def __init__(self, target: str, at: Callable[[], None]) -> None:
        self._target = target
        self._at = at

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        self._at()
        return {self._target: batch}


class MortalChain:
    """Worker and delivery of one partition, in one thread."""

    def __init__(self, root: Path, at: Callable[[str], None], clock: Callable[[], int] = unix_ms) -> None:
        self._root = root
        sources = JournalSources([root / "journal"])
        self.ledger = PartitionLedger.open(root / "partition", PLAN, sources, 0, 1, now_unix_ms=clock, at=at)
        network = Network(
            {name: [(f"tally_{stage}", Tally(_named(stage, at)))] for name, stage in STAGES.items()},
            {
                "fork": Passes("logs/middle", lambda: at("fork:connect")),
                "join": Passes("logs/last", lambda: at("join:connect")),
            },
            FEEDS,
        )
        self.pipelines = [
            Pipeline(
                name, self.ledger, network.processors[name], network=network, attempts_path=root / "partition", max_bytes=400
            )
            for name in STAGES
        ]  # fmt: skip

    def run(self) -> None:
        """Until nothing waits, and nothing is due."""
        while self.pipelines[0].step():
            self._deliver("first")
        while any(self.ledger.due(name, [f"tally_{stage}"], 1 << 62, 1) for name, stage in STAGES.items()):
            for pipeline in self.pipelines:
                pipeline.step()
        for stage in STAGES.values():
            self._deliver(stage)

    def vanish(self) -> None:
        """What the kernel does for a process that dies."""
        self.ledger.close()

    def _deliver(self, exporter: str) -> None:
        while entries := self.ledger.deliverable(exporter, -1, 20_000):
            with (self._root / "delivered").open("a") as stream:
                stream.writelines(f"{exporter} {line}\n" for entry in entries for line in _lines(entry))
            self.ledger.ack(exporter, [exported(entry) for entry in entries])


def _lines(entry: OutboxEntry) -> list[str]:
    """Record id and body of each record."""
    assert isinstance(entry.content, LogBatch)
    return [f"{id_} {body}" for id_, body in zip(entry.content.column("record_id"), bodies_of(entry), strict=True)]


def _named(stage: str, at: Callable[[str], None]) -> Callable[[str], None]:
    return lambda point: at(f"{stage}:{point}")


def _sigkill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    MortalChain(Path(sys.argv[1]), KillAt(sys.argv[2], int(sys.argv[3]), _sigkill)).run()
