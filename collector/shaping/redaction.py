"""`redact`: what of the records is hidden before it leaves.

Hidden are values by the name of their attribute (of record, resource or scope) or by their key inside a map, also of a
body, and matches of the patterns in texts. What is neither an attribute nor the body (times, ids, severity, event name,
names of scopes) stays.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.dictionary import encode
from collector.columns.tables import optional_positions
from collector.shaping.config import RedactConfig
from collector.shaping.names import Names
from collector.shaping.patterns import MASK, Patterns
from otlp_wire import rewritten
from otlp_wire.rewriting import Rewriting, Scalar

_HASH_CHARACTERS = 32
_VALUES = ("bool", "int", "double", "bytes", "any")


class Redaction:
    """Hides values; the records stay where they are, and what is hidden is a string."""

    def __init__(self, config: RedactConfig) -> None:
        self._names = Names(config.attributes, ignore_case=True)
        self._patterns = Patterns(config.patterns)
        self._drops = config.action == "drop"
        self._key = config.hash_key.get_secret_value().encode() if config.hash_key and config.action == "hash" else None
        paths = Names([name for name in config.attributes if "." in name or "*" in name.strip("*")], ignore_case=True)
        reached = paths.__contains__ if paths else None
        self._nested = Rewriting(self._names.__contains__, reached, self._hide, self._masked)

    def apply(self, batch: LogBatch) -> LogBatch:
        """The batch without what is hidden."""
        batch = self._derived(batch)
        records = batch.records
        return replace(
            batch,
            records=records.with_columns(
                self._patterns.masked(records.get_column("body")),
                self._rewritten(records.get_column("body_any")),
            ),
            attributes=self._table(batch.attributes),
            resource_attributes=self._table(batch.resource_attributes),
            scope_attributes=self._table(batch.scope_attributes),
        )

    def _derived(self, batch: LogBatch) -> LogBatch:
        columns = batch.derived.columns
        named = [name for name in columns if name in self._names]
        if named and self._drops:
            return self._derived(replace(batch, derived=batch.derived.drop(named)))
        changed = {name: self._hidden(as_text(batch.derived.get_column(name))) for name in named}
        for name in columns:
            if name not in changed and batch.derived.schema[name] == pl.String:
                changed[name] = self._texts(batch.derived.get_column(name))
        return batch.with_attributes(changed) if changed else batch

    def _table(self, table: pl.DataFrame) -> pl.DataFrame:
        named = pl.Series(self._names.rows(table.get_column("key")))
        if self._drops and named.any():
            table = table.filter(~named)
            named = pl.Series(np.zeros(table.height, dtype=np.bool_))
        seen = table.with_columns(
            self._texts(table.get_column("string")),
            self._rewritten(table.get_column("any"), table.get_column("key")),
        )
        return self._overwritten(seen, table, named) if named.any() else seen

    def _overwritten(self, seen: pl.DataFrame, table: pl.DataFrame, named: pl.Series) -> pl.DataFrame:
        """`seen` with the named values of `table` hidden, as strings."""
        rows = named.arg_true()
        kinds = map(as_text, table.select("string", *_VALUES)[rows].get_columns())
        hidden = self._hidden(pl.select(pl.coalesce(pl.lit(kind) for kind in kinds).fill_null("")).to_series())
        at = np.full(table.height, -1, dtype=np.int64)
        at[rows.to_numpy()] = np.arange(len(rows))
        stays = pl.lit(~named)
        return seen.with_columns(
            hidden.gather(optional_positions(at)).zip_with(named, seen.get_column("string")).alias("string"),
            pl.when(stays).then("kind").otherwise(pl.lit(int(ValueKind.STRING), pl.UInt8)).alias("kind"),
            *(pl.when(stays).then(name).alias(name) for name in _VALUES),
        )

    def _texts(self, column: pl.Series) -> pl.Series:
        """Matches masked, once for each distinct value: those of attributes come again and again."""
        if not self._patterns or column.null_count() == len(column):
            return column
        return _per_distinct(column, lambda values: self._patterns.masked(pl.Series(values, dtype=pl.String)))

    def _hidden(self, texts: pl.Series) -> pl.Series:
        """What stands in place of the values with these texts; null stays null."""
        if self._key is None:
            return pl.select(pl.when(pl.lit(texts).is_not_null()).then(pl.lit(MASK)).alias(texts.name)).to_series()
        return _per_distinct(texts, lambda found: pl.Series(map(self._digest, found), dtype=pl.String))

    def _masked(self, _key: str, text: str) -> str:
        return self._patterns.masked_text(text)

    def _hide(self, _key: str, value: Scalar) -> str | None:
        if self._drops:
            return None
        return MASK if self._key is None else self._digest(text_of(value))

    def _digest(self, text: str) -> str:
        assert self._key is not None
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:_HASH_CHARACTERS]

    def _rewritten(self, values: pl.Series, keys: pl.Series | None = None) -> pl.Series:
        """Maps and arrays with what is inside hidden, once for each distinct value of a key."""
        if values.null_count() == len(values):
            return values
        paths = pl.repeat("", len(values), dtype=pl.String, eager=True) if keys is None else keys
        frame = pl.DataFrame([paths.alias("path"), values.alias("value")])
        distinct = frame.drop_nulls("value").unique()
        new = [self._rewritten_value(value, path) for path, value in distinct.rows()]
        made = distinct.with_columns(pl.Series("new", new, dtype=pl.Binary))
        joined = frame.join(made, on=["path", "value"], how="left", maintain_order="left")
        return joined.get_column("new").alias(values.name)

    def _rewritten_value(self, value: bytes, path: str) -> bytes:
        if not self._patterns and not self._names.may_end_in(value):
            return value  # parsing costs ten times as much as looking for a part of the names
        return rewritten(value, path, self._nested)


def _per_distinct(column: pl.Series, answer: Callable[[list[Any]], pl.Series]) -> pl.Series:
    """`answer` of the distinct values of a column, as text at their rows; null stays null."""
    coded = encode(column)
    answers = answer(coded.values.to_pylist())
    return answers.gather(optional_positions(coded.codes.astype(np.int64))).alias(column.name)


def as_text(column: pl.Series) -> pl.Series:
    """`text_of` of a column; null stays null."""
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if column.dtype == pl.Float64:
        return _per_distinct(column, lambda values: pl.Series(map(text_of, values), dtype=pl.String))
    return column.cast(pl.String)


def text_of(value: Any) -> str:
    """Strings as they are, numbers in decimal, `true`, `false`, bytes and serialised values as hex."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.hex() if isinstance(value, bytes) else str(value)
