"""Tree → which records of a batch it takes, a column at a time. What SQL finds among the rows of the same records, this finds here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import ValueKind
from collector.documents.facts import said
from collector.query.columns import Values, attribute_values, column, numbers_of
from collector.query.fields import Field, Kind
from collector.query.int64 import int_bounds, is_int64
from collector.query.syntax import (
    And,
    Between,
    Condition,
    Equal,
    Everything,
    Like,
    Node,
    Not,
    OneOf,
    Or,
    Present,
    Test,
    Text,
)

_INT, _DOUBLE, _BOOL = int(ValueKind.INT), int(ValueKind.DOUBLE), int(ValueKind.BOOL)


class Mask:
    """Of one batch: columns are made once, however often they are asked."""

    def __init__(self, batch: LogBatch) -> None:
        self._batch = said(batch)
        self._columns: dict[str, pl.Series] = {}
        self._attributes: dict[tuple[Kind, str], Values] = {}

    def of(self, node: Node) -> pl.Series:
        """One bool a record, never null."""
        match node:
            case Everything():
                return self._all(True)
            case Text(needle):
                return self._text_holds(self._column("body"), needle)
            case Test(field, any_of):
                return reduce(or_, [self._test(field, one) for one in any_of])
            case Not(term, _):
                return ~self.of(term)
            case And(terms, _):
                return self._until(terms, and_, lambda found: not found.any())
            case Or(terms, _):
                return self._until(terms, or_, lambda found: found.all())

    def _until(
        self,
        terms: Sequence[Node],
        join: Callable[[pl.Series, pl.Series], pl.Series],
        done: Callable[[pl.Series], bool],
    ) -> pl.Series:
        found = self.of(terms[0])
        for term in terms[1:]:
            if done(found):
                break
            found = join(found, self.of(term))
        return found

    def _test(self, field: Field, condition: Condition) -> pl.Series:
        if field.kind in (Kind.ATTRIBUTE, Kind.RESOURCE):
            return self._of_attribute(field, condition)
        values = self._column(field.column)
        match condition:
            case Present():
                return values.is_not_null()
            case Equal(text):
                return (values == text).fill_null(False)
            case OneOf(names):
                return values.is_in(names).fill_null(False)
            case Like() if field.kind is Kind.BODY:
                return self._text_holds(values, condition.holds)
            case Like():
                return _like(values, condition)
            case Between():
                return _within(values, *int_bounds(condition))

    def _of_attribute(self, field: Field, condition: Condition) -> pl.Series:
        values = self._values(field)
        match condition:
            case Present():
                return values.kind.is_not_null()
            case Equal():
                return _equal(values, condition)
            case Like():
                return _like(values.text, condition)
            case Between():
                return _between(values, condition)
            case OneOf():
                raise AssertionError(condition)

    def _text_holds(self, values: pl.Series, needle: str) -> pl.Series:
        return values.str.contains_any([needle], ascii_case_insensitive=True).fill_null(False)

    def _column(self, name: str) -> pl.Series:
        if name not in self._columns:
            self._columns[name] = column(self._batch, name)
        return self._columns[name]

    def _values(self, field: Field) -> Values:
        key = (field.kind, field.key)
        if key not in self._attributes:
            self._attributes[key] = attribute_values(self._batch, field)
        return self._attributes[key]

    def _all(self, value: bool) -> pl.Series:
        return pl.repeat(value, len(self._batch), dtype=pl.Boolean, eager=True)


def _like(text: pl.Series, like: Like) -> pl.Series:
    found = [text.is_not_null()]
    if like.starts:
        found.append(text.str.starts_with(like.starts))
    if like.ends:
        found.append(text.str.ends_with(like.ends))
    if like.starts and like.ends:
        found.append(text.str.len_bytes() >= len((like.starts + like.ends).encode()))
    if like.holds:
        found.append(text.str.contains(like.holds, literal=True))
    return reduce(and_, [one.fill_null(False) for one in found])


def _equal(values: Values, equal: Equal) -> pl.Series:
    found = (values.text == equal.text).fill_null(False)
    if equal.boolean is not None:
        found |= (values.boolean == equal.boolean).fill_null(False)
    if equal.number is not None:
        found |= (values.double == float(equal.number)).fill_null(False)
        if is_int64(equal.number):
            found |= (values.integer == int(equal.number)).fill_null(False)
    return found


def _between(values: Values, between: Between) -> pl.Series:
    low, high = int_bounds(between)
    found = _within(numbers_of(values), low, high)
    within = values.double.is_not_null() & values.double.is_finite()
    if between.low is not None:
        within &= values.double >= float(between.low) if between.low_in else values.double > float(between.low)
    if between.high is not None:
        within &= values.double <= float(between.high) if between.high_in else values.double < float(between.high)
    return found | within.fill_null(False)


def _within(numbers: pl.Series, low: int, high: int) -> pl.Series:
    numbers = numbers.cast(pl.Int64)
    return ((numbers >= low) & (numbers <= high)).fill_null(False)
