"""Reports at times: when one is due, of which period, and as a message. What was missed is told once, over all of its time."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from collector.component import Due, Work
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.intervals import next_boundary
from collector.connectors.alerting.report_config import ReportConfig
from collector.connectors.alerting.routes import NANOS
from collector.notices import Alert, Notice
from collector.scope import Scope
from collector.store.reading import NoStore, opened
from collector.store.report_reading import Report, report
from collector.store.report_views import as_text
from collector.visible import visible

PREFIX = "r/"
_LONGEST_SECS = 20.0
_APART = NANOS
"""Between two reports the pipeline goes on, whose step waits for each."""
_MOST_WAIT = 60 * NANOS
_MOST_CHARS = 50_000


@dataclass(frozen=True, slots=True)
class Period:
    """Nanoseconds; the end is no part of it."""

    since: int
    until: int


class Reports:
    """Those of one configuration.

    Args:
        store: the SQLite file of those that name none.
        most: how many issues a message shows beside the text.
    """

    def __init__(self, configs: Sequence[ReportConfig], store: Path, most: int) -> None:
        self._configs = {_id(config): config for config in configs}
        self._store = store
        self._most = most
        self._planned: set[tuple[str, str]] = set()
        self._free_at = 0

    def plan(self, domains: Iterable[str], work: Work) -> None:
        """Domains that are seen for the first time get their first report at the end of the period that goes on."""
        for id_, config in self._configs.items():
            for domain in domains:
                if (domain, id_) in self._planned or (config.domains and domain not in config.domains):
                    continue
                if work.state(domain).get(_name(id_)) is not None:
                    self._planned.add((domain, id_))  # not before: a step that fails never happened
                    continue
                until = _end(config, work.now_unix_nano)
                _keep(work, domain, id_, until - round(config.every * NANOS), until)

    def tick(self, due: Due, work: Work) -> list[Notice]:
        """The period is over: what it brought. The next one is due."""
        id_, state = due.name.removeprefix(PREFIX), work.state(due.domain)
        config, kept = self._configs.get(id_), state.get(due.name.encode())
        if config is None or kept is None:
            state.delete(due.name.encode())
            return []
        if 0 < self._free_at - work.now_unix_nano <= _MOST_WAIT:
            work.wake(due.domain, due.name, self._free_at)
            return []
        period = _period(config, int.from_bytes(kept, "big"), work.now_unix_nano)
        _keep(work, due.domain, id_, period.until, _end(config, work.now_unix_nano))
        began = time.monotonic_ns()
        messages = self._messages(config, due.domain, period)
        self._free_at = work.now_unix_nano + time.monotonic_ns() - began + _APART
        return messages

    def _messages(self, config: ReportConfig, domain: str, period: Period) -> list[Notice]:
        store = Path(config.store) if config.store else self._store
        try:
            made = _read(store, domain, period)
        except (NoStore, sqlite3.Error) as problem:
            return [_without(exporter, domain, period, str(problem)) for exporter in config.to]
        return [_notice(exporter, domain, period, made, self._most) for exporter in dict.fromkeys(config.to)]


def _period(config: ReportConfig, since: int, now: int) -> Period:
    """From where the last one ended to the last end of a period by now: where several were missed, all of their time."""
    until = _end(config, since)
    while (following := _end(config, until)) <= now:
        until = following
    return Period(since, until)


def _end(config: ReportConfig, at: int) -> int:
    return next_boundary(at, config.every, config.at or "", config.location)


def _keep(work: Work, domain: str, id_: str, since: int, until: int) -> None:
    work.state(domain).put(_name(id_), max(0, since).to_bytes(8, "big"))
    work.wake(domain, f"{PREFIX}{id_}", until)


def _name(id_: str) -> bytes:
    return f"{PREFIX}{id_}".encode()


def _id(config: ReportConfig) -> str:
    """By when it is due and whom it goes to: moved in the configuration it is the same."""
    known = [config.every, config.at, config.location, config.to, sorted(config.domains)]
    return hashlib.sha256(orjson.dumps(known)).hexdigest()[:16]


def _read(store: Path, domain: str, period: Period) -> Report:
    """What the store knows; it is given a bounded time, for the step waits."""
    with opened(store, Scope.of(domain)) as connection:
        watch = threading.Timer(_LONGEST_SECS, connection.interrupt)
        watch.start()
        try:
            return report(connection, period.since, period.until, [domain])
        finally:
            watch.cancel()


def _notice(exporter: str, domain: str, period: Period, made: Report, most: int) -> Notice:
    records = {row["level"]: row["records"] for row in made.volume}
    urgent = ", ".join(f"{records[level]:,} {level}" for level in ("critical", "warning") if records.get(level))
    total = sum(records.values())
    counted = f"{total:,} record{'' if total == 1 else 's'}{f' ({urgent})' if urgent else ''}"
    found = [counted, *_counted(len(made.issues), "issue"), *_counted(len(made.patterns), "new pattern")]
    text = f"REPORT of {domain}, {_span(period)}: {', '.join(found)}"
    level = next((one for one in ("critical", "warning") if records.get(one)), "info")
    issues = [_issue(row) for row in made.issues[:most]]
    return _said(exporter, domain, period, text, level, total, issues, as_text(made)[:_MOST_CHARS])


def _issue(row: Mapping[str, object]) -> Alert:
    names = {"service": row["service"], "component": row["component"], "issue": row["issue_id"], "level": row["level"]}
    notes = {"summary": row["title"] or "", "cause": row["cause"] or "", "suggestion": row["suggestion"] or ""}
    return Alert("", "digest", _texts(names), _texts(notes), count=int(str(row["events"] or 0)))


def _texts(given: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:1000] for name, value in given.items() if value}


def _counted(number: int, what: str) -> list[str]:
    return [f"{number} {what}{'' if number == 1 else 's'}"] if number else []


def _without(exporter: str, domain: str, period: Period, why: str) -> Notice:
    text = f"REPORT of {domain}, {_span(period)}: could not be made: {visible(why)}"
    return _said(exporter, domain, period, text, "warning", 0, [], "")


def _said(
    exporter: str,
    domain: str,
    period: Period,
    text: str,
    level: str,
    count: int,
    alerts: Sequence[Alert],
    document: str,
) -> Notice:
    group = hashlib.sha256(f"report\0{exporter}\0{domain}".encode()).hexdigest()[:32]
    return Notice(
        group, exporter, period.until // 1_000_000, "", "digest", str(Reason.REPORT), level, period.since, count, {"domain": domain}, alerts,
        text, document=document,
    )  # fmt: skip


def _span(period: Period) -> str:
    first, last = (
        datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%d %H:%M") for at in (period.since, period.until)
    )
    return f"{first} to {last} UTC"
