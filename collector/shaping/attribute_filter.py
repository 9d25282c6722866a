"""`attributes`: which attributes leave."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.shaping.config import AttributesConfig
from collector.shaping.names import Mask, Names


class AttributeFilter:
    """Leaves out attributes of records, resources and scopes by their names; records stay where they are."""

    def __init__(self, config: AttributesConfig) -> None:
        self._allow = Names(config.allow)
        self._deny = Names(config.deny)

    def apply(self, batch: LogBatch) -> LogBatch:
        """The batch with the attributes that may leave."""
        names = batch.derived.columns
        kept = [name for name, passes in zip(names, self._pass(names), strict=True) if passes]
        return replace(
            batch,
            attributes=self._filtered(batch.attributes),
            derived=batch.derived.select(kept),
            resource_attributes=self._filtered(batch.resource_attributes),
            scope_attributes=self._filtered(batch.scope_attributes),
        )

    def _filtered(self, table: pl.DataFrame) -> pl.DataFrame:
        coded = encode(table.get_column("key"))
        passes = self._pass([*coded.values.to_pylist(), ""])[coded.codes]  # -1, null, is the last
        return table if passes.all() else table.filter(pl.Series(passes))

    def _pass(self, names: list[str]) -> Mask:
        denied = self._deny.among(names)
        return self._allow.among(names) & ~denied if self._allow else ~denied
