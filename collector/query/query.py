"""A query, ready to be asked of a store or of batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.query.minutes import on_minutes
from collector.query.parser import parse
from collector.query.sql import Clause, beside_indexes, clause
from collector.query.syntax import Node

if TYPE_CHECKING:
    import polars as pl

    from collector.batch import LogBatch


@dataclass(frozen=True, slots=True)
class Query:
    """Of a text. Raises `QueryError` for what is none."""

    text: str
    node: Node = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "node", parse(self.text))

    def clause(self) -> Clause:
        """A condition on rows of the table `logs`, with its parameters."""
        return clause(self.node)

    def filtering(self) -> Clause:
        """The same, of rows that are walked in an order of their own: no index on what it asks is taken."""
        return clause(self.node, beside_indexes)

    def minutes(self) -> Clause | None:
        """The same on rows of `log_minutes`; None: counts by minute do not know what it asks."""
        return on_minutes(self.node)

    def mask(self, batch: LogBatch) -> pl.Series:
        """Which records of a batch it takes: one bool a record, never null."""
        from collector.query.mask import Mask  # polars, which readers of stores do without

        return Mask(batch).of(self.node)
