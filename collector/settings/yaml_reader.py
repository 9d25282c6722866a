"""YAML text → a tree of values with places.

Reads what the OpenTelemetry Collector's YAML library reads: `yes`, `on` and dates are strings, `0755` is octal,
anchors and `<<` merge keys work, and a key written twice is an error.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from collector.errors import Problem
from collector.settings.tree import Entry, Listing, Mapping, Node, Place, Scalar
from collector.settings.yaml_mistakes import in_plain_words

MAX_NODES = 100_000
"""The most values that one source may hold once its anchors are written out."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader that resolves plain scalars by YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


_NAMES = re.compile(r"(undefined alias|undefined tag handle) .*")
_CORE_SCHEMA = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$"), list("-+0123456789")),
    (
        "float",
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+0123456789."),
    ),
    ("merge", re.compile(r"^<<$"), ["<"]),
)
for _name, _pattern, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)


class Unreadable(Exception):
    """The text is no configuration; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


def read_yaml(text: str, file: str, origin: str = "", at: Place | None = None) -> Node:
    """The tree of `text`. `at` is the place of every value when the text itself stands inside another value.

    Raises:
        Unreadable: not YAML, a key twice, a key that is no string, or over `MAX_NODES` values.
    """
    reader = _Reader(file, origin, at)
    try:
        root = yaml.compose(text, Loader=_Loader)
        node = reader.node(root) if root is not None else Scalar(None, reader.place(1, 1), "", origin)
    except yaml.MarkedYAMLError as error:
        raise Unreadable([reader.syntax(error)]) from None
    except yaml.YAMLError as error:
        raise Unreadable([reader.problem(f"is not YAML: {error}".split("\n")[0], 1, 1, "config/syntax")]) from None
    except RecursionError:
        raise Unreadable([reader.problem("is nested too deeply", 1, 1, "config/too-large")]) from None
    if reader.problems:
        raise Unreadable(reader.problems)
    return node


class _Reader:
    def __init__(self, file: str, origin: str, at: Place | None) -> None:
        self.file, self.origin, self.at = file, origin, at
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._nodes = 0

    def place(self, line: int, column: int) -> Place:
        return self.at or Place(self.file, line, column)

    def problem(self, message: str, line: int, column: int, code: str, hint: str = "") -> Problem:
        place = self.place(line, column)
        return Problem(message, place.file, place.line, place.column, code, hint)

    def syntax(self, error: yaml.MarkedYAMLError) -> Problem:
        unclosed = "end of stream" in str(error.problem)  # where it began tells more than the end of the file
        mark = (unclosed and error.context_mark) or error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = _NAMES.sub(r"\1", str(error.problem))  # the name may be a piece of a password that lacks its quotes
        sentence, hint = in_plain_words(said)
        return self.problem(sentence, line, column, "config/syntax", hint)

    def node(self, node: yaml.Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES or id(node) in self._open:
            raise yaml.composer.ComposerError(
                None, None, f"an anchor contains itself or there are more than {MAX_NODES} values", node.start_mark
            )
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node)
            if isinstance(node, yaml.SequenceNode):
                return Listing([self.node(item) for item in node.value], self._start(node), origin=self.origin)
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _start(self, node: yaml.Node) -> Place:
        return self.place(node.start_mark.line + 1, node.start_mark.column + 1)

    def _scalar(self, node: yaml.Node) -> Scalar:
        kind = node.tag.rpartition(":")[2]
        value: Any = node.value
        if kind in _CONVERT:
            value = _CONVERT[kind](node.value)
        quoted = getattr(node, "style", None) is not None
        return Scalar(value, self._start(node), node.value, self.origin, quoted)

    def _mapping(self, node: yaml.MappingNode) -> Mapping:
        entries: dict[str, Entry] = {}
        inherited: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            place = self._start(key_node)
            value = self.node(value_node)
            if key_node.tag.endswith(":merge"):
                for key, entry in _merged(value).items():
                    inherited.setdefault(key, entry)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse("a key must be a single word, not a list or a mapping", place, "config/syntax")
                continue
            if key_node.value in entries:
                first = entries[key_node.value].place.line
                self._refuse(
                    f'"{key_node.value}" is written twice (first on line {first})', place, "config/duplicate-key"
                )
            entries[key_node.value] = Entry(place, value)
        return Mapping({**inherited, **entries}, self._start(node), origin=self.origin)

    def _refuse(self, message: str, place: Place, code: str) -> None:
        hint = "join the two, or remove one" if code == "config/duplicate-key" else ""
        self.problems.append(Problem(message, place.file, place.line, place.column, code, hint))


def _merged(value: Node) -> dict[str, Entry]:
    """What `<<: *anchor` or `<<: [*a, *b]` brings in; the first of several wins."""
    if isinstance(value, Mapping):
        return value.entries
    joined: dict[str, Entry] = {}
    for item in value.items if isinstance(value, Listing) else []:
        for key, entry in _merged(item).items():
            joined.setdefault(key, entry)
    return joined


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = "0o" + digits[1:]
    return sign * int(digits, 0)


def _floating(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_CONVERT: dict[str, Any] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": _integer,
    "float": _floating,
}
