"""All records of a step to one level: the first that is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, Standing, Work
from collector.connectors.failover.config import FailoverConfig

_NANOS = 1_000_000_000


class Failover:
    """See README.md. When levels failed is remembered by the process, for its exporters are, too."""

    takes_events = ALL_EVENTS

    def __init__(self, config: FailoverConfig, context: Context) -> None:
        self._levels = config.priority_levels
        self._standing = context.standing
        self._patience = int(config.failing_after * _NANOS)
        self._quarantine = int(config.retry_interval * _NANOS)
        self._repeating_since: dict[int, int] = {}
        self._failed_at: dict[int, int] = {}
        self._failing_since: dict[int, int] = {}
        self._move_after = int(config.move_backlog_after * _NANOS)

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """The same batch for each pipeline of the level."""
        return dict.fromkeys(self._choose(work.now_unix_nano), batch)

    def moves(self, now_unix_nano: int) -> Mapping[str, Sequence[str]]:
        """From pipelines of levels that have failed for `move_backlog_after`, to the first level that is well."""
        if not self._move_after:
            return {}
        well = [number for number in range(len(self._levels)) if self._is_well(number, now_unix_nano)]
        stuck = [
            name
            for number, since in self._failing_since.items()
            if abs(now_unix_nano - since) >= self._move_after
            for name in self._levels[number]
            if self._standing(name) is not Standing.WELL
        ]
        return dict.fromkeys(stuck, self._levels[well[0]]) if well else {}

    def _choose(self, now: int) -> Sequence[str]:
        """The first level that is well; where none is, the first that has room, so that it waits in the best place."""
        well = [number for number in range(len(self._levels)) if self._is_well(number, now)]
        roomy = [number for number, level in enumerate(self._levels) if self._worst(level) is not Standing.FULL]
        return self._levels[[*well, *roomy, 0][0]]

    def _is_well(self, number: int, now: int) -> bool:
        standing = self._worst(self._levels[number])
        if standing is Standing.REPEATING:
            since = self._repeating_since.setdefault(number, now)
            failing = number in self._failed_at or now - since >= self._patience
        else:
            self._repeating_since.pop(number, None)
            failing = standing is not Standing.WELL
        if failing:
            self._failed_at[number] = now
            self._failing_since.setdefault(number, now)
            return False
        self._failing_since.pop(number, None)
        if number in self._failed_at and abs(now - self._failed_at[number]) >= self._quarantine:
            del self._failed_at[number]
        return number not in self._failed_at

    def _worst(self, level: Sequence[str]) -> Standing:
        return max(map(self._standing, level))
