"""From the text of an expression to a tree of tuples: ("binary", "+", left, right)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from collector.stanza.problems import OperatorError

Tree = tuple[Any, ...]
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>0[xX][0-9a-fA-F]+|\d+(?:_\d+)*(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<name>[$A-Za-z_][\w$]*)
    |(?P<sign>\?\.|\?\?|\*\*|&&|\|\||==|!=|<=|>=|\.\.|[-+*/%^<>!?:.,()\[\]{}|\#;=])
    )""",
    re.VERBOSE | re.DOTALL,
)
_BINDING = {
    "??": 1, "||": 2, "or": 2, "&&": 3, "and": 3, "==": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "in": 4, "matches": 4,
    "contains": 4, "startsWith": 4, "endsWith": 4, "..": 5, "+": 6, "-": 6, "*": 7, "/": 7, "%": 7, "**": 9, "^": 9,
}  # fmt: skip
_UNARY_NOT, _UNARY_SIGN = 4, 8
_SAME = {"||": "or", "&&": "and", "^": "**"}
_NAMED = {"true": True, "false": False, "nil": None, "null": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
PREDICATES = {"all", "any", "none", "one", "filter", "map", "count", "find"}


def parsed(text: str) -> Tree:
    """Raises `OperatorError`."""
    reader = _Reader(text)
    tree = reader.expression(0)
    if not reader.at_end:
        raise OperatorError(f"expression {text!r}: what does {reader.peek()!r} do there?")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.at_end else self._tokens[self._at][1]

    def _kind(self) -> str:
        return "" if self.at_end else self._tokens[self._at][0]

    def _take(self) -> str:
        if self.at_end:
            raise OperatorError(f"expression {self._text!r} ends too early")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, sign: str) -> None:
        if self._take() != sign:
            raise OperatorError(f"expression {self._text!r}: {sign!r} is missing")

    def expression(self, least: int) -> Tree:
        left = self._prefix()
        while True:
            left, more = self._infix(left, least)
            if not more:
                break
        if least == 0 and self.peek() == "?" and self._kind() == "sign":
            self._take()
            return self._choice(left)
        return left

    def _choice(self, asked: Tree) -> Tree:
        if self.peek() == ":":
            self._take()
            return ("or_else", asked, self.expression(0))
        yes = self.expression(0)
        self._expect(":")
        return ("choice", asked, yes, self.expression(0))

    def _infix(self, left: Tree, least: int) -> tuple[Tree, bool]:
        word = self.peek()
        if self._kind() == "string":
            return left, False
        if word == "|" and least == 0:
            self._take()
            call = self._prefix()
            if call[0] != "call":
                raise OperatorError(f"expression {self._text!r}: a pipe leads to a function")
            return ("call", call[1], [left, *call[2]]), True
        negated = word == "not"
        if negated:
            word = self._tokens[self._at + 1][1] if self._at + 1 < len(self._tokens) else ""
        binding = _BINDING.get(word, 0)
        if not binding or binding < least or (least and binding == least and word not in ("**", "^")):
            return left, False
        self._at += 1 + negated
        right = self.expression(binding)
        tree: Tree = ("binary", _SAME.get(word, word), left, right)
        return (("unary", "not", tree) if negated else tree), True

    def _prefix(self) -> Tree:
        word = self.peek()
        if word in ("not", "!") and self._kind() != "string":
            self._take()
            return ("unary", "not", self.expression(_UNARY_NOT if word == "not" else _UNARY_SIGN))
        if word in ("-", "+") and self._kind() == "sign":
            self._take()
            return ("unary", word, self.expression(_UNARY_SIGN))
        return self._postfix(self._primary())

    def _primary(self) -> Tree:
        kind, word = self._kind(), self._take()
        if kind == "number":
            return ("constant", _number(word))
        if kind == "string":
            return ("constant", _string(word))
        if kind == "name":
            return self._named(word)
        if word == "(":
            inner = self.expression(0)
            self._expect(")")
            return inner
        if word == "[":
            return ("array", self._list("]"))
        if word == "{":
            return ("map", self._pairs())
        if word == "#":
            return ("member", ("element",), ("constant", self._take())) if self._kind() == "name" else ("element",)
        if word == ".":
            return ("member", ("element",), ("constant", self._take()))
        raise OperatorError(f"expression {self._text!r}: what does {word!r} do there?")

    def _named(self, word: str) -> Tree:
        if word in _NAMED:
            return ("constant", _NAMED[word])
        if self.peek() == "(" and self._kind() == "sign":
            self._take()
            return ("call", word, self._arguments(word))
        return ("name", word.removeprefix("$") or "$")

    def _arguments(self, function: str) -> list[Tree]:
        if function not in PREDICATES:
            return self._list(")")
        first = self.expression(0)
        if self.peek() == ")":
            self._take()
            return [first]
        self._expect(",")
        braced = self.peek() == "{"
        if braced:
            self._take()
        predicate = self.expression(0)
        if braced:
            self._expect("}")
        self._expect(")")
        return [first, predicate]

    def _list(self, end: str) -> list[Tree]:
        found: list[Tree] = []
        while self.peek() != end:
            found.append(self.expression(0))
            if self.peek() != end:
                self._expect(",")
        self._take()
        return found

    def _pairs(self) -> list[tuple[Tree, Tree]]:
        found: list[tuple[Tree, Tree]] = []
        while self.peek() != "}":
            kind = self._kind()
            key = ("constant", self._take()) if kind == "name" else self._primary()
            self._expect(":")
            found.append((key, self.expression(0)))
            if self.peek() != "}":
                self._expect(",")
        self._take()
        return found

    def _postfix(self, tree: Tree) -> Tree:
        while self._kind() == "sign" and self.peek() in (".", "?.", "["):
            sign = self._take()
            if sign == "[":
                tree = self._index(tree)
                continue
            name = self._take()
            if self.peek() == "(" and self._kind() == "sign":
                self._take()
                tree = ("call", name, [tree, *self._list(")")])
            else:
                tree = ("member", tree, ("constant", name))
        return tree

    def _index(self, tree: Tree) -> Tree:
        first = ("constant", None) if self.peek() == ":" else self.expression(1)
        if self.peek() == ":":
            self._take()
            last = ("constant", None) if self.peek() == "]" else self.expression(1)
            self._expect("]")
            return ("slice", tree, first, last)
        self._expect("]")
        return ("member", tree, first)


def _tokens(text: str) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise OperatorError(f"expression {text!r} can't be read from {text[at:]!r} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    if not found:
        raise OperatorError("an expression is empty")
    return found


def _number(word: str) -> int | float:
    word = word.replace("_", "")
    if word[:2] in ("0x", "0X"):
        return int(word, 16)
    return float(word) if re.search(r"[.eE]", word) else int(word)


def _string(word: str) -> str:
    if word[0] == "`":
        return word[1:-1]
    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", _escaped, word[1:-1], flags=re.DOTALL)


def _escaped(match: re.Match[str]) -> str:
    what = match[1]
    if what[0] in "ux" and len(what) > 1:
        return chr(int(what[1:], 16))
    return _ESCAPES.get(what, what)
