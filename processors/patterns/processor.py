"""The behaviour of `patterns`: each record's pattern, by its bare line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, of_answers
from collector.columns.memo import Memo
from collector.component import Context, Work
from collector.explanation import Explanation
from collector.ottl.columns import Reader
from collector.ottl.paths import LINE, TEXT, Source, Table
from processors.patterns import masks
from processors.patterns.config import PatternsConfig

ID = "logboom.pattern.id"
TEMPLATE = "logboom.pattern.template"
_LINE = Source(Table.FIELD, LINE)


class Pattern(NamedTuple):
    """What a text belongs to."""

    id: str
    template: str


class Patterns:
    """Sets `logboom.pattern.id` and `.template`; records are neither dropped nor reordered. What says nothing has no pattern."""

    def __init__(self, config: PatternsConfig, context: Context) -> None:
        self._context = context
        self._config = config
        self._known: Memo[str, Pattern | None] = Memo(_recognised, size=1 << 14)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - the contract's
        """The batch with its patterns."""
        if not len(batch):
            return batch
        lines = Reader(batch, [_LINE]).coded(_LINE, TEXT)
        found = self._known(lines.values.to_pylist())
        columns = {ID: _column(lines, [pattern and pattern.id for pattern in found])}
        if self._config.template:
            columns[TEMPLATE] = _column(lines, [pattern and pattern.template for pattern in found])
        return batch.with_attributes(columns)

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """The pattern of a batch of one record."""
        lines = Reader(batch, [_LINE]).coded(_LINE, TEXT)
        found = self._known(lines.values.to_pylist())
        return [
            Explanation(ID, pattern.id, "masked text", decides=True, details={"template": pattern.template})
            for pattern in found
            if pattern is not None
        ]


def _column(lines: Coded, answers: Sequence[str | None]) -> pl.Series:
    return of_answers(lines.codes, answers).column()


def _recognised(texts: list[str]) -> list[Pattern | None]:
    """The pattern of each text; texts with the same key are masked once."""
    first = pl.Series(texts, dtype=pl.String).str.strip_chars().str.extract(r"^([^\r\n]*)")
    keys = masks.keys(first)
    distinct = keys.unique(maintain_order=True)
    templates = masks.masked(distinct).to_list()
    patterns = {
        key: Pattern(masks.pattern_id(template), template) if template else None
        for key, template in zip(distinct.to_list(), templates, strict=True)
    }
    return [patterns[key] for key in keys.to_list()]
