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
import numpy.typing as npt
import polars as pl

from collector.ottl import syntax
from collector.ottl.columns import Reader
from collector.ottl.paths import Source, needed
from collector.ottl.values import Predicate
from processors.triage.needles import needles

Rows = npt.NDArray[np.intp]
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
    columns: dict[int, pl.Series] = field(default_factory=dict)

    def dead(self, term: int) -> bool:
        return term not in self.columns

    def frame(self, terms: Sequence[Term]) -> pl.DataFrame:
        """The columns of some terms; a dead one is false."""
        nothing = pl.repeat(False, self.height, dtype=pl.Boolean, eager=True)
        return pl.DataFrame([self.columns.get(term.index, nothing).alias(term.column) for term in terms])


class Evaluator:
    """Evaluates a fixed set of terms over batches."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._sources = sorted({source for term in terms for source in term.reads}, key=str)
        self._groups: dict[Source, _Group] = {}
        self._wide = [term for term in terms if term.source is None]
        by_source: dict[Source, list[Term]] = {}
        for term in terms:
            if term.source is not None:
                by_source.setdefault(term.source, []).append(term)
        for source, own in by_source.items():
            self._groups[source] = _Group(source, own)

    def evaluate(self, reader: Reader, height: int) -> Answers:
        """The answers for one batch."""
        answers = Answers(height)
        for group in self._groups.values():
            group.answer(reader, answers)
        for term in self._wide:
            _answer_wide(term, reader, answers)
        return answers

    @property
    def sources(self) -> Sequence[Source]:
        """All that the terms read."""
        return self._sources


def _answer_wide(term: Term, reader: Reader, answers: Answers) -> None:
    found: list[pl.Series] = [pl.repeat(0, answers.height, dtype=pl.Int8, eager=True).alias("")]
    for source, parts in term.reads.items():
        positions = reader.positions(source)
        frame = reader.frame(source, parts)
        found += (frame if positions is None else frame[positions]).get_columns()
    result = pl.DataFrame(found).with_columns(term.predicate.expression.alias("result")).get_column("result")
    if result.any() or result.null_count():
        answers.columns[term.index] = result


class _Group:
    """The terms of one source."""

    def __init__(self, source: Source, terms: Sequence[Term]) -> None:
        self._source = source
        self._parts = sorted({part for term in terms for part in term.reads[source]})
        self._needled = [term for term in terms if term.needles is not None]
        self._plain = [term for term in terms if term.needles is None]
        words: dict[str, list[int]] = {}
        for position, term in enumerate(self._needled):
            for word in term.needles or ():
                words.setdefault(word, []).append(position)
        self._words = list(words)
        self._terms_of_word = words
        self._nil = self._without_value(terms)

    def _without_value(self, terms: Sequence[Term]) -> dict[int, bool | None]:
        """The answers where the source is absent, worked out once."""
        from collector.ottl.paths import part_type

        frame = pl.DataFrame(
            {self._source.column(part): pl.Series([None], dtype=part_type(part)) for part in self._parts}
        )
        found = {term.index: frame.select(term.predicate.expression).to_series()[0] for term in terms}
        return {index: answer for index, answer in found.items() if answer is not False}

    def answer(self, reader: Reader, answers: Answers) -> None:
        """Put the answers of the group's terms, a row a record, into `answers`."""
        if reader.absent(self._source):
            for index, constant in self._nil.items():
                answers.columns[index] = pl.repeat(constant, answers.height, dtype=pl.Boolean, eager=True)
            return
        frame = reader.frame(self._source, self._parts)
        positions = reader.positions(self._source)
        distinct, codes = _distinct(frame)
        for index, column in self._over(distinct).items():
            if not column.any() and not column.null_count():
                continue
            if codes is not None:
                column = column.gather(codes)
            answers.columns[index] = column if positions is None else column.gather(positions)

    def _over(self, distinct: pl.DataFrame) -> dict[int, pl.Series]:
        expressions = {str(term.index): term.predicate.expression for term in self._plain}
        found: dict[int, pl.Series] = {}
        if expressions:
            plain = distinct.with_columns(**expressions)
            found = {term.index: plain.get_column(str(term.index)) for term in self._plain}
        for term, rows in self._candidates(distinct):
            hits = distinct[rows].select(term.predicate.expression).to_series()
            answer = np.zeros(distinct.height, dtype=np.bool_)
            answer[rows[hits.fill_null(False).to_numpy()]] = True
            found[term.index] = pl.Series(answer)
        return found

    def _candidates(self, distinct: pl.DataFrame) -> list[tuple[Term, Rows]]:
        """The rows that hold a needle of each term; terms without one are left out."""
        if not self._words:
            return []
        text = distinct.get_column(self._source.column("text" if "text" in self._parts else self._parts[0]))
        hits = text.str.extract_many(self._words, ascii_case_insensitive=True, overlapping=True)
        counts = hits.list.len().fill_null(0)
        having = counts.arg_true() if counts.dtype == pl.Boolean else (counts > 0).arg_true()
        if not len(having):
            return []
        exploded = pl.DataFrame({"row": having, "word": hits.gather(having)}).explode("word")
        exploded = exploded.with_columns(pl.col("word").str.to_lowercase()).unique()
        rows_of_term: dict[int, list[Rows]] = {}
        for (word,), rows in exploded.partition_by("word", as_dict=True).items():
            for position in self._terms_of_word[str(word)]:
                rows_of_term.setdefault(position, []).append(rows.get_column("row").to_numpy().astype(np.intp))
        return [
            (self._needled[position], np.unique(np.concatenate(rows)) if len(rows) > 1 else np.sort(rows[0]))
            for position, rows in rows_of_term.items()
        ]


def _distinct(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """The distinct rows, and for each row which of them it is; None when there is nothing to gain.

    Rows are told apart by a 64-bit hash with a random seed.
    """
    if frame.height < 16:
        return frame, None
    hashed = frame.hash_rows(seed=_SEED).to_numpy()
    _, first, codes = np.unique(hashed, return_index=True, return_inverse=True)
    if len(first) > frame.height * 0.9:
        return frame, None
    return frame[first], pl.Series(codes)
