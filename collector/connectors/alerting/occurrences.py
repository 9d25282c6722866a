"""What a batch says of alerts: which sets of labels occur, how often, since when, with which lines. In columns, but for what is
distinct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import nulls
from collector.connectors.alerting import others
from collector.connectors.alerting.responses.instances import instances
from collector.connectors.alerting.routes import ALL, Leaf, Routes
from collector.connectors.alerting.words import LABELS, LEVELS
from collector.shaping.selection import levels

_ATTRIBUTES = {
    "action": "logboom.triage.action", "rule": "logboom.triage.rule", "component": "logboom.component",
    "endpoint": "logboom.endpoint", "error_type": "logboom.error_type", "issue": "logboom.issue.id",
    "environment": "deployment.environment.name", "exporter": "logboom.exporter",
}  # fmt: skip
_KEY = re.compile(r'"([^"]+)"')
_MOST_CHARS = 200
_ROW, _TIME, _INSTANCE = "\0row", "\0time", "\0instance"
_MOST_INSTANCES = 50


class Occurrence(NamedTuple):
    """An alert of a domain, as often as a batch tells it. Times in ns; `row` is where it is told first, `rows` where its lines are; `ends`: when its
    source says that it is over, 0 = it does not say. `instances`: which told
    it just now, where a route has responses ("" = one that does not say which it is)."""

    domain: str
    labels: Mapping[str, str]
    records: int
    first: int
    last: int
    row: int
    rows: Sequence[int]
    ends: int = 0
    instances: Sequence[str] = ()


class Occurrences:
    """Of one configuration. Remembers which routes take which sets of the labels that they ask for.

    Args:
        paths: further labels, and where they stand.
    """

    def __init__(self, routes: Routes, paths: Mapping[str, str], most_samples: int) -> None:
        self._routes = routes
        self._paths = paths
        self._names = [*LABELS, *paths]
        self._samples = max(1, most_samples)
        self._asks_instances = any(leaf.responses for leaf in routes.leaves)
        self._known: dict[tuple[str | None, ...], Sequence[Leaf]] = {}

    def of(self, batch: LogBatch, now: int) -> Iterator[tuple[Leaf, list[Occurrence]]]:
        """For each route that takes something: what it takes. Most records are taken by none: of those only what routes ask is read."""
        asked = self._routes.asked
        told = _shortened([_column(batch, name, self._paths) for name in asked])
        taken: dict[str, tuple[Leaf, list[tuple[str | None, ...]]]] = {}
        for values in told.unique(maintain_order=True).iter_rows():
            for leaf in self._taking(asked, values):
                taken.setdefault(leaf.path, (leaf, []))[1].append(values)
        if not taken:
            return
        told = told.with_row_index(_ROW)
        sets = {
            path: told.join(_frame_of(wanted, asked), on=asked, how="semi", nulls_equal=True)
            for path, (_, wanted) in taken.items()
        }
        rows = pl.concat([mine.get_column(_ROW) for mine in sets.values()]).unique().sort()
        frame = self._frame(batch, rows, now)
        for path, (leaf, _) in taken.items():
            mine = frame.filter(pl.col(_ROW).is_in(sets[path].get_column(_ROW).implode()))
            yield leaf, list(self._grouped(mine, leaf))

    def _taking(self, asked: Sequence[str], values: tuple[str | None, ...]) -> Sequence[Leaf]:
        if values not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            labels = {name: value for name, value in zip(asked, values, strict=True) if value}
            self._known[values] = self._routes.taking(labels)
        return self._known[values]

    def _grouped(self, frame: pl.DataFrame, leaf: Leaf) -> Iterator[Occurrence]:
        """Alerts by all their labels; what is only counted, by those of its groups."""
        names = [*self._names, *((others.LABELS,) if others.LABELS in frame.columns else ())]
        if leaf.digest is not None and leaf.group_by != ALL:
            names = [name for name in names if name in {"domain", "level", *leaf.group_by}]
        aggregated = frame.group_by(names, maintain_order=True).agg(
            pl.len().alias("\0n"), pl.col(_TIME).min().alias("\0first"), pl.col(_TIME).max().alias("\0last"),
            pl.col(_ROW).head(self._samples).alias("\0rows"), (pl.col(others.ENDS).last() if others.ENDS in frame.columns else pl.lit(0)).alias("\0ends"),
            pl.col(_INSTANCE).drop_nulls().unique(maintain_order=True).head(_MOST_INSTANCES).alias("\0instances"),
        )  # fmt: skip
        for *values, count, first, last, rows, ends, who in aggregated.iter_rows():
            labels = {name: value for name, value in zip(names, values, strict=True) if value}
            labels = others.labels(labels.pop(others.LABELS, "")) | labels
            yield Occurrence(labels.get("domain", ""), labels, count, first, last, rows[0], rows, ends or 0, who)

    def _frame(self, batch: LogBatch, rows: pl.Series, now: int) -> pl.DataFrame:
        """Labels, times and positions of some records; and who told them, where a route asks."""
        time = batch.column("time_unix_nano").gather(rows)
        time = time.zip_with(time > 0, batch.column("observed_time_unix_nano").gather(rows)).cast(pl.Int64)
        labels = _shortened([_column(batch, name, self._paths).gather(rows).alias(name) for name in self._names])
        who = (
            instances(batch, rows, now)
            if self._asks_instances
            else pl.repeat(None, len(rows), dtype=pl.String, eager=True)
        )
        return labels.with_columns(
            time.alias(_TIME), rows.alias(_ROW), who.alias(_INSTANCE), *others.columns(batch, rows)
        )


def _column(batch: LogBatch, name: str, paths: Mapping[str, str]) -> pl.Series:
    """A label of each record."""
    if name == "domain":
        found = batch.column("domain")
    elif name == "level":
        found = levels(batch)
    elif name == "service":
        found = batch.resource_attribute_text("service.name")
    elif name in paths:
        key = _KEY.findall(paths[name])[0]
        of_resource = paths[name].startswith("resource")
        found = batch.resource_attribute_text(key) if of_resource else batch.attribute_text(key)
    elif name in _ATTRIBUTES:
        found = batch.attribute_text(_ATTRIBUTES[name])
    else:  # of monitors alone
        found = nulls(name, pl.String(), len(batch))
    return found.alias(name)


def _shortened(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Texts of a bounded length; what is empty is absent."""
    frame = pl.DataFrame(columns, schema_overrides={column.name: pl.String for column in columns})
    return frame.select(pl.when(pl.all() == "").then(None).otherwise(pl.all().str.slice(0, _MOST_CHARS)).name.keep())


def _frame_of(sets: Sequence[tuple[str | None, ...]], names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(sets, schema=dict.fromkeys(names, pl.String), orient="row")


def worst(given: Sequence[str]) -> str:
    """The worst of some levels; `info` of none."""
    return max((one for one in given if one in LEVELS), key=LEVELS.index, default="info")
