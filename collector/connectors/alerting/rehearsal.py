"""A monitor over what is stored: counts by SQL, conditions and times by the monitor itself, on the records' clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.component import Due
from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.monitors import NONE, Counted, Finding, Monitors
from collector.connectors.alerting.watch import Condition
from collector.query import Query
from collector.query.searching import DOMAINS
from collector.query.sql import value_of
from collector.store.reading import Readable
from collector.testing.work import FakeWork

_MOST_CHARS = 200
_PARTS = 12


@dataclass(slots=True)
class Episode:
    """An alert that would have been. Times in ns; `ended` 0 = it would go on."""

    labels: Mapping[str, str]
    sentence: str
    sample: str
    began: int
    ended: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "labels": dict(self.labels), "sentence": self.sentence, "sample": self.sample, "began_unix_nano": self.began,
            "ended_unix_nano": self.ended or None,
        }  # fmt: skip


_Open = dict[tuple[tuple[str, str], ...], Episode]
_Group = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Rehearsal:
    """What a monitor would have done.

    Args:
        episodes: its alerts, by their beginning.
        busiest: the most records that a group had in a window.
        records: all that its query takes.
    """

    episodes: list[Episode] = field(default_factory=list)
    busiest: int = 0
    records: int = 0


class _Windows:
    """Sums of the last twelve parts, by group."""

    def __init__(self) -> None:
        self._recent: dict[_Group, dict[int, int]] = {}

    def sum(self, one: Counted) -> int:
        """With this, of the window that it ends."""
        recent = self._recent.setdefault((one.domain, tuple(one.groups.items())), {})
        recent[one.part] = recent.get(one.part, 0) + one.records
        for part in [part for part in recent if part <= one.part - _PARTS]:
            del recent[part]
        return sum(recent.values())


def rehearse(connection: Readable, monitor: MonitorConfig, since: int, until: int) -> Rehearsal:
    """What it would have done in that time. Times are exact to a twelfth of the window."""
    monitors, work, windows = Monitors([monitor]), FakeWork(now_unix_nano=since), _Windows()
    made = Rehearsal()
    found = made.episodes
    open_: _Open = {}
    for domain in [name for (name,) in connection.execute(DOMAINS)]:
        monitors.begin([domain], since, work)
    for one in _counted(connection, monitor, since, until):
        made.records, made.busiest = made.records + one.records, max(made.busiest, windows.sum(one))
        _pass(monitors, work, one.last, found, open_)
        _note(list(monitors.count(monitor.name, [one], work)), work.now_unix_nano, found, open_)
    _pass(monitors, work, until, found, open_)
    found.sort(key=lambda episode: episode.began)
    return made


def _pass(monitors: Monitors, work: FakeWork, until: int, found: list[Episode], open_: _Open) -> None:
    """What is due by then, at its own time."""
    while work.timers:
        at, domain, name = min((at, *key) for key, at in work.timers.items())
        if at > until:
            break
        work.now_unix_nano = max(work.now_unix_nano, at)
        del work.timers[domain, name]
        _note(monitors.tick(Due("", domain, name, at), work), work.now_unix_nano, found, open_)
    work.now_unix_nano = max(work.now_unix_nano, until)


def _note(findings: Sequence[Finding], now: int, found: list[Episode], open_: _Open) -> None:
    for one in findings:
        mark = tuple(sorted(one.labels.items()))
        if one.ended:
            if mark in open_:
                open_.pop(mark).ended = now
        elif mark not in open_:
            open_[mark] = Episode(one.labels, one.sentence, one.sample, one.since or now)
            found.append(open_[mark])


def _counted(connection: Readable, monitor: MonitorConfig, since: int, until: int) -> Iterator[Counted]:
    """What its query takes of what was sent, by group and twelfth of the window, by time."""
    part, labels = Condition(monitor).part, monitor.labels
    values = [value_of(field) for field in monitor.fields]
    condition = Query(monitor.query).clause()
    columns = "".join(f"{value.sql}, " for value in values)
    places = ", ".join(str(at + 1) for at in range(len(values) + 2))
    statement = (
        f"SELECT domain, {columns}time_unix_nano / ? AS part, count(*), max(time_unix_nano), substr(body, 1, 500) FROM logs"  # noqa: S608
        f" WHERE generation IS NULL AND time_unix_nano >= ? AND time_unix_nano < ? AND {condition.sql}"
        f" GROUP BY {places} ORDER BY part, max(time_unix_nano)"
    )
    parameters = [*(one for value in values for one in value.parameters), part, since, until, *condition.parameters]
    for domain, *groups, number, records, last, body in connection.execute(statement, parameters):
        named = {
            label: NONE if value is None else str(value)[:_MOST_CHARS]
            for label, value in zip(labels, groups, strict=True)
        }
        yield Counted(domain, named, number, records, last, body or "")
