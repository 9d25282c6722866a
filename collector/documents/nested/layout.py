"""How the fields of a document are laid out: one value a key, no key both value and object, dotted or nested.

`a` beside `a.b` becomes `a.value`, unless that is there too; a protected key keeps its place and drops what is below
it. The last of several equal keys wins. The result is a list of pieces: text, and slots for values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias, Union

import orjson

Slot: TypeAlias = int
Piece: TypeAlias = str | Slot
"""JSON text, or the number of the column whose value stands there."""
Field: TypeAlias = tuple[str, Piece]
Tree: TypeAlias = dict[str, Union["Tree", Piece]]


def flat(fields: Sequence[Field]) -> list[Piece]:
    """One object with dotted keys, sorted."""
    tree: Tree = dict(sorted(_settled(fields).items()))
    return _merged(_object(tree))


def nested(fields: Sequence[Field], protected: Collection[str] = ()) -> list[Piece]:
    """Objects within objects, one level a dot."""
    tree: Tree = {}
    for key, piece in sorted(_settled(fields, protected).items()):
        *parents, last = key.split(".")
        at = tree
        for name in parents:
            below = at.setdefault(name, {})
            assert isinstance(below, dict), "settled: no key is both"
            at = below
        at[last] = piece
    return _merged(_object(tree))


def _settled(fields: Sequence[Field], protected: Collection[str] = ()) -> dict[str, Piece]:
    latest = dict(fields)
    if protected:
        kept = latest.keys() & set(protected)
        latest = {key: piece for key, piece in latest.items() if not any(parent in kept for parent in _parents(key))}
    objects = {parent for key in latest for parent in _parents(key)}
    settled: dict[str, Piece] = {}
    for key, piece in latest.items():
        free = key
        while free in objects:
            free += ".value"
        if free == key or free not in latest:
            settled[free] = piece
    return settled


def _parents(key: str) -> Iterator[str]:
    at = key.find(".")
    while at >= 0:
        yield key[:at]
        at = key.find(".", at + 1)


def _object(tree: Tree) -> Iterator[Piece]:
    before = "{"
    for key, below in tree.items():
        yield f"{before}{orjson.dumps(key).decode()}:"
        before = ","
        if isinstance(below, dict):
            yield from _object(below)
        else:
            yield below
    yield "}" if tree else "{}"


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Neighbouring texts as one."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged
