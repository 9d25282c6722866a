"""The terms of all rules, evaluated together over distinct values.

A term is a comparison or a converter inside a condition. Most terms read one source (the body, one attribute, the
severity); such a term has one answer for each distinct value of its source, so the values of a batch are first made
distinct, and resources and scopes are looked at where they stand: once each, not once a record. A regular expression
on text is only shown the values that hold one of its `needles`. Terms over several sources are evaluated as they are.

A rule then combines columns of booleans, and a rule is skipped when a term that it needs answered nowhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from collector.ottl import syntax
from collector.ottl.columns import Reader
from collector.ottl.paths import TEXT, Source, needed, part_type
from collector.ottl.values import Predicate
from processors.triage.needles import needles
from processors.triage.scan import Rows, WordScan
from processors.triage.ternary import Mask, Ternary, from_series

NARROW = 0.6
"""A gate is used when it shuts out more than the rest of the records."""
FEW = 256
"""Rows so few that a call costs more than a match."""
_SEED = secrets.randbits(63)


@dataclass(frozen=True, slots=True)
class Term:
    """One distinct term of the rules. `source`: the only one it reads, or None. `parts`: what it reads of it."""

    index: int
    predicate: Predicate
    reads: Mapping[Source, Sequence[str]]
    needles: frozenset[str] | None

    @property
    def column(self) -> str:
        """The name under which rules read its answer."""
        return f"term:{self.index}"

    @property
    def source(self) -> Source | None:
        return next(iter(self.reads)) if len(self.reads) == 1 else None


class Terms:
    """Collects the terms while rules are compiled; `substitute` is handed to the compiler."""

    def __init__(self) -> None:
        self.found: dict[syntax.Node, Term] = {}

    def substitute(self, node: syntax.Node, predicate: Predicate, sources: frozenset[Source]) -> Predicate:
        """A column in the place of the term."""
        if node not in self.found:
            reads = needed(predicate.expression.meta.root_names(), sources)
            words = _needles_of(node) if len(reads) == 1 else None
            self.found[node] = Term(len(self.found), predicate, reads, words)
        term = self.found[node]
        return Predicate(pl.col(term.column), term.predicate.fallible)


def _needles_of(node: syntax.Node) -> frozenset[str] | None:
    match node:
        case syntax.Call("IsMatch", (syntax.Path(), syntax.Literal(str() as pattern)), (), ()):
            return needles(pattern)
        case _:
            return None


@dataclass(slots=True)
class Answers:
    """What the terms answered for one batch. `dead` terms are false for every record."""

    height: int
    found: dict[int, Ternary] = field(default_factory=dict)
    _masks: dict[frozenset[int], Mask] = field(default_factory=dict)

    def dead(self, term: int) -> bool:
        return term not in self.found

    def of(self, term: int) -> Ternary:
        """The answer of a term."""
        return self.found.get(term) or Ternary(np.zeros(self.height, dtype=np.bool_))

    def any_of(self, terms: frozenset[int]) -> Mask:
        """Where at least one of the terms is true."""
        if terms not in self._masks:
            masks = [self.found[term].true for term in terms if term in self.found]
            self._masks[terms] = np.logical_or.reduce(masks) if masks else np.zeros(self.height, dtype=np.bool_)
        return self._masks[terms]


Gate = frozenset[frozenset[int]]
"""Clauses of a rule: where all terms of a clause are false, the rule is false whatever its other terms answer."""


class Evaluator:
    """Evaluates a fixed set of terms over batches.

    Args:
        terms: all terms of all rules.
        gates: for a term, the gates of the rules that use it; it is only evaluated where one of them is open. A gate
            holds terms of other sources that are cheap to answer, above all the severity.
    """

    def __init__(self, terms: Sequence[Term], gates: Mapping[int, frozenset[Gate]]) -> None:
        self.sources = sorted({source for term in terms for source in term.reads}, key=str)
        self._wide = [term for term in terms if term.source is None]
        by_source: dict[Source, list[Term]] = {}
        for term in terms:
            if term.source is not None:
                by_source.setdefault(term.source, []).append(term)
        groups = [_Group(source, own, gates) for source, own in by_source.items()]
        self._groups = sorted(groups, key=lambda group: group.scans)  # gates are answered before they are asked

    def evaluate(self, reader: Reader, height: int) -> Answers:
        """The answers for one batch."""
        answers = Answers(height)
        for group in self._groups:
            group.answer(reader, answers)
        for term in self._wide:
            _answer_wide(term, reader, answers)
        return answers


def _answer_wide(term: Term, reader: Reader, answers: Answers) -> None:
    found: list[pl.Series] = [pl.repeat(0, answers.height, dtype=pl.Int8, eager=True).alias("")]
    for source, parts in term.reads.items():
        positions = reader.positions(source)
        frame = reader.frame(source, parts)
        found += (frame if positions is None else frame[positions]).get_columns()
    result = pl.DataFrame(found).with_columns(term.predicate.expression.alias("result")).get_column("result")
    answer = from_series(result)
    if not answer.never:
        answers.found[term.index] = answer


class _Group:
    """The terms of one source."""

    def __init__(self, source: Source, terms: Sequence[Term], gates: Mapping[int, frozenset[Gate]]) -> None:
        self._source = source
        self._parts = sorted({part for term in terms for part in term.reads[source]})
        self._plain = [term for term in terms if term.needles is None]
        self._needled = [term for term in terms if term.needles is not None]
        self._gates = {term.index: gates[term.index] for term in self._needled}
        self._scans: dict[tuple[int, ...], WordScan] = {}
        self._nil = self._without_value(terms)
        self.scans = bool(self._needled)

    def _without_value(self, terms: Sequence[Term]) -> dict[int, bool | None]:
        """The answers where the source is absent, worked out once."""
        frame = pl.DataFrame(
            {self._source.column(part): pl.Series([None], dtype=part_type(part)) for part in self._parts}
        )
        found = {term.index: frame.select(term.predicate.expression).to_series()[0] for term in terms}
        return {index: answer for index, answer in found.items() if answer is not False}

    def answer(self, reader: Reader, answers: Answers) -> None:
        """Put the answers of the group's terms, a row a record, into `answers`."""
        if reader.absent(self._source):
            for index, constant in self._nil.items():
                everywhere = np.ones(answers.height, dtype=np.bool_)
                answers.found[index] = Ternary(everywhere) if constant else Ternary(~everywhere, everywhere)
            return
        frame = reader.frame(self._source, self._parts)
        positions = reader.positions(self._source)
        always, gated, where = self._gated(answers) if positions is None else (self._needled, [], None)
        self._answer_over(frame, positions, self._plain, always, answers)
        if gated and where is not None and where.size:
            self._answer_where(frame, where, gated, answers)

    def _gated(self, answers: Answers) -> tuple[list[Term], list[Term], Rows | None]:
        """The terms to answer everywhere; those to answer in a part of the records; that part."""
        masks = {gates: _open(gates, answers) for gates in set(self._gates.values())}
        narrow = {gates for gates, mask in masks.items() if mask is not None and mask.mean() < NARROW}
        if not narrow:
            return self._needled, [], None
        union = np.logical_or.reduce([mask for gates, mask in masks.items() if gates in narrow and mask is not None])
        gated = [term for term in self._needled if self._gates[term.index] in narrow]
        always = [term for term in self._needled if self._gates[term.index] not in narrow]
        return always, gated, np.flatnonzero(union)

    def _answer_over(
        self,
        frame: pl.DataFrame,
        positions: pl.Series | None,
        plain: Sequence[Term],
        needled: Sequence[Term],
        answers: Answers,
    ) -> None:
        if not plain and not needled:
            return
        distinct, codes = _distinct(frame)
        rows = codes if positions is None else positions.to_numpy().astype(np.intp)
        if codes is not None and positions is not None:
            rows = codes[rows]
        for index, answer in (_evaluate(plain, distinct) | self._scan(needled, distinct)).items():
            if not answer.never:
                answers.found[index] = answer if rows is None else answer.gather(rows)

    def _answer_where(self, frame: pl.DataFrame, where: Rows, terms: Sequence[Term], answers: Answers) -> None:
        distinct, codes = _distinct(frame[where])
        for index, answer in self._scan(terms, distinct).items():
            mask = np.zeros(answers.height, dtype=np.bool_)
            mask[where] = answer.true if codes is None else answer.true[codes]
            answers.found[index] = Ternary(mask)

    def _scan(self, terms: Sequence[Term], distinct: pl.DataFrame) -> dict[int, Ternary]:
        """The answers of expressions that may match; the others are false everywhere."""
        if not terms:
            return {}
        key = tuple(term.index for term in terms)
        if key not in self._scans:
            self._scans[key] = WordScan([term.needles or frozenset() for term in terms])
        text = distinct.get_column(self._source.column(TEXT if TEXT in self._parts else self._parts[0]))
        found = self._scans[key].candidates(text)
        together, alone = _shared(found)
        answers: dict[int, Ternary] = {}
        for positions, rows in [*([(list(together), _union(together))] if together else []), *alone]:
            some = [terms[position] for position in positions]
            results = distinct[rows].select(term.predicate.expression.alias(term.column) for term in some)
            for term, result in zip(some, results.get_columns(), strict=True):
                if result.any():
                    answer = np.zeros(distinct.height, dtype=np.bool_)
                    answer[rows] = from_series(result).true
                    answers[term.index] = Ternary(answer)
        return answers


