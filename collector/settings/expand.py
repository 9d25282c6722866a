"""`${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:PATH}`, `${yaml:TEXT}` and `$$` in values.

A scalar that is one expression takes the value it names, parsed as YAML, and keeps the text for options that want a
string; inside longer text the expression is replaced by the text. Innermost first, so `${env:${env:WHICH}}` works.
Source: confmap/expand.go of the OpenTelemetry Collector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from pathlib import Path

from collector.errors import Problem
from collector.settings.tree import Entry, Listing, Mapping, Node, Place, Scalar
from collector.settings.yaml_reader import Unreadable, read_yaml

MAX_EXPRESSIONS = 100
"""Expressions in one value."""
MAX_STEPS = 1000
"""Expansions that one value may take, values within values included."""
MAX_NESTING = 50
"""Lists and maps from expressions within lists and maps from expressions."""
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SCHEME = re.compile(r"(?s)([A-Za-z][A-Za-z0-9+.-]+):(.*)")


class _Failed(Exception):
    """An expression that can't be expanded: a sentence and a hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


class Expansion:
    """Expands a tree. `problems` fills up; `failed` holds the places that have no value now, `unset` those of variables that
    do not exist."""

    def __init__(self, environ: MappingABC[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []
        self.unset: dict[Place, str] = {}
        self.failed: set[Place] = set()
        self._steps = 0
        self._nesting = 0

    def expand(self, node: Node) -> Node:
        """The tree with every expression replaced."""
        if isinstance(node, Mapping):
            entries = {key: Entry(entry.place, self.expand(entry.node)) for key, entry in node.entries.items()}
            return Mapping(entries, node.place, node.text, node.origin)
        if isinstance(node, Listing):
            return Listing([self.expand(item) for item in node.items], node.place, node.text, node.origin)
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        if self._nesting == 0:
            self._steps = 0
        try:
            return self._unescaped(self._scalar(node))
        except _Failed as error:
            self._fail(error, node.place)
            return Scalar(None, node.place, "", node.origin)

    def _fail(self, error: _Failed, place: Place) -> None:
        if place in self.failed and self._nesting:
            return  # one value that contains itself fails in many places
        self.failed.add(place)
        self.problems.append(
            Problem(error.message, place.file, place.line, place.column, "config/expansion", error.hint)
        )

    def _scalar(self, node: Scalar) -> Node:
        text, origin, seen = str(node.value), node.origin, 0
        while True:
            expression = innermost(text)
            if expression is None:
                return Scalar(text, node.place, text, origin, node.quoted)
            seen += text.count(expression)
            if seen > MAX_EXPRESSIONS:
                raise _Failed(f"more than {MAX_EXPRESSIONS} expressions in one value")
            found = self._retrieve(expression[2:-1], node.place)
            if text == expression:
                if not isinstance(found, Scalar):
                    return self._below(found)
                if not isinstance(found.value, str):
                    return found
                text = found.value if "${" in found.value else found.text
                if "${" not in text:
                    return Scalar(found.value, node.place, found.text, found.origin)
            else:
                text = text.replace(expression, found.text)
            origin = found.origin or origin

    def _below(self, found: Node) -> Node:
        """A list or map that an expression gave may hold expressions too."""
        if self._nesting == MAX_NESTING:
            raise _Failed("expressions are nested too deeply: a value seems to contain itself")
        self._nesting += 1
        try:
            return self.expand(found)
        finally:
            self._nesting -= 1

    def _unescaped(self, node: Node) -> Node:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            node.value, node.text = node.value.replace("$$", "$"), node.text.replace("$$", "$")
        return node

    def _retrieve(self, uri: str, place: Place) -> Node:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _Failed(f"more than {MAX_STEPS} expansions: a value seems to contain itself")
        match = _SCHEME.fullmatch(uri)
        if match is None or match.group(2).startswith("-"):  # ${NAME} and ${NAME:-default}
            return self._variable(uri, place)
        scheme, rest = match.groups()
        if scheme == "env":
            return self._variable(rest, place)
        if scheme == "file":
            return _parsed(_contents(rest), place, f"file:{rest}")
        if scheme == "yaml":
            return _parsed(rest, place, "")
        raise _Failed(
            f'scheme "{scheme}" is not supported for uri "{scheme}:…"', "use env, file or yaml; $${ is a literal ${"
        )

    def _variable(self, reference: str, place: Place) -> Node:
        name, has_default, default = reference.partition(":-")
        if not _NAME.fullmatch(name):
            hint = f"write $${{{name}}} for a literal ${{{name}}}" if name else "name a variable: ${env:NAME}"
            raise _Failed(f'environment variable "{name}" has invalid name: must match regex ^{_NAME.pattern}$', hint)
        value = self._environ.get(name)
        if value is not None:
            return _parsed(value, place, f"env:{name}")
        if has_default:
            return _parsed(default, place, "")
        self.unset.setdefault(place, name)
        return Scalar(None, place, "", "")


def innermost(text: str) -> str | None:
    """The first `${…}` without another one inside, `$${` aside; None when there is none."""
    start = 0
    while (close := text.find("}", start)) >= 0:
        opening = text.rfind("${", start, close)
        if opening >= 0:
            dollars = len(text[:opening]) - len(text[:opening].rstrip("$"))
            if dollars % 2 == 0:
                return text[opening : close + 1]
        start = close + 1
    return None


def _contents(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise _Failed(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _Failed(f"{path} is not UTF-8 text") from None


def _parsed(text: str, place: Place, origin: str) -> Node:
    """`text` as YAML, or as it is when it is not YAML; the text itself is kept either way."""
    if text == "":
        return Scalar("", place, "", origin)
    try:
        node = read_yaml(text, place.file, origin, at=place)
    except Unreadable:
        return Scalar(text, place, text, origin)
    node.text = text
    return node
