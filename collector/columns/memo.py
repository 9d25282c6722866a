"""Answers kept for values that come again: most values of a batch of logs were in the batch before.

Two generations bound the memory: when the young one is full it becomes the old one, and what is asked for again is
carried over. So at most twice `size` answers are kept, and a burst of values seen once pushes the others out only after
they were not asked for during a whole generation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

V = TypeVar("V")
A = TypeVar("A")
MANY = 1024
"""Distinct values in one question so many that they are likely to be new: they are answered without a look into the memory."""
LONGEST = 1024
"""Characters of a value that is kept; longer ones are answered each time."""


class Memo(Generic[V, A]):
    """A function over many values at once, asked only for those it was not asked for lately.

    Args:
        answer_all: values → one answer for each.
        size: answers in one generation.
    """

    def __init__(self, answer_all: Callable[[list[V]], Sequence[A]], size: int = 4096) -> None:
        self._answer_all = answer_all
        self._size = size
        self._young: dict[V, A] = {}
        self._old: dict[V, A] = {}

    def __call__(self, values: Sequence[V]) -> list[A]:
        """One answer for each value."""
        if len(values) > MANY:
            return self._of_many(values)
        young = self._young
        missing = [value for value in values if value not in young]
        if not missing:
            return [young[value] for value in values]
        fresh = self._learn(missing)
        return [fresh[value] if value in fresh else young[value] for value in values]

    def _of_many(self, values: Sequence[V]) -> list[A]:
        distinct = list(dict.fromkeys(values))
        if len(distinct) == len(values):
            return list(self._answer_all(distinct))
        answers = dict(zip(distinct, self(distinct), strict=True))
        return [answers[value] for value in values]

    def _learn(self, missing: list[V]) -> dict[V, A]:
        old = self._old
        fresh = {value: old[value] for value in missing if value in old}
        unknown = [value for value in missing if value not in fresh] if fresh else missing
        if unknown:
            fresh.update(zip(unknown, self._answer_all(unknown), strict=True))
        kept = {value: answer for value, answer in fresh.items() if _short(value)}
        if len(self._young) + len(kept) > self._size:
            self._old, self._young = self._young, {}
        self._young.update(kept)
        return fresh


def each(answer: Callable[[V], A], size: int = 4096) -> Memo[V, A]:
    """A memo of a function of one value."""
    return Memo(lambda values: [answer(value) for value in values], size)


def _short(value: Any) -> bool:
    return not isinstance(value, str | bytes) or len(value) <= LONGEST
