"""What is asked of a batch, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from collector.ottl.paths import Source
from collector.ottl.together.ternary import Mask, Ternary
from collector.ottl.values import Predicate


@dataclass(frozen=True, slots=True)
class Term:
    """One distinct term of the rules. `reads`: the parts of each source; `pattern`: of an `IsMatch` on a path."""

    index: int
    predicate: Predicate
    reads: Mapping[Source, Sequence[str]]
    pattern: str | None

    @property
    def column(self) -> str:
        """The name under which rules read its answer."""
        return f"term:{self.index}"

    @property
    def source(self) -> Source | None:
        """The only source that it reads, or None."""
        return next(iter(self.reads)) if len(self.reads) == 1 else None


@dataclass(slots=True)
class Answers:
    """What the terms answered for one batch. Terms that are not in `found` are false for every record."""

    height: int
    found: dict[int, Ternary] = field(default_factory=dict)

    def of(self, term: int) -> Ternary:
        """The answer of a term."""
        return self.found.get(term) or Ternary(np.zeros(self.height, dtype=np.bool_))

    def any_of(self, terms: frozenset[int]) -> Mask:
        """Where at least one of the terms is true."""
        masks = [self.found[term].true for term in terms if term in self.found]
        any_true: Mask = np.logical_or.reduce(masks) if masks else np.zeros(self.height, dtype=np.bool_)
        return any_true


Gate = frozenset[frozenset[int]]
"""Clauses of a rule: where all terms of a clause are false, the rule is false whatever its other terms answer."""
