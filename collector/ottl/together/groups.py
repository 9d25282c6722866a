"""The terms of one source, answered once for each distinct value that was not seen lately."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from collector.columns.dictionary import Coded, Codes, Rows, distinct_rows
from collector.columns.memo import Memo
from collector.ottl.columns import Reader
from collector.ottl.paths import TEXT, Source, part_type
from collector.ottl.together.answers import Answers, Gate, Term
from collector.ottl.together.expressions import Expressions, Found
from collector.ottl.together.ternary import Mask, Ternary

TRUE, FAILED = 1, 2
_MANY = 4096
"""Distinct values of one batch so many that it is no use to remember them."""

Row = tuple[Any, ...]


class PlainTerms:
    """Comparisons and converters: polars evaluates all of them over the distinct rows of what they read."""

    def __init__(self, source: Source, terms: Sequence[Term]) -> None:
        self._source = source
        self._terms = terms
        self._parts = sorted({part for term in terms for part in term.reads[source]})
        self._schema = {source.column(part): part_type(part) for part in self._parts}
        self._memo: Memo[Row, bytes] = Memo(self._evaluate)
        self._absent = np.frombuffer(self._evaluate([(None,) * len(self._parts)])[0], dtype=np.uint8)

    def answer(self, reader: Reader, answers: Answers) -> None:
        """Put the answers, a row a record, into `answers`."""
        if reader.absent(self._source):
            codes, table = np.zeros(answers.height, dtype=np.int32), self._absent[:, None]
        else:
            codes, table = self._answers(reader)
            positions = reader.positions(self._source)
            codes = codes if positions is None else codes[positions.to_numpy()]
        places = codes.astype(np.intp)  # once, or each look-up below does it
        for term, distinct in zip(self._terms, table, strict=True):
            if distinct.any():
                failed = distinct == FAILED
                answers.found[term.index] = Ternary(
                    (distinct == TRUE)[places], failed[places] if failed.any() else None
                )

    def _answers(self, reader: Reader) -> tuple[Codes, np.ndarray[Any, np.dtype[np.uint8]]]:
        """A code for each row of the source's table, and the answers: a row a term, a column a code."""
        columns = [reader.coded(self._source, part) for part in self._parts]
        told = [place for place, column in enumerate(columns) if len(column.values)]
        if len(told) <= 1:  # a source is of one type nearly always, so its other parts are null
            place = told[0] if told else 0
            values = [*columns[place].values.to_pylist(), None]  # null is where -1 points
            nothing = (None,) * len(columns)
            rows = [(*nothing[:place], value, *nothing[place + 1 :]) for value in values]
            codes = columns[place].codes
        else:
            codes, first = distinct_rows(columns)
            rows = reader.frame(self._source, self._parts)[first].rows()
        found = self._evaluate(rows) if len(rows) > _MANY else self._memo(rows)
        return codes, np.frombuffer(b"".join(found), dtype=np.uint8).reshape(len(rows), -1).T

    def _evaluate(self, rows: list[Row]) -> list[bytes]:
        """For each row a byte a term: false, TRUE or FAILED."""
        frame = pl.DataFrame(rows, schema=self._schema, orient="row")
        results = frame.with_columns(term.predicate.expression.alias(term.column) for term in self._terms)
        columns = [results.get_column(term.column).cast(pl.UInt8).fill_null(FAILED).to_numpy() for term in self._terms]
        table = np.column_stack(columns)
        return [row.tobytes() for row in table]


class Matches:
    """`IsMatch` with the text of one source.

    Args:
        everywhere: terms that are asked of every record.
        apart: terms that are only asked where one of the `gates` is open. A text of such a record is looked through once,
            for both.
    """

    def __init__(
        self, source: Source, everywhere: Sequence[Term], apart: Sequence[Term], gates: frozenset[Gate]
    ) -> None:
        self._source = source
        self._terms = [*everywhere, *apart]
        self._gates = gates
        self._all = Expressions([term.pattern or "" for term in self._terms])
        self._everywhere = Expressions([term.pattern or "" for term in everywhere]) if everywhere and apart else None

    def answer(self, reader: Reader, answers: Answers) -> None:
        """Put the answers, a row a record, into `answers`; an expression that matches nothing has none."""
        if reader.absent(self._source):
            return
        column = reader.coded(self._source, TEXT)
        positions = reader.positions(self._source)
        codes = column.codes if positions is None else column.codes[positions.to_numpy()]
        for position, places in _by_expression(self._found(column, codes, answers)).items():
            distinct = np.zeros(len(column.values) + 1, dtype=np.bool_)
            distinct[places] = True
            answers.found[self._terms[position].index] = Ternary(distinct[codes])

    def _found(self, column: Coded, codes: Codes, answers: Answers) -> Iterator[tuple[int, Found]]:
        """For each text that is asked about its place and the positions of the expressions that match it."""
        used = column.used(codes)
        if not self._gates:
            yield from _matching(self._all, column, used)
            return
        asked = column.used(codes[_open(self._gates, answers)])
        yield from _matching(self._all, column, asked)
        if self._everywhere is not None and asked.size < used.size:
            yield from _matching(self._everywhere, column, np.setdiff1d(used, asked, assume_unique=True))


def _matching(expressions: Expressions, column: Coded, places: Rows) -> Iterable[tuple[int, Found]]:
    if not places.size:
        return ()
    texts = column.values if places.size == len(column.values) else column.values.take(pa.array(places))
    found = expressions.matching(texts.cast(pa.large_binary()).to_pylist())
    return zip(places.tolist(), found, strict=True)


def _by_expression(found: Iterable[tuple[int, Found]]) -> dict[int, list[int]]:
    """Expression → the places of the texts that it matches."""
    texts: dict[int, list[int]] = {}
    for place, matching in found:
        for position in matching:
            texts.setdefault(position, []).append(place)
    return texts


def _open(gates: frozenset[Gate], answers: Answers) -> Mask:
    """Where one of the gates is open."""
    opened = [reduce(np.logical_and, map(answers.any_of, gate)) for gate in gates]
    mask: Mask = reduce(np.logical_or, opened)
    return mask
