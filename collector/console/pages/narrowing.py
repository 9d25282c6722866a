"""A query as a list of conditions that all hold, so that a link can add one, or take one away. What it can't read stays as it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PIECES = re.compile(r'\\.|"(?:\\.|[^"\\])*"|[()]|\s+|.', re.DOTALL)
_PLAIN = re.compile(r"[\w/][\w./@-]*")
_WORDS = frozenset({"OR", "AND", "NOT", "TO"})
_VALUE = re.compile(r'"((?:\\.|[^"\\])*)"|((?:\\.|[^\s()"\\*])+)')


class Narrowing:
    """Of a text that is a query."""

    def __init__(self, text: str) -> None:
        pieces = _pieces(text)
        self._pieces = [f"({text.strip()})"] if "OR" in pieces else _glued(pieces)

    def __str__(self) -> str:
        return " ".join(self._pieces)

    def taken(self, name: str) -> Sequence[str]:
        """The values of a field that are asked for; empty: any."""
        return [value for piece in self._of(name) for value in _values(piece, name)]

    def left_out(self, name: str) -> Sequence[str]:
        """Those that are not to be there."""
        return [value for piece in self._of(f"-{name}") for value in _values(piece, f"-{name}")]

    def beside(self, name: str) -> str:
        """Without what it says of a field."""
        gone = {*self._of(name), *self._of(f"-{name}")}
        return " ".join(piece for piece in self._pieces if piece not in gone)

    def only(self, name: str, value: str) -> str:
        """Of this field this value and no other."""
        return f"{self.beside(name)} {name}:{written(value)}".strip()

    def toggled(self, name: str, value: str) -> str:
        """This value, too; or no longer."""
        taken = [each for each in self.taken(name) if each != value]
        if len(taken) == len(self.taken(name)):
            taken.append(value)
        return self._with(name, taken, [each for each in self.left_out(name) if each != value])

    def without(self, name: str, value: str) -> str:
        """Not this value; or no matter."""
        out = [each for each in self.left_out(name) if each != value]
        if len(out) == len(self.left_out(name)):
            out.append(value)
        return self._with(name, [each for each in self.taken(name) if each != value], out)

    def _of(self, start: str) -> list[str]:
        return [piece for piece in self._pieces if piece.startswith(f"{start}:") and _values(piece, start)]

    def _with(self, name: str, taken: Sequence[str], left_out: Sequence[str]) -> str:
        said = [self.beside(name)]
        if taken:
            values = [written(each) for each in taken]
            said.append(f"{name}:{values[0]}" if len(values) == 1 else f"{name}:({' OR '.join(values)})")
        said += [f"-{name}:{written(each)}" for each in left_out]
        return " ".join(each for each in said if each)


def written(value: str) -> str:
    """A value as it stands behind a name: in quotes where it has to."""
    if _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def named(key: str, prefix: str) -> str:
    """The name of an attribute (`@`) or a resource attribute (`resource.`) in a query; empty: it can't be written."""
    if prefix == "@" and '"' not in key:
        return f"@{key}" if re.fullmatch(r'[^\s:"()\[\]]+', key) else f'@"{key}"'
    return f"{prefix}{key}" if prefix != "@" and re.fullmatch(r"[\w./-]+", key) else ""


def _pieces(text: str) -> list[str]:
    """What stands between spaces outside of parentheses and quotes."""
    found, depth = [""], 0
    for match in _PIECES.finditer(text):
        mark = match.group()
        depth += (mark == "(") - (mark == ")")
        if mark.isspace() and not depth:
            found.append("")
        else:
            found[-1] += mark
    return [each for each in found if each]


def _glued(pieces: Sequence[str]) -> list[str]:
    """`NOT x` is one; `AND` says nothing more."""
    found: list[str] = []
    for piece in pieces:
        if found and found[-1].split()[-1] == "NOT":
            found[-1] += f" {piece}"
        elif piece != "AND":
            found.append(piece)
    return found


def _values(piece: str, name: str) -> list[str]:
    """Of `name:value` and `name:(one OR other)`; nothing for whatever else stands there: a range, a star, a comparison."""
    text = piece.removeprefix(f"{name}:")
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    if text[:1] in (">", "<", "["):
        return []
    parts = re.split(r"\s+OR\s+", inner.strip()) if text.startswith("(") else [inner]
    found = [_VALUE.fullmatch(each) for each in parts]
    if not all(found):
        return []
    return [re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2]) for match in found if match]
