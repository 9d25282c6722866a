"""The behaviour of `anomalies`: counts what passes, and tells what is unusual, at the end of each minute. No record is changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Due, Work
from collector.explanation import Explanation
from processors.anomalies import telling
from processors.anomalies.config import AnomaliesConfig
from processors.anomalies.findings import Finding
from processors.anomalies.keeping import Keeping
from processors.anomalies.reading import Reader
from processors.anomalies.view import GRACE_SECS
from processors.anomalies.watch import Key

_NANOS = 1_000_000_000
_TICK = "minute"
_LATEST_SECS = 90
"""A tick that comes so late closes nothing: what was received meanwhile may not have been read yet, and closes minutes itself."""
_PATIENCE_MINUTES = 15


class Anomalies:
    """See README.md. Time is event time as far as receipt allows; minutes are closed by what is received later, or by a tick."""

    def __init__(self, config: AnomaliesConfig, context: Context) -> None:  # noqa: ARG002 - the contract's
        self._reader = Reader(config.durations, tuple(config.fields), config.numbers)
        self._keeping = Keeping(config.max_series)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch as it is; what is unusual is emitted."""
        if not len(batch):
            return batch

        def index(domain: str) -> Mapping[Key, int]:
            return self._keeping.watch(domain, work.state(domain)).index

        told: list[tuple[Finding, int]] = []
        for domain, (seen, row) in self._reader.read(batch, index).items():
            state = work.state(domain)
            before = self._keeping.watch(domain, state).closed
            told += [(finding, row) for finding in self._keeping.observe(domain, state, seen)]
            closed = self._keeping.watch(domain, state).closed
            if closed != before:
                self._wake(work, domain, closed)
        self._emit(work, told)
        return batch

    def tick(self, due: Due, work: Work) -> None:
        """A minute may be over, though no record came that says so."""
        state = work.state(due.domain)
        watch = self._keeping.watch(due.domain, state)
        ends = (watch.closed + 2) * 60 + GRACE_SECS
        late = work.now_unix_nano // _NANOS - ends
        if 0 <= late < _LATEST_SECS:
            self._emit(work, [(each, -1) for each in self._keeping.close(due.domain, state, watch.closed + 1)])
        watch = self._keeping.watch(due.domain, state)
        if watch.series.window(watch.closed, _PATIENCE_MINUTES).any():
            self._wake(work, due.domain, watch.closed)

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """The series that a batch of one record counts for, and what else is read of it."""
        found: list[Explanation] = []
        for seen, _ in self._reader.read(batch, lambda _: {}).values():
            for each in seen.series:
                if not isinstance(each, int):
                    names = ("pattern", "service", "environment", "level", "template")
                    details = {name: value for name, value in zip(names, each, strict=True) if value}
                    found.append(Explanation("logboom.anomaly", "counted", "series", decides=True, details=details))
            said = [f"{field} is {value}" for _, field, value, _, _ in seen.values]
            said += [f"a request of {name or 'no endpoint'}" for _, _, name, _, _, _ in seen.durations]
            said += [f"{value:g} of {limit:g} ({name})" for *_, name, _, limit, value in seen.numbers]
            found += [Explanation("logboom.anomaly", "read", text, decides=False, details={}) for text in said]
        return found

    @staticmethod
    def _wake(work: Work, domain: str, closed: int) -> None:
        at = ((closed + 2) * 60 + GRACE_SECS + 2) * _NANOS
        work.wake(domain, _TICK, max(at, work.now_unix_nano + 5 * _NANOS))

    @staticmethod
    def _emit(work: Work, told: Sequence[tuple[Finding, int]]) -> None:
        kinds: dict[str, list[tuple[Finding, int]]] = defaultdict(list)
        for finding, row in told:
            kinds[finding.kind].append((finding, row))
        for kind, some in kinds.items():
            rows = [row for _, row in some]
            parents = None if rows[0] < 0 else pl.Series(rows, dtype=pl.UInt32)
            work.emit(telling.FRONT + kind, telling.records([finding for finding, _ in some]), parents=parents)
