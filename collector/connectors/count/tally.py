"""How many records of a batch are counted under a name, for each domain and set of attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.connectors.count.config import CountedAttribute, CountedLogs
from collector.ottl import compile_condition

_DOMAIN, _ROW = "domain", "row"


class Counted(NamedTuple):
    """So many records of a domain, the first of them at `row` of the batch. `attributes`: key → value, as text."""

    domain: str
    name: str
    attributes: tuple[tuple[str, str], ...]
    records: int
    row: int


class Tally:
    """One count."""

    def __init__(self, name: str, config: CountedLogs) -> None:
        self._name = name
        self.description = config.description
        self._conditions = [compile_condition(text) for text in config.conditions]
        self._attributes = config.attributes

    def of(self, batch: LogBatch) -> Iterator[Counted]:
        """A row for each group, in the order in which they first appear."""
        keys = [f"a{number}" for number in range(len(self._attributes))]
        values = [_values(batch, attribute).alias(key) for attribute, key in zip(self._attributes, keys, strict=True)]
        domain = batch.column("domain").fill_null("").alias(_DOMAIN)
        frame = pl.DataFrame([domain, *values]).with_row_index(_ROW).filter(self._matches(batch))
        groups = frame.drop_nulls(keys).group_by([_DOMAIN, *keys], maintain_order=True)
        for domain_name, *found, records, row in groups.agg(pl.len(), pl.col(_ROW).first()).iter_rows():
            attributes = zip((attribute.key for attribute in self._attributes), found, strict=True)
            yield Counted(domain_name, self._name, tuple(attributes), records, row)

    def _matches(self, batch: LogBatch) -> pl.Series:
        found = pl.repeat(not self._conditions, len(batch), dtype=pl.Boolean, eager=True)
        for condition in self._conditions:
            found = found | condition.matches(batch)
        return found


def _values(batch: LogBatch, attribute: CountedAttribute) -> pl.Series:
    """The value of each record, as text; null: it has none, and there is no default."""
    key, default = attribute.key, attribute.default_value
    own, resource = batch.attribute_text(key), batch.resource_attribute_text(key)
    scope = batch.scope_attribute(key)
    value = own.zip_with(own.is_not_null(), scope)
    value = value.zip_with(value.is_not_null(), resource)
    return value if default is None else value.fill_null(_text(default))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
