"""What fails behind a connector is halved by rows, down to the records to blame: they alone are lost to the stage, as dead letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from collector.batch import LogBatch, concat
from collector.ledger.interface import SetAside
from collector.pipeline.processed import Processed, StageFailed
from collector.pipeline.state import Changes

_MOST_FAILURES = 200
"""In one batch: where so much fails, what fails is set aside as it stands, or halving would take minutes."""
Run = Callable[[LogBatch, Changes], Processed]


def halved(owner: str, pipeline: str, batch: LogBatch, changes: Changes, run: Run) -> Processed:
    """Run a stage on top of `changes`; nothing is kept of an attempt that failed but its records, for `owner`."""
    done = _Halving(owner, pipeline, run).over(batch, changes)
    done.set_aside = _together(done.set_aside)
    return done


class _Halving:
    def __init__(self, owner: str, pipeline: str, run: Run) -> None:
        self._owner = owner
        self._pipeline = pipeline
        self._run = run
        self._failures = 0

    def over(self, batch: LogBatch, changes: Changes) -> Processed:
        try:
            return self._run(batch, changes)
        except StageFailed as failed:
            self._failures += 1
            if len(batch) == 1 or self._failures > _MOST_FAILURES:
                return Processed(
                    changes=changes, set_aside=[SetAside(self._owner, self._pipeline, failed.reason, batch.compact())]
                )
        half = len(batch) // 2
        first = self.over(batch.slice(0, half), changes)
        return first.then(self.over(batch.slice(half, len(batch)), first.changes))


def _together(letters: list[SetAside]) -> list[SetAside]:
    """One dead letter for a reason."""
    by_reason: dict[str, list[SetAside]] = {}
    for letter in letters:
        by_reason.setdefault(letter.reason, []).append(letter)
    return [replace(same[0], batch=concat([letter.batch for letter in same])) for same in by_reason.values()]
