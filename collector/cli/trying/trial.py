"""Some records through a pipeline and all that it feeds, once, in a state that begins empty and is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from collector.batch import LogBatch, concat
from collector.cli.backtesting.scratch import Scratch
from collector.ledger.interface import Commit, Read
from collector.pipeline.flow import Flow
from collector.pipeline.processed import Attempt, Processed, StageFailed
from collector.service.encryption import passing_keys
from collector.service.stages import Stages
from collector.service.wiring import reached
from collector.settings import Settings

_Key = TypeVar("_Key")


@dataclass(slots=True)
class Tried:
    """What came of it.

    Args:
        pipelines: all that could get something, each behind those that feed it.
        behind: (pipeline, processor) → what left it, in the order in which they were passed; (pipeline, "") → what came to it.
        left: pipeline → what left it at its end, events that components made among it.
        failed: a component raised: its sentences, each once.
    """

    pipelines: list[str]
    behind: dict[tuple[str, str], LogBatch]
    left: dict[str, LogBatch] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def tried(settings: Settings, pipeline: str, batch: LogBatch, *, wait_secs: float = 0.0) -> Tried:
    """All of it in one step; then what is due within `wait_secs`, each at its own time, without waiting for it."""
    with tempfile.TemporaryDirectory(prefix="logboom-try-") as folder:
        return _Trial(settings, pipeline, Path(folder)).through(batch, wait_secs)


class _Trial:
    def __init__(self, settings: Settings, pipeline: str, folder: Path) -> None:
        self._now = time.time_ns()
        self._pipeline = pipeline
        self._ledger = Scratch([pipeline, *(name for name in reached(settings, pipeline) if name != pipeline)])
        network = Stages(settings, folder, {}, dict, keys=passing_keys(settings, folder)).network(self._ledger, {})
        self._flow = Flow(pipeline, self._ledger, network, lambda: self._now, self._watch)
        order = self._flow.order
        places = [
            (name, processor)
            for name in order
            for processor in (
                "",
                *(each for each, _ in network.processors.get(name, ()) if each in settings.processors),
            )
        ]
        self._tried = Tried(order, dict.fromkeys(places, LogBatch.empty()))

    def through(self, batch: LogBatch, wait_secs: float) -> Tried:
        if not self._step(batch):
            for row in range(len(batch)):
                self._step(batch.slice(row, 1), last=True)
        until = self._now + round(wait_secs * 1e9)
        while due := self._ledger.due(self._pipeline, self._flow.ticking, until, 1):
            self._now = max(self._now, due[0].at_unix_nano)
            try:
                draft = self._flow.tick(due, {}, Attempt())
            except StageFailed as failure:
                self._fail(failure.reason)
                draft = Processed(ran=list(due))
            self._commit(draft)
        return self._tried

    def _step(self, batch: LogBatch, *, last: bool = False) -> bool:
        """Whether it could be done; of several records that a processor fails on, each is then tried alone, as entries are."""
        before = dict(self._tried.behind)
        try:
            draft = self._flow.chain.process(batch, {})
        except StageFailed as failure:
            self._tried.behind = before
            if last or len(batch) == 1:
                self._fail(failure.reason)
                return True
            return False
        self._flow.carry(draft, Attempt())
        self._commit(draft)
        return True

    def _commit(self, draft: Processed) -> None:
        for letter in draft.set_aside:
            self._fail(letter.reason)
        self._ledger.commit(
            Commit(self._pipeline, Read(()), {}, draft.changes, draft.counts, (), draft.ran, draft.timers)
        )
        _add(self._tried.left, draft.left)

    def _watch(self, pipeline: str, processor: str, batch: LogBatch) -> None:
        if (pipeline, processor) in self._tried.behind:  # not one of the guards, which no configuration names
            _add(self._tried.behind, {(pipeline, processor): batch})

    def _fail(self, reason: str) -> None:
        if reason not in self._tried.failed:
            self._tried.failed.append(reason)


def _add(found: dict[_Key, LogBatch], more: Mapping[_Key, LogBatch]) -> None:
    for key, batch in more.items():
        found[key] = concat([found[key], batch]) if key in found else batch