def _shared(found: Mapping[int, Rows]) -> tuple[dict[int, Rows], list[tuple[list[int], Rows]]]:
    """The expressions whose candidates are much the same rows, to be run in one go; the others one by one."""
    largest = max((rows.size for rows in found.values()), default=0)
    together = {user: rows for user, rows in found.items() if rows.size * 4 >= largest or largest <= FEW}
    alone = [([user], rows) for user, rows in found.items() if user not in together]
    return together, alone


def _union(found: Mapping[int, Rows]) -> Rows:
    every: Rows = np.unique(np.concatenate(list(found.values())))
    return every


def _evaluate(terms: Sequence[Term], distinct: pl.DataFrame) -> dict[int, Ternary]:
    if not terms:
        return {}
    results = distinct.with_columns(term.predicate.expression.alias(term.column) for term in terms)
    return {term.index: from_series(results.get_column(term.column)) for term in terms}


def _open(gates: frozenset[Gate], answers: Answers) -> Mask | None:
    """Where one of the gates is open; None = everywhere."""
    union = np.zeros(answers.height, dtype=np.bool_)
    for gate in gates:
        if not gate:
            return None
        union |= np.logical_and.reduce([answers.any_of(clause) for clause in gate])
    return union


def _distinct(frame: pl.DataFrame) -> tuple[pl.DataFrame, Rows | None]:
    """The distinct rows, and for each row which of them it is; None when there is nothing to gain.

    Rows are told apart by a 64-bit hash with a random seed.
    """
    if frame.height < FEW:
        return frame, None
    _, first, codes = np.unique(frame.hash_rows(seed=_SEED).to_numpy(), return_index=True, return_inverse=True)
    return (frame, None) if len(first) > frame.height * 0.9 else (frame[first], codes)
