"""The terms of all rules, evaluated together over distinct values.

A term is a comparison or a converter inside a condition. Most terms read one source (the body, one attribute, the
severity); such a term has one answer for each distinct value of its source, and most values come again with the next
batch. So the values of a source are made codes; a distinct value is answered once, by RE2 for all `IsMatch` of the
source together, by polars for the other terms, and remembered; resources and scopes are looked at where they stand.
Terms over several sources are evaluated as they are.

A rule then combines masks, and a rule is skipped when a term that it needs answered nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from collector.ottl import syntax
from collector.ottl.columns import Reader
from collector.ottl.paths import Source, Table, needed
from collector.ottl.together.answers import Answers, Gate, Term
from collector.ottl.together.groups import Matches, PlainTerms
from collector.ottl.together.ternary import from_series
from collector.ottl.values import Predicate

ORDINARY = 9
"""The severity of most records, INFO: expressions that no rule asks of it are run apart, on the other records."""
SEVERITY = Source(Table.FIELD, "severity_number")


class Terms:
    """Collects the terms while rules are compiled; `substitute` is handed to the compiler."""

    def __init__(self) -> None:
        self.found: dict[syntax.Node, Term] = {}

    def substitute(self, node: syntax.Node, predicate: Predicate, sources: frozenset[Source]) -> Predicate:
        """A column in the place of the term."""
        if node not in self.found:
            reads = needed(predicate.expression.meta.root_names(), sources)
            pattern = _pattern_of(node) if len(reads) == 1 else None
            self.found[node] = Term(len(self.found), predicate, reads, pattern)
        term = self.found[node]
        return Predicate(pl.col(term.column), term.predicate.fallible)


def _pattern_of(node: syntax.Node) -> str | None:
    match node:
        case syntax.Call("IsMatch", (syntax.Path(), syntax.Literal(str() as pattern)), (), ()):
            return pattern
        case _:
            return None


class Evaluator:
    """Evaluates a fixed set of terms over batches.

    Args:
        terms: all terms of all rules.
        gates: for a term, the gates of the rules that use it; an expression is only run where one of them is open. A
            gate holds terms of other sources that are cheap to answer, above all the severity.
    """

    def __init__(self, terms: Sequence[Term], gates: Mapping[int, frozenset[Gate]]) -> None:
        self.sources = sorted({source for term in terms for source in term.reads}, key=str)
        self._wide = [term for term in terms if term.source is None]
        by_source: dict[Source, list[Term]] = {}
        for term in terms:
            if term.source is not None:
                by_source.setdefault(term.source, []).append(term)
        self._plain = [PlainTerms(source, plain) for source, own in by_source.items() if (plain := _plain(own))]
        self._matches = [
            Matches(source, *_by_gate(patterns, gates, _true_of_ordinary(terms)))
            for source, own in by_source.items()
            if (patterns := _patterns(own))
        ]

    def evaluate(self, reader: Reader, height: int) -> Answers:
        """The answers for one batch."""
        answers = Answers(height)
        for group in self._plain:
            group.answer(reader, answers)
        for matches in self._matches:
            matches.answer(reader, answers)
        for term in self._wide:
            _answer_wide(term, reader, answers)
        return answers


def _plain(terms: Sequence[Term]) -> list[Term]:
    return [term for term in terms if term.pattern is None]


def _patterns(terms: Sequence[Term]) -> list[Term]:
    return [term for term in terms if term.pattern is not None]


def _true_of_ordinary(terms: Sequence[Term]) -> frozenset[int]:
    """The terms about the severity that are true of `ORDINARY` records."""
    about = [term for term in terms if term.source == SEVERITY]
    if not about:
        return frozenset()
    frame = pl.DataFrame({SEVERITY.column(part): [ORDINARY] for part in about[0].reads[SEVERITY]})
    answers = frame.select(term.predicate.expression.alias(term.column) for term in about).row(0)
    return frozenset(term.index for term, answer in zip(about, answers, strict=True) if answer)


def _by_gate(
    terms: Sequence[Term], gates: Mapping[int, frozenset[Gate]], ordinary: frozenset[int]
) -> tuple[list[Term], list[Term], frozenset[Gate]]:
    """The terms that some rule asks of every record, or of ordinary ones; the others; and the gates of these."""
    everywhere: list[Term] = []
    apart: list[Term] = []
    for term in terms:
        asked = any(all(clause & ordinary for clause in gate) for gate in gates[term.index])
        (everywhere if asked else apart).append(term)
    return everywhere, apart, frozenset(gate for term in apart for gate in gates[term.index])


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
