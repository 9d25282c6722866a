"""Why, at once: what an issue is concentrated in, by counts of what all records of its service came from lately; and where to look.

The counts are kept by service and environment (`collector.causes.recent`): a step writes those of the services that it saw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.causes.cause import Cause
from collector.causes.onset import Window
from collector.causes.recent import Recent
from collector.causes.suggestion import SURE, Known, suggest
from collector.component import State, Work
from collector.control.deployment import Deployment
from processors.issues import deployments
from processors.issues.issue import Issue

_FRONT = b"recent/"
_YOUNG_NS = 60 * 60 * 10**9
_LONGEST = 500
_ENVIRONMENT = "deployment.environment.name"
_KEYS = ("service.name", "service.version", "host.name", _ENVIRONMENT, "deployment.environment")
_FEW_ATTRIBUTES = 4096
_FEW = 16
_MOST_RESOURCES = 256
"""Of a batch; with more of them nobody asks what an issue is concentrated in."""


def look(batch: LogBatch, work: Work) -> None:
    """Count what the sent records of a batch came from, and tell of deployments that show in them."""
    by_domain: defaultdict[str, defaultdict[bytes, list[_From]]] = defaultdict(lambda: defaultdict(list))
    for one in _counted(batch):
        by_domain[one.domain][_name(one.service, one.environment)].append(one)
    news: list[deployments.Told | None] = []
    for domain, services in by_domain.items():
        state = work.state(domain)
        known = state.get_many(services)
        for name, rows in services.items():
            recent = Recent.decoded(known.get(name))
            for one in rows:
                at = one.at or work.now_unix_nano
                if recent.add(one.version, one.host, one.records, at):
                    news.append(_new(one, at))
            state.put(name, recent.encoded())
    said = deployments.said(batch)
    for told in said:
        for environment in {told.deployment.environment, "" if told.guessed else told.deployment.environment}:
            _mark(told.deployment, environment, told.deployment.time_unix_nano, work.state(told.domain))
    deployments.emit([*(told for told in news if told is not None), *said], work)


def _new(one: _From, at: int) -> deployments.Told | None:
    return deployments.seen(one.row, one.domain, one.service, one.version, one.environment, at)


def marked(deployment: Deployment, at: int, state: State) -> None:
    """Somebody said that a version runs from `at` on."""
    _mark(deployment, deployment.environment, at, state)


def _mark(deployment: Deployment, environment: str, at: int, state: State) -> None:
    name = _name(deployment.service, environment)
    recent = Recent.decoded(state.get(name))
    recent.mark(deployment.version, at)
    state.put(name, recent.encoded())


def explain(issue: Issue, text: str, state: State) -> None:
    """Set what probably caused a young issue, or one that comes again, and where to look. What was said before stays where nothing is known."""
    recent = Recent.decoded(state.get(_name(issue.service, issue.environment)))
    young = issue.last_seen - issue.first_seen <= _YOUNG_NS
    began = issue.first_seen if young else issue.state_at
    findings = recent.findings(issue.service, issue.environment, began, issue.versions, issue.hosts) if young else []
    findings.sort(key=lambda one: -one.confidence)
    if findings:
        issue.cause = findings[0].sentence[:_LONGEST] if findings[0].confidence >= SURE else issue.cause
    texts = [text] if text else [str(sample[2]) for sample in issue.samples]
    cause = Cause(Window(began, issue.last_seen), findings=findings)
    places = suggest(Known(issue.service, [f"{issue.type}: {issue.title}\n{one}" for one in texts]), cause)
    if places and places[0].confidence >= SURE:
        issue.suggestion = places[0].sentence[:_LONGEST]


def versions(issue: Issue, state: State) -> list[str]:
    """Those that are known of an issue's service, whether they had it or not."""
    recent = Recent.decoded(state.get(_name(issue.service, issue.environment)))
    return sorted({*issue.versions, *recent.since})


def _name(service: str, environment: str) -> bytes:
    return _FRONT + xxhash.xxh3_64_hexdigest(f"{service}\0{environment}".encode("utf-8", "surrogatepass")).encode()


class _From(NamedTuple):
    """What came from one resource: `row` is the position of the first record, `at` when it was received (0: not known)."""

    domain: str
    service: str
    environment: str
    version: str
    host: str
    records: int
    at: int
    row: int


def _at(column: pl.Series, rows: list[Any]) -> list[Any]:
    """Values of some rows: a look at each of few costs less than an expression."""
    if len(rows) > _FEW:
        return column.gather(rows).to_list()
    return [None if row is None else column[row] for row in rows]


def _counted(batch: LogBatch) -> list[_From]:
    """Of each resource, those with the most records."""
    resource = batch.column("resource").to_numpy()
    rows = np.arange(len(resource))
    if (generation := batch.generation) is not None:
        rows = np.flatnonzero((generation == 0).to_numpy())
    places, first, records = np.unique(resource[rows], return_index=True, return_counts=True)
    if len(places) > _MOST_RESOURCES:
        most = np.sort(np.argsort(-records, kind="stable")[:_MOST_RESOURCES])
        places, first, records = places[most], first[most], records[most]
    said = _Resources(batch, places.tolist())
    at_first = rows[first].tolist()
    domains, payloads = (_at(batch.column(name), at_first) for name in ("domain", "payload"))
    received = _at(batch.payloads.get_column("received_unix_ms"), payloads)
    own = [""] * len(places)
    if _ENVIRONMENT in batch.derived.columns:
        own = _at(batch.derived.get_column(_ENVIRONMENT), at_first)
    found = []
    for place, n in enumerate(records.tolist()):
        if service := said.of("service.name", place):
            environment = own[place] or said.environment(place)
            version, host = said.of("service.version", place), said.of("host.name", place)
            at = (received[place] or 0) * 1_000_000
            found.append(_From(domains[place] or "", service, environment, version, host, n, at, at_first[place]))
    return found


class _Resources:
    """What some resources of a batch say of where they are."""

    def __init__(self, batch: LogBatch, places: Sequence[int]) -> None:
        table = batch.resource_attributes
        if table.height > _FEW_ATTRIBUTES:
            table = table.filter(pl.col("key").is_in(_KEYS) & pl.col("owner").is_in(places))
        self._at = {place: at for at, place in enumerate(places)}
        self._said: dict[tuple[str, int], str] = {}
        columns = (table.get_column(name).to_list() for name in ("owner", "key", "string"))
        for owner, key, value in zip(*columns, strict=True):
            if value and key in _KEYS and owner in self._at:
                self._said.setdefault((key, self._at[owner]), value)

    def of(self, key: str, place: int) -> str:
        """Empty: nothing."""
        return self._said.get((key, place), "")

    def environment(self, place: int) -> str:
        """By the new name, else by the old one."""
        return self.of(_ENVIRONMENT, place) or self.of("deployment.environment", place)
