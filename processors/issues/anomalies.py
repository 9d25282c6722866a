"""What `anomalies` tells becomes an issue of its category, one for each subject, where somebody should look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.documents.facts import happened
from collector.levels import LEVELS
from processors.issues.grouping.fingerprint import Grouping
from processors.issues.issue import Issue
from processors.issues.lifecycle import About, Seen
from processors.issues.traffic import MINUTE

KINDS = "logboom.anomaly.*"
_FRONT = "logboom.anomaly."
_CATEGORIES = ("anomaly", "prediction", "latency")
_ALWAYS = ("prediction", "latency")
"""Categories of which each is an issue: few, and of each of them something will have to be done."""


class Told(NamedTuple):
    """One such event. `row`: its position in the batch. `over`: it tells that something has ended."""

    row: int
    domain: str
    grouping: Grouping
    category: str
    page: bool
    over: bool
    seen: Seen
    said: dict[str, str]

    @property
    def opens(self) -> bool:
        """Whether it is reason enough for an issue; what calls nobody is a line in the issue of its subject, while that is open."""
        return not self.over and (self.page or self.category in _ALWAYS)

    def about(self) -> About:
        """What it says of its issue."""
        said = self.said
        return About(said["logboom.component"], said["service.name"], said["deployment.environment.name"])


def positions(batch: LogBatch) -> list[int]:
    """Of the anomalies in a batch: only what was made is one."""
    generation = batch.generation
    if generation is None:
        return []
    found = (generation > 0) & batch.column("event_name").str.starts_with(_FRONT)
    return found.arg_true().to_list()


def told(batch: LogBatch, rows: list[int]) -> Iterator[Told]:
    """What they say."""
    some = batch.gather(pl.Series(rows, dtype=pl.UInt32))
    keys = ("key", "category", "expected", "seen", "since", "confidence", "over")
    texts = {key: some.attribute_text(f"{_FRONT}{key}").fill_null("").to_list() for key in keys}
    page = some.attribute(f"{_FRONT}page", ValueKind.BOOL).fill_null(False).to_list()
    about = {key: _about(some, key) for key in ("service.name", "deployment.environment.name", "logboom.component")}
    levels = some.attribute("logboom.triage.level").fill_null("").to_list()
    received = some.payloads.get_column("received_unix_ms").gather(some.column("payload")).fill_null(0).to_list()
    times, names, bodies = happened(some).to_list(), some.column("event_name").to_list(), some.column("body").to_list()
    domains, ids = some.column("domain").fill_null("").to_list(), some.column("record_id").to_list()
    for at, row in enumerate(rows):
        said = {key: values[at] for key, values in {**texts, **about}.items()}
        kind, clock = names[at].removeprefix(_FRONT), max(received[at] * 1_000_000, times[at])
        key = said["key"] or f"{said['service.name']} {bodies[at] or ''}"
        level = levels[at] if levels[at] in LEVELS else ("critical" if page[at] else "warning")
        time = min(times[at], clock)
        seen = Seen(
            clock, 1, time, time, time, level, {time // MINUTE: 1}, {}, _one(said["service.name"]),
            environments=_one(said["deployment.environment.name"]), reappeared={"": time}, sample=(ids[at] or "", time, (bodies[at] or "")[:300]),
        )  # fmt: skip
        group = Grouping(
            "anomaly", [kind, key, said["deployment.environment.name"]], (bodies[at] or f"{kind}: {key}")[:200], kind
        )
        category = said["category"] if said["category"] in _CATEGORIES else "anomaly"
        yield Told(row, domains[at], group, category, bool(page[at]), bool(said["over"]), seen, said)


def _about(some: LogBatch, key: str) -> list[str]:
    own = some.attribute_text(key)
    return own.zip_with(own.is_not_null(), some.resource_attribute(key)).fill_null("").to_list()


def _one(value: str) -> dict[str, int]:
    return {value: 1} if value else {}


def describe(issue: Issue, one: Told) -> None:
    """What the newest one says of the issue."""
    issue.category = one.category
    issue.more = {key: one.said[key] for key in ("expected", "seen", "since", "confidence") if one.said[key]}
    if one.page and not issue.locked:
        issue.priority = issue.initial = "high"
