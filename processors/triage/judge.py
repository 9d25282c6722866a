"""All rules of a configuration, compiled: a batch → which rule decides each record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.columns.handed import hand_over
from collector.ottl import compile_condition, syntax
from collector.ottl.columns import Reader
from collector.ottl.together.answers import Answers, Gate, Term
from collector.ottl.together.terms import SEVERITY, Evaluator, Terms
from collector.ottl.together.ternary import Mask, combine
from processors.triage.catalogue import Placed, ordered
from processors.triage.config import TriageConfig

Decisions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """`needs`: of each set, at least one term must answer somewhere, else the rule matches nothing."""

    placed: Placed
    tree: syntax.Node
    terms: Sequence[Term]
    needs: Sequence[frozenset[int]]


class Judge:
    """Rules in order; the first that matches decides. `UNDECIDED` where none does. What it remembers are answers about texts, whoever
    sent them."""

    UNDECIDED = -1

    def __init__(self, placed: Sequence[Placed]) -> None:
        terms = Terms()
        self.rules = [_compile(entry, terms) for entry in placed]
        self._index = {node: term.index for node, term in terms.found.items()}
        self._evaluator = Evaluator(list(terms.found.values()), _gates(self.rules))
        self._names_domains = any(entry.domain is not None or entry.except_domains for entry in placed)

    def matches(self, batch: LogBatch) -> list[tuple[int, Mask]]:
        """For each rule that matches anything its position and the records, in the order of the rules."""
        reader = Reader(batch, self._evaluator.sources)
        answers = self._evaluator.evaluate(reader, len(batch))
        hand_over(batch.records, reader.texts())
        alive = frozenset(answers.found)
        live = [(i, rule) for i, rule in enumerate(self.rules) if not any(map(alive.isdisjoint, rule.needs))]
        found = [(i, self._mask(rule, answers)) for i, rule in live]
        return self._in_domains(batch, found) if self._names_domains else found

    def _mask(self, rule: CompiledRule, answers: Answers) -> Mask:
        """Where a rule matches; an error is no match."""
        return combine(rule.tree, lambda node: answers.of(self._index[node]), answers.height).true

    def _in_domains(self, batch: LogBatch, found: list[tuple[int, Mask]]) -> list[tuple[int, Mask]]:
        domains = batch.column("domain")
        limited: list[tuple[int, Mask]] = []
        for position, mask in found:
            placed = self.rules[position].placed
            if placed.domain is not None:
                mask = mask & (domains == placed.domain).fill_null(False).to_numpy()
            if placed.except_domains:
                mask = mask & ~domains.is_in(list(placed.except_domains)).fill_null(False).to_numpy()
            limited.append((position, mask))
        return limited


_judges: WeakValueDictionary[int, _Shared] = WeakValueDictionary()


class _Shared(Judge):
    """Of one configuration, which it holds, so that no other one gets its number."""

    def __init__(self, config: TriageConfig) -> None:
        super().__init__(ordered(config))
        self.config = config


def judge_of(config: TriageConfig) -> Judge:
    """The one judge of a configuration in this process, as long as somebody has it: compiling some 90 rules takes a tenth of a second,
    and each partition has a processor of its own."""
    judge = _judges.get(id(config))
    if judge is None:
        judge = _judges[id(config)] = _Shared(config)
    return judge


def first(found: Sequence[tuple[int, Mask]], height: int) -> Decisions:
    """The position of the rule that decides each record."""
    decided = np.full(height, Judge.UNDECIDED, dtype=np.int32)
    for position, mask in reversed(found):
        decided[mask] = position
    return decided


def _compile(placed: Placed, terms: Terms) -> CompiledRule:
    condition = compile_condition(placed.rule.when, terms.substitute)
    used = set(condition.predicate.expression.meta.root_names())
    own = [term for term in terms.found.values() if term.column in used]
    index = {node: term.index for node, term in terms.found.items()}
    return CompiledRule(placed, condition.tree, own, _needs(condition.tree, index))


def _gates(rules: Sequence[CompiledRule]) -> dict[int, frozenset[Gate]]:
    """For each term the gates of the rules that use it: their clauses that speak of the severity alone."""
    gates: dict[int, set[Gate]] = {}
    for rule in rules:
        cheap = {term.index for term in rule.terms if term.source == SEVERITY}
        gate = frozenset(clause for clause in rule.needs if clause <= cheap)
        for term in rule.terms:
            gates.setdefault(term.index, set()).add(gate)
    return {index: frozenset(found) for index, found in gates.items()}


def _needs(node: syntax.Node, index: dict[syntax.Node, int]) -> list[frozenset[int]]:
    """Clauses of terms without which the condition cannot be true."""
    match node:
        case syntax.And(terms):
            return [clause for term in terms for clause in _needs(term, index)]
        case syntax.Or(terms):
            inner = [_needs(term, index) for term in terms]
            return [frozenset().union(*(min(clauses, key=len) for clauses in inner))] if all(inner) else []
        case syntax.Group(term):
            return _needs(term, index)
        case _ if node in index:
            return [frozenset({index[node]})]
        case _:
            return []
