"""Expressions and conditions over a frame: asked once for each distinct combination of what they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.dictionary import distinct_rows
from collector.ottl import syntax
from collector.ottl.plain import getters
from collector.ottl.plain.compiling import Expression
from collector.ottl.plain.conditions import Every, Opposite, Some, Term, Test
from collector.ottl.plain.kinds import EvaluationError, Time
from collector.ottl.plain.places import Level, Place
from collector.ottl.regex import contains
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners
from collector.ottl.statements.pool import Cells

YES, NO, WRONG = 1, 0, -1
Answers = npt.NDArray[np.int8]
FAILED: Any = object()
FAILURES = (EvaluationError, OverflowError, RecursionError, ValueError, TypeError)
"""What a value may raise that no getter foresaw is an error of that record, too."""


@dataclass(slots=True)
class Errors:
    """How many records had an error, and what the first one said, by text."""

    records: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, records: int, reason: str) -> None:
        """Errors of one statement or condition."""
        if records:
            self.records[text] = self.records.get(text, 0) + records
            self.first.setdefault(text, reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`values[codes[i]]` for the i-th row that was asked; `FAILED` is one of them where evaluating it was an error."""

    codes: npt.NDArray[np.integer]
    values: list[Any]
    reason: str = ""


def evaluate(frame: Frame, level: Level, expression: Expression, rows: Owners) -> Outcome:
    """The values of an expression at some rows of a level."""
    columns = [_cells(frame, level, place, rows) for place in expression.reads]
    if expression.volatile:
        values, reason = _called(
            expression, [[cells.values[code] for code in cells.codes.tolist()] for cells in columns], len(rows)
        )
        return Outcome(np.arange(len(rows)), values, reason)
    if not columns:
        values, reason = _called(expression, [], 1)
        return Outcome(np.zeros(len(rows), dtype=np.intp), values, reason)
    if len(columns) == 1:
        used, inverse = np.unique(columns[0].codes, return_inverse=True)
        values, reason = _called(expression, [[columns[0].values[code] for code in used.tolist()]], len(used))
        return Outcome(inverse, values, reason)
    codes, first = distinct_rows(columns)
    inputs = [[cells.values[code] for code in cells.codes[first].tolist()] for cells in columns]
    values, reason = _called(expression, inputs, len(first))
    return Outcome(codes, values, reason)


def _cells(frame: Frame, level: Level, place: Any, rows: Owners) -> Cells:
    positions = frame.positions(level, place.level)
    return frame.read(place, rows if positions is None else positions[rows])


def _called(expression: Expression, columns: list[list[Any]], height: int) -> tuple[list[Any], str]:
    call, found, reason = expression.call, [], ""
    for inputs in zip(*columns, strict=True) if columns else [()] * height:
        try:
            found.append(call(inputs))
        except FAILURES as error:
            found.append(FAILED)
            reason = reason or str(error)
    return found, reason


_TEXTS = ("body", "severity_text", "event_name", "attributes", "cache")


def _pattern_of(expression: Expression) -> str | None:
    """Of `IsMatch(body, "…")` and `IsMatch(attributes["x"], "…")`: the expression, which runs over all values at once."""
    match expression.node:
        case syntax.Call("IsMatch", (syntax.Path(fields), syntax.Literal(str() as pattern)), (), ()):
            place = expression.reads[0]
            plain = len(fields[-1].keys) == (place.key is not None) and fields[-1].name != "string"
            return pattern if plain and len(expression.reads) == 1 and place.name in _TEXTS else None
    return None


def _equality_of(expression: Expression) -> tuple[str, bool] | None:
    """Of `body == "…"` and `attributes["x"] != "…"`: the text, and the answer where it is that."""
    match expression.node:
        case syntax.Compare("==" | "!=" as operator, syntax.Path(fields), syntax.Literal(str() as text)):
            place = expression.reads[0]
            plain = len(fields[-1].keys) == (place.key is not None) and fields[-1].name != "string"
            return (text, operator == "==") if plain and len(expression.reads) == 1 and place.name in _TEXTS else None
    return None


_KINDS = {
    "time": Time, "observed_time": Time, "time_unix_nano": int, "observed_time_unix_nano": int, "severity_number": int,
}  # fmt: skip
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _comparison_of(expression: Expression) -> tuple[str, int] | None:
    """Of `severity_number < 9` and `time == Time("…", "…")`: the operator and the number."""
    match expression.node:
        case syntax.Compare(operator, syntax.Path(fields)) if len(expression.reads) == 1 and not fields[-1].keys:
            known, kind = expression.against, _KINDS.get(fields[-1].name)
            if isinstance(known, Time) and kind is Time:
                return operator, known.nanoseconds
            if type(known) is int and kind is int:
                return operator, known
    return None


