"""What a query says: a tree of these. Whatever a user wrote is a value in it, never a name of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.query.fields import Field


@dataclass(frozen=True, slots=True)
class Equal:
    """The text itself; of attributes also the number and the boolean that it spells."""

    text: str
    number: int | float | None = None
    boolean: bool | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """A text that starts so, ends so, and holds this; what is empty is anything."""

    starts: str = ""
    ends: str = ""
    holds: str = ""


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds; None = no bound. The bounds belong to it where `…_in` says so."""

    low: int | float | None = None
    high: int | float | None = None
    low_in: bool = True
    high_in: bool = True


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these names; of levels."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value, whichever."""


Condition = Equal | Like | Between | OneOf | Present


@dataclass(frozen=True, slots=True)
class Everything:
    """Any record."""

    depth: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """The body holds this, whatever the case of ASCII letters."""

    needle: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Test:
    """A field meets one of the conditions. What has no such field meets none."""

    field: Field
    any_of: Sequence[Condition]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """All other records."""

    term: Node
    depth: int


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    terms: Sequence[Node]
    depth: int


@dataclass(frozen=True, slots=True)
class Or:
    """One of them."""

    terms: Sequence[Node]
    depth: int


Node = Everything | Text | Test | Not | And | Or


def terms_of(node: Node) -> int:
    """How many conditions there are in it."""
    match node:
        case And(terms, _) | Or(terms, _):
            return sum(map(terms_of, terms))
        case Not(term, _):
            return terms_of(term)
        case Test(_, any_of):
            return len(any_of)
        case _:
            return 1
