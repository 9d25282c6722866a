"""A configuration as a tree of values that remember where they were written.

Places survive merging and expansion, so that every later complaint can point at the very key. `origin` says that a
value came from outside the files (`env:NAME`, `file:PATH`): such values are never shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where something was written; line and column count from 1, 0 = not in a file."""

    file: str = ""
    line: int = 0
    column: int = 0


def at(place: Place) -> str:
    """` (file:line)`, or nothing."""
    return f" ({place.file}:{place.line})" if place.line else ""


@dataclass(slots=True, eq=False)
class Scalar:
    """A single value; `text` is what was written, kept for options that want it as a string."""

    value: bool | int | float | str | None
    place: Place
    text: str = ""
    origin: str = ""
    quoted: bool = False


@dataclass(slots=True, eq=False)
class Listing:
    """A YAML sequence."""

    items: list[Node]
    place: Place
    text: str = ""
    origin: str = ""


class Entry(NamedTuple):
    """One key of a mapping: where the key stands, and its value."""

    place: Place
    node: Node


@dataclass(slots=True, eq=False)
class Mapping:
    """A YAML mapping with string keys, in the order written."""

    entries: dict[str, Entry] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    text: str = ""
    origin: str = ""


Node = Scalar | Listing | Mapping


class Found(NamedTuple):
    """What a path leads to: how much of it exists, the node there, and the place of its key."""

    path: tuple[str | int, ...]
    node: Node
    key_place: Place


def locate(root: Node, path: Sequence[str | int], key_place: Place) -> Found:
    """Follow `path` as far as it exists; parts that name no key (a union's variant) are stepped over."""
    found = Found((), root, key_place)
    for part in path:
        below = _child(found.node, part)
        if below is not None:
            found = Found((*found.path, part), below.node, below.place)
    return found


def _child(node: Node, part: str | int) -> Entry | None:
    if isinstance(node, Mapping):
        return node.entries.get(str(part))
    if isinstance(node, Listing) and isinstance(part, int) and part < len(node.items):
        item = node.items[part]
        return Entry(item.place, item)
    return None


_LEFT_OUT = object()


def plain(node: Node, repaired: dict[int, Any] | None = None) -> Any:
    """Python values of the tree; `repaired` maps `id(node)` to the value to use instead (`LEFT_OUT` = no such key)."""
    repaired = repaired or {}
    if id(node) in repaired:
        return repaired[id(node)]
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain(item, repaired) for item in node.items]
    values = {key: plain(entry.node, repaired) for key, entry in node.entries.items()}
    return {key: value for key, value in values.items() if value is not _LEFT_OUT}


LEFT_OUT = _LEFT_OUT
"""For `plain`: the key is as if it had not been written."""


def scalars(node: Node, key: str = "") -> Iterator[tuple[str, Scalar]]:
    """Every scalar of the tree with the name of the key it stands under."""
    if isinstance(node, Scalar):
        yield key, node
    elif isinstance(node, Listing):
        for item in node.items:
            yield from scalars(item, key)
    else:
        for name, entry in node.entries.items():
            yield from scalars(entry.node, name)


def merge(earlier: Node, later: Node) -> Node:
    """Later wins: mappings merge key by key, lists and scalars are replaced, and a null removes a mapping's content."""
    if not (isinstance(earlier, Mapping) and isinstance(later, Mapping)):
        return later
    entries = dict(earlier.entries)
    for key, entry in later.entries.items():
        if key in entries:
            entry = Entry(entry.place, merge(entries[key].node, entry.node))
        entries[key] = entry
    return Mapping(entries, later.place if later.entries else earlier.place, later.text, later.origin or earlier.origin)
