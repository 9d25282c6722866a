"""Text → tree. The grammar is `grammar.lark`; what a field can be asked is decided in `asking.py`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from collector.query import asking
from collector.query.fields import FIELDS, Field, field_of
from collector.query.problems import QueryError, nearest
from collector.query.syntax import And, Everything, Node, Not, Or, Text, terms_of

MOST_BYTES, MOST_TERMS, MOST_DEPTH = 4096, 64, 16
_ESCAPED, _ESCAPED_QUOTE = re.compile(r"\\(.)", re.DOTALL), re.compile(r'\\(["\\])')


class Value(NamedTuple):
    """What is written behind a name. `text` has its escapes taken out, but not that of a star: `quoted` ones have no stars."""

    text: str
    at: int
    quoted: bool


def parse(text: str) -> Node:
    """The tree of a query; an empty one takes everything. Raises `QueryError`."""
    _check_text(text)
    if not text.strip():
        return Everything()
    try:
        node = cast("Node", _grammar().parse(text))
    except UnexpectedCharacters as error:
        raise _unexpected(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        raise _unexpected(text, at, set(error.accepts or error.expected)) from None
    except QueryError as error:
        raise error.of(text) from None
    if terms_of(node) > MOST_TERMS:
        raise QueryError(f"more than {MOST_TERMS} conditions", 0, text)
    return node


def _check_text(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise QueryError("half of a character", error.start, text) from None
    if size > MOST_BYTES:
        raise QueryError(f"a query has {MOST_BYTES} bytes at most, this one {size}", 0, text)
    if "\0" in text:
        raise QueryError("a NUL cannot be searched for", text.index("\0"), text)
    _check_nesting(text)


def _check_nesting(text: str) -> None:
    """Parentheses outside of quotes: each is closed, none too deep."""
    opened: list[int] = []
    for found in re.finditer(r'\\.|"(?:\\.|[^"\\])*"?|[()]', text, re.DOTALL):
        mark = found.group()
        if mark[0] == '"' and (len(mark) < 2 or mark[-1] != '"'):
            raise QueryError("this quote is not closed", found.start(), text)
        if mark == "(":
            opened.append(found.start())
            if len(opened) > MOST_DEPTH:
                raise QueryError(f"more than {MOST_DEPTH} parentheses within each other", found.start(), text)
        elif mark == ")":
            if not opened:
                raise QueryError("this ) closes nothing", found.start(), text)
            opened.pop()
    if opened:
        raise QueryError("this ( is not closed", opened[-1], text)


def _unexpected(text: str, at: int, expected: set[str] | None = None) -> QueryError:
    """A sentence for what the grammar does not take."""
    left = text[:at].rstrip()
    found = f"{text[at]!r} is" if at < len(text) else "the query ends"
    if left.endswith(":") or (left and left[-1] in "<>=" and not left.endswith('"')):
        return QueryError(f"{found} where a value should be", at, text)
    if expected is not None and expected & {"BOUND", "_TO", "_RSQB"}:
        return QueryError(f"{found} in a range, which is written [low TO high]", at, text)
    if left.endswith(("OR", "AND", "NOT", "-")) or not left or at >= len(text):
        return QueryError(f"{found} where a word, a field or a ( should be", at, text)
    return QueryError(f"{found} not expected here; text with such characters stands in quotes", at, text)


@cache
def _grammar() -> Lark:
    source = files("collector.query").joinpath("grammar.lark").read_text("utf-8")
    return Lark(source, parser="lalr", lexer="contextual", transformer=_Nodes())


class _Nodes(Transformer[Token, Any]):
    """What the grammar finds → nodes, from the leaves on, without recursion."""

    def start(self, children: list[Any]) -> Node:
        return cast("Node", children[0]) if children else Everything()

    def or_(self, children: list[Any]) -> Node:
        return children[0] if len(children) == 1 else Or(_flat(children, Or), _deeper(children))

    def and_(self, children: list[Any]) -> Node:
        return children[0] if len(children) == 1 else And(_flat(children, And), _deeper(children))

    def not_(self, children: list[Any]) -> Node:
        return Not(children[0], _deeper(children))

    def group(self, children: list[Any]) -> Node:
        return cast("Node", children[0])

    def word(self, children: list[Token]) -> Node:
        return _text(_plain(children[0]))

    def phrase(self, children: list[Token]) -> Node:
        return _text(_plain(children[0]))

    def plain(self, children: list[Token]) -> Value:
        return _plain(children[0])

    bound = plain

    def several(self, children: list[Value]) -> Sequence[Value]:
        return tuple(children)

    def named(self, children: list[Any]) -> Node:
        name, values = children
        return asking.named(_field(name), [values] if isinstance(values, Value) else values)

    def compared(self, children: list[Any]) -> Node:
        name, operator, value = children
        return asking.compared(_field(name), str(operator), value)

    def ranged(self, children: list[Any]) -> Node:
        name, low, high = children
        return asking.ranged(_field(name), low, high)


def _field(name: Token) -> Field:
    at, written = name.start_pos or 0, str(name)[:-1]
    found = field_of(written)
    if found is None:
        near = nearest(written, FIELDS)
        known = ", ".join(FIELDS)
        reason = f"there is no field {written!r}; an attribute is @{written}, and text with a colon stands in quotes"
        raise QueryError(f"{reason}. The fields are {known}", at, did_you_mean=f"{near}:" if near else "")
    return found


def _plain(token: Token) -> Value:
    text, at = str(token), token.start_pos or 0
    if text.startswith('"'):
        return Value(_ESCAPED_QUOTE.sub(r"\1", text[1:-1]), at, quoted=True)
    return Value(text, at, quoted=False)


def _text(value: Value) -> Node:
    """Text of the body. Stars around a word change nothing, for it is found within words, too."""
    needle = value.text if value.quoted else asking.literal(value._replace(text=asking.trimmed(value.text)))
    return Text(needle) if needle else Everything()


def _flat(children: Sequence[Node], kind: type[And] | type[Or]) -> Sequence[Node]:
    return [one for child in children for one in (child.terms if isinstance(child, kind) else (child,))]


def _deeper(children: Sequence[Node]) -> int:
    depth = 1 + max(child.depth for child in children)
    if depth > 2 * MOST_DEPTH:
        raise QueryError(f"deeper than {MOST_DEPTH} levels", 0)
    return depth
