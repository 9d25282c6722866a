"""True, false or an error for each record, as numpy masks, with `and`, `or`, `not` as OTTL evaluates them.

Some 80 rules are combined out of the answers of their terms for each batch; numpy does that in a microsecond a step,
where a call of polars costs fifty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.ottl import syntax

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ternary:
    """`failed`: where evaluating is an error, and `true` is false; None = nowhere."""

    true: Mask
    failed: Mask | None = None

    @property
    def never(self) -> bool:
        """False for every record."""
        return self.failed is None and not self.true.any()

    def __and__(self, other: Ternary) -> Ternary:
        """The right side counts only where the left one is true."""
        failed = None if other.failed is None else self.true & other.failed
        return Ternary(self.true & other.true, _either(self.failed, failed))

    def __or__(self, other: Ternary) -> Ternary:
        """The right side counts only where the left one is false."""
        if self.failed is None:
            failed = None if other.failed is None else ~self.true & other.failed
            return Ternary(self.true | other.true, failed)
        undecided = ~(self.true | self.failed)
        failed = None if other.failed is None else undecided & other.failed
        return Ternary(self.true | (undecided & other.true), _either(self.failed, failed))

    def __invert__(self) -> Ternary:
        """An error stays one."""
        return Ternary(~self.true if self.failed is None else ~(self.true | self.failed), self.failed)

    def gather(self, rows: npt.NDArray[np.intp]) -> Ternary:
        """The answers at `rows`."""
        return Ternary(self.true[rows], None if self.failed is None else self.failed[rows])


def _either(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def from_series(column: pl.Series) -> Ternary:
    """A column of booleans; null is an error."""
    if not column.null_count():
        return Ternary(column.to_numpy())
    return Ternary(column.fill_null(False).to_numpy(), column.is_null().to_numpy())


def combine(node: syntax.Node, answer: Callable[[syntax.Node], Ternary], height: int) -> Ternary:
    """A condition out of the answers of its terms."""
    match node:
        case syntax.And(terms):
            return reduce(and_, (combine(term, answer, height) for term in terms))
        case syntax.Or(terms):
            return reduce(or_, (combine(term, answer, height) for term in terms))
        case syntax.Not(term):
            return ~combine(term, answer, height)
        case syntax.Group(term):
            return combine(term, answer, height)
        case syntax.Literal(value):
            return Ternary(np.full(height, bool(value)))
        case _:
            return answer(node)
