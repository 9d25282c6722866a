"""The nodes of a parsed OTTL text. `at` is the offset in the text, for errors; it does not take part in equality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


def _at() -> int:
    return field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal:
    """nil, a bool, an int (int64), a float, a string or bytes."""

    value: bool | int | float | str | bytes | None
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Name:
    """A bare upper-case name: an enum such as SEVERITY_NUMBER_ERROR, or a function passed as an argument."""

    name: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a path, with the keys behind it: `attributes["a"][0]`."""

    name: str
    keys: tuple[Node, ...] = ()
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Path:
    """`resource.attributes["service.name"]`."""

    fields: tuple[Field, ...]
    at: int = _at()

    @property
    def dotted(self) -> str:
        """The names without the keys."""
        return ".".join(part.name for part in self.fields)


@dataclass(frozen=True, slots=True)
class Call:
    """A converter (upper-case name) or an editor (lower-case name)."""

    name: str
    arguments: tuple[Node, ...] = ()
    named: tuple[tuple[str, Node], ...] = ()
    keys: tuple[Node, ...] = ()
    at: int = _at()

    @property
    def is_editor(self) -> bool:
        """Editors change the record and start with a lower-case letter."""
        return self.name[0].islower()


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[1, "a", nil]`."""

    items: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{"a": 1}`."""

    items: tuple[tuple[str, Node], ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Math:
    """`left + right`; `operator` is one of + - * /."""

    operator: str
    left: Node
    right: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Compare:
    """`left == right`."""

    operator: str
    left: Node
    right: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Not:
    """`not term`."""

    term: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class And:
    """All terms, evaluated from the left."""

    terms: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Or:
    """Any term, evaluated from the left."""

    terms: tuple[Node, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Group:
    """Something in parentheses; kept because `"a"` may be compared and `("a")` may not."""

    inner: Node
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Statement:
    """`editor(…) where condition`."""

    editor: Call
    where: Node | None
    at: int = _at()


Node: TypeAlias = "Literal | Name | Path | Call | ListOf | MapOf | Math | Compare | Not | And | Or | Group"
