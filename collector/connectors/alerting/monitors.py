"""Conditions on the stream: what the monitors of a configuration count of each domain, and what is to be told of it.

Time is event time, as far as receipt allows: fifteen minutes late, one minute ahead. What is quiet is judged by ticks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import xxhash

from collector.batch import LogBatch
from collector.component import Due, State, Work
from collector.connectors.alerting.group import Said
from collector.connectors.alerting.lags import LATE, Lags
from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.occurrences import Occurrence
from collector.connectors.alerting.watch import Condition, Seen, labels_of
from collector.query import Query

PREFIX = "m/"
_NUMBER = "n/"
_OVERFLOW = {"overflow": "true"}
NONE = "(none)"
"""The value of a group's label where its records have no such field."""


class Counted(NamedTuple):
    """Records of a domain and group in one part of a window. `last` in ns; `row`: of the first of them in its batch."""

    domain: str
    groups: Mapping[str, str]
    part: int
    records: int
    last: int
    sample: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be told of a group: its condition holds (again: `until`), or is over (`ended` says how).

    Args:
        records: that came since the last one was told.
        since: when it began, ns.
        until: when it will be told again at the latest, by the clock, if it goes on.
        row: the record that it was found at; 0 at a tick.
    """

    domain: str
    labels: Mapping[str, str]
    sentence: str
    sample: str
    records: int
    since: int
    until: int
    ended: str = ""
    row: int = 0


class Monitors:
    """Those of one configuration.

    Args:
        sample_chars: how long a line may be that is kept of a group.
    """

    def __init__(self, configs: Sequence[MonitorConfig], sample_chars: int = 500) -> None:
        self.conditions = {config.name: Condition(config) for config in configs}
        self._queries = {config.name: Query(config.query) for config in configs}
        self._chars = sample_chars
        self._notices_absence = any(config.above is None and not config.group_by for config in configs)
        self._watched: set[tuple[str, str]] = set()
        self._lags = Lags()

    def see(self, batch: LogBatch, work: Work) -> list[Finding]:
        """A batch is counted; what is to be told of it."""
        if not self.conditions or not len(batch):
            return []
        from collector.connectors.alerting.counting import Stream  # polars' part

        stream = Stream(batch, work.now_unix_nano)
        self._lags.note(stream.lags, work.now_unix_nano)
        if self._notices_absence:
            self.begin(stream.domains, work.now_unix_nano, work)
        found: list[Finding] = []
        for name, condition in self.conditions.items():
            found += self.count(name, stream.counted(self._queries[name], condition, self._chars), work)
        return found

    def begin(self, domains: Iterable[str], at: int, work: Work) -> None:
        """From here on quiet of these domains is noticed; of groups, from their first record on."""
        for name, condition in self.conditions.items():
            if condition.config.above is not None or condition.config.group_by:
                continue
            for domain in domains:
                if (domain, name) in self._watched:
                    continue
                key = _key(name, {})
                if work.state(domain).get(key.encode()) is not None:
                    self._watched.add((domain, name))  # not before: a step that fails never happened
                else:
                    self._keep(work, domain, key, condition, condition.begin({}, at), at)

    def count(self, name: str, rows: Iterable[Counted], work: Work) -> Iterator[Finding]:
        """What one monitor's query took, by time; what is to be told of it."""
        condition = self.conditions[name]
        kept: dict[tuple[str, str], Seen] = {}
        for one in rows:
            key, seen = self._of(name, condition, one, kept, work)
            before = seen.firing
            condition.count(seen, one.part, one.records, one.last)
            seen.sample = seen.sample or one.sample
            late = one.part if one.part < seen.last // condition.part else None
            firing = condition.judge(seen, seen.last, quiet=False, late=late)
            if firing != bool(before) or (firing and seen.firing != before):
                yield self._finding(condition, one.domain, seen, seen.last, work, row=one.row)
        for (domain, key), seen in kept.items():
            self._keep(work, domain, key, condition, seen, work.now_unix_nano)

    def tick(self, due: Due, work: Work) -> list[Finding]:
        """A group is looked at, whether records came or not."""
        name = due.name.removeprefix(PREFIX).split("/", 1)[0]
        condition, data = self.conditions.get(name), work.state(due.domain).get(due.name.encode())
        if condition is None or data is None:
            _forget(work.state(due.domain), name, due.name)
            return []
        now = work.now_unix_nano
        seen = condition.resume(data, now)
        if now - due.at_unix_nano > LATE:  # what was received meanwhile may not have been read yet
            seen.due = now + LATE
            work.state(due.domain).put(due.name.encode(), seen.encode())
            work.wake(due.domain, due.name, seen.due)
            return []
        at = max(now - condition.grace - self._lags.largest(now), seen.pending)  # nothing ends because time is unsure
        before = seen.firing
        firing = condition.judge(seen, at, quiet=True)
        gone = condition.given_up(seen, at)
        found = []
        if firing or before:
            found = [
                self._finding(
                    condition, due.domain, seen, at, work, ended="no record for a day: given up" if gone else ""
                )
            ]
        self._keep(work, due.domain, due.name, condition, seen, now, gone=gone)
        return found

    def _finding(
        self, condition: Condition, domain: str, seen: Seen, at: int, work: Work, *, ended: str = "", row: int = 0
    ) -> Finding:
        records, seen.untold = seen.untold, 0
        if not seen.firing:
            ended = ended or "its condition is over"
        labels = labels_of(condition.config, domain, seen.labels)
        until = condition.next_look(seen, work.now_unix_nano) + condition.grace if not ended else 0
        return Finding(
            domain, labels, condition.sentence(seen, at), seen.sample, records, seen.firing, until, ended, row
        )

    def _of(
        self, name: str, condition: Condition, one: Counted, kept: dict[tuple[str, str], Seen], work: Work
    ) -> tuple[str, Seen]:
        """The group of a row; where there are too many, the one that stands for all further ones."""
        state, groups = work.state(one.domain), dict(one.groups)
        key = _key(name, groups)
        if (one.domain, key) not in kept:
            data = state.get(key.encode())
            if (
                data is None
                and condition.config.group_by
                and (_number(state, name) >= condition.config.max_groups or state.excess_bytes())
            ):
                groups = dict(_OVERFLOW)
                key = _key(name, groups)
                data = state.get(key.encode())
            if (one.domain, key) not in kept:
                if data is None:
                    _add(state, name, 1)
                    kept[one.domain, key] = condition.begin(groups, one.last)
                else:
                    kept[one.domain, key] = condition.resume(data, work.now_unix_nano)
                state.put(key.encode(), kept[one.domain, key].encode())
        return key, kept[one.domain, key]

    @staticmethod
    def _keep(
        work: Work, domain: str, key: str, condition: Condition, seen: Seen, now: int, *, gone: bool = False
    ) -> None:
        """Write it, and when it is looked at next; what need not be looked at is forgotten."""
        look = 0 if gone else condition.next_look(seen, now)
        if not look:
            _forget(work.state(domain), condition.config.name, key)
            work.wake(domain, key, None)
            return
        if look != seen.due:
            seen.due = look
            work.wake(domain, key, look)
        work.state(domain).put(key.encode(), seen.encode())


def of_monitor(one: Finding, most_samples: int) -> tuple[Occurrence, Said]:
    """A finding as an alert."""
    lines = [one.sample] if one.sample and most_samples else []
    occurrence = Occurrence(one.domain, one.labels, one.records, one.since, one.since, one.row, [one.row])
    return occurrence, Said(lines, most_samples, {"title": one.sentence}, one.until)


def _key(name: str, groups: Mapping[str, str]) -> str:
    values = "\0".join(f"{label}={groups[label]}" for label in sorted(groups))
    return f"{PREFIX}{name}/{xxhash.xxh3_128_hexdigest(values.encode())}"


def _number(state: State, name: str) -> int:
    return int.from_bytes(state.get(f"{_NUMBER}{name}".encode()) or b"", "big")


def _add(state: State, name: str, change: int) -> None:
    state.put(f"{_NUMBER}{name}".encode(), max(0, _number(state, name) + change).to_bytes(4, "big"))


def _forget(state: State, name: str, key: str) -> None:
    if state.get(key.encode()) is not None:
        state.delete(key.encode())
        _add(state, name, -1)