def _compared(numbers: Owners, operator: str, number: int) -> Answers:
    answers: Answers = _OPERATORS[operator](numbers, number).astype(np.int8)
    return answers


def _matching(texts: pl.Series, pattern: str) -> Answers:
    found = pl.DataFrame([texts.alias("text")]).select(contains(pl.col("text"), pattern).fill_null(False))
    return found.to_series().to_numpy().astype(np.int8)


def _equal(texts: pl.Series, text: str, answer: bool) -> Answers:
    found: Answers = ((texts == text).fill_null(False).to_numpy() == answer).astype(np.int8)
    return found


def _equals(cells: Cells, text: str, answer: bool) -> Answers:
    same = np.fromiter((value == text for value in cells.values), np.bool_, len(cells.values))
    answers: Answers = (same == answer).astype(np.int8)[cells.codes]
    return answers


def _matches(cells: Cells, pattern: str) -> Answers:
    texts = pl.DataFrame([pl.Series("text", [getters.text(value) for value in cells.values], dtype=pl.String)])
    found = texts.select(contains(pl.col("text"), pattern).fill_null(False)).to_series().to_numpy()
    answers: Answers = found.astype(np.int8)[cells.codes]
    return answers


class Asking:
    """Asks conditions of a frame.

    Args:
        frame: what is asked.
        level: whose rows.
        errors: where errors are told.
    """

    def __init__(self, frame: Frame, level: Level) -> None:
        self._frame = frame
        self._level = level
        self.reason = ""

    def answers(self, test: Test, rows: Owners) -> Answers:
        """`YES`, `NO` or `WRONG` for each of the rows."""
        match test:
            case Term(expression):
                return self._term(expression, rows)
            case Opposite(inner):
                found = self.answers(inner, rows)
                return np.where(found == WRONG, WRONG, 1 - found).astype(np.int8)
            case Every(tests):
                return self._in_turn(tests, rows, YES)
            case Some(tests):
                return self._in_turn(tests, rows, NO)

    def _in_turn(self, tests: tuple[Test, ...], rows: Owners, goes_on: int) -> Answers:
        """The next one is asked only where all before it said `goes_on`."""
        found = np.full(len(rows), goes_on, dtype=np.int8)
        for test in tests:
            open_ = np.flatnonzero(found == goes_on)
            if not len(open_):
                break
            found[open_] = self.answers(test, rows[open_])
        return found

    def _texts(self, place: Place, rows: Owners) -> pl.Series | None:
        return self._frame.texts(place, rows) if place.level is self._level else None

    def _cells(self, expression: Expression, rows: Owners) -> Cells:
        return _cells(self._frame, self._level, expression.reads[0], rows)

    def _term(self, expression: Expression, rows: Owners) -> Answers:
        if (pattern := _pattern_of(expression)) is not None:
            texts = self._texts(expression.reads[0], rows)
            return _matches(self._cells(expression, rows), pattern) if texts is None else _matching(texts, pattern)
        if (equality := _equality_of(expression)) is not None:
            texts = self._texts(expression.reads[0], rows)
            return _equals(self._cells(expression, rows), *equality) if texts is None else _equal(texts, *equality)
        if (comparison := _comparison_of(expression)) is not None and expression.reads[0].level is self._level:
            numbers = self._frame.numbers(expression.reads[0], rows)
            if numbers is not None:
                return _compared(numbers, *comparison)
        outcome = evaluate(self._frame, self._level, expression, rows)
        self.reason = self.reason or outcome.reason
        of_values = np.array([WRONG if value is FAILED else int(value) for value in outcome.values], dtype=np.int8)
        answers: Answers = of_values[outcome.codes]
        return answers


def answer_of(test: Test, ask: Callable[[Expression], bool]) -> bool:
    """The answer for one row; `ask` gives that of a term, or raises."""
    match test:
        case Term(expression):
            return ask(expression)
        case Opposite(inner):
            return not answer_of(inner, ask)
        case Every(tests):
            return all(answer_of(one, ask) for one in tests)
        case Some(tests):
            return any(answer_of(one, ask) for one in tests)
