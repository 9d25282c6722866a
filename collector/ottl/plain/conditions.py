"""Conditions as trees of terms: each term is asked for itself, and the tree joins the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from collector.ottl import syntax
from collector.ottl.plain.compiling import Expression, term
from collector.ottl.plain.places import Level, Place


@dataclass(frozen=True, slots=True)
class Term:
    """A comparison or a converter."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """`and`: from the left, and what stands behind a no is not asked."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """`or`."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """`not`."""

    test: Test


Test: TypeAlias = "Term | Every | Some | Opposite"


def compile_test(node: syntax.Node, text: str, context: Level) -> Test:
    """Raises `OttlError`."""
    match node:
        case syntax.Or(terms):
            return Some(tuple(compile_test(one, text, context) for one in terms))
        case syntax.And(terms):
            return Every(tuple(compile_test(one, text, context) for one in terms))
        case syntax.Not(one):
            return Opposite(compile_test(one, text, context))
        case syntax.Group(inner):
            return compile_test(inner, text, context)
        case _:
            return Term(term(node, text, context))


def terms_of(test: Test | None) -> list[Expression]:
    """All that it asks."""
    match test:
        case None:
            return []
        case Term(expression):
            return [expression]
        case Opposite(inner):
            return terms_of(inner)
        case Every(tests) | Some(tests):
            return [one for inner in tests for one in terms_of(inner)]


def places_of(test: Test | None) -> set[Place]:
    """All that it reads."""
    return {place for expression in terms_of(test) for place in expression.reads}
