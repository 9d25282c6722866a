"""Text → syntax tree. The grammar is `grammar.lark`; what it allows too much is refused here."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.resources import files
from typing import Any, cast

from lark import Lark, Token, Transformer, Tree, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, v_args
from lark.exceptions import VisitError

from collector.ottl import syntax
from collector.ottl.problems import OttlError

_INT64 = range(-(2**63), 2**63)
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|[abfnrtv\\\"])")
_MATH_OPERANDS = (syntax.Call, syntax.Path, syntax.Math)


def parse_condition(text: str) -> syntax.Node:
    """A boolean expression. Raises `OttlError`."""
    tree = cast("syntax.Node", _parse(text, "condition"))
    _require_boolean(tree, text)
    return tree


def parse_statement(text: str) -> syntax.Statement:
    """An editor with an optional `where`. Raises `OttlError`."""
    tree = cast("syntax.Statement", _parse(text, "statement"))
    editor = tree.editor
    if not editor.is_editor:
        raise OttlError("editor names must start with a lowercase letter", text, editor.at)
    if editor.keys:
        raise OttlError("only paths and converters may be indexed", text, editor.at)
    for argument in (*editor.arguments, *(value for _, value in editor.named)):
        _require_value(argument, text, argument=True)
    if tree.where is not None:
        _require_boolean(tree.where, text)
    return tree


@cache
def _grammar() -> Lark:
    source = files("collector.ottl").joinpath("grammar.lark").read_text("utf-8")
    return Lark(source, parser="lalr", lexer="basic", start=["condition", "statement"], propagate_positions=True)


def _parse(text: str, start: str) -> Any:
    try:
        return _Nodes(text).transform(_grammar().parse(text, start=start))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise OttlError(f"unexpected character {text[at]!r}", text, at) from None
    except UnexpectedToken as error:
        found = error.token
        if found.type == "$END":
            raise OttlError("the condition ends too early", text, len(text)) from None
        raise OttlError(f"unexpected {str(found)!r}", text, found.start_pos or 0) from None
    except UnexpectedEOF:
        raise OttlError("the condition ends too early", text, len(text)) from None


def _require_boolean(node: syntax.Node, text: str) -> None:
    match node:
        case syntax.Or(terms) | syntax.And(terms):
            for term in terms:
                _require_boolean(term, text)
        case syntax.Not(term) | syntax.Group(term):
            _require_boolean(term, text)
        case syntax.Compare(_, left, right):
            _require_value(left, text)
            _require_value(right, text)
        case syntax.Call():
            _require_value(node, text)
        case syntax.Literal(value) if isinstance(value, bool):
            pass
        case _:
            raise OttlError("a condition is a comparison, a converter, true or false", text, node.at)


def _require_value(node: syntax.Node, text: str, *, argument: bool = False) -> None:
    match node:
        case syntax.Or() | syntax.And() | syntax.Not() | syntax.Compare():
            raise OttlError("a comparison cannot be used as a value", text, node.at)
        case syntax.Name(name) if not argument and not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise OttlError(f"{name} is neither a path nor an enum; a converter needs parentheses", text, node.at)
        case syntax.Group(inner):
            _require_number(inner, text)
        case syntax.Math(_, left, right):
            _require_number(left, text)
            _require_number(right, text)
        case syntax.Call():
            _require_converter(node, text)
        case _:
            for inner in _values_in(node):
                _require_value(inner, text)


def _values_in(node: syntax.Node) -> list[syntax.Node]:
    match node:
        case syntax.Path(fields):
            return [key for field in fields for key in field.keys]
        case syntax.ListOf(items):
            return list(items)
        case syntax.MapOf(pairs):
            return [item for _, item in pairs]
        case _:
            return []


def _require_number(node: syntax.Node, text: str) -> None:
    """What may stand beside + - * / or alone in parentheses."""
    inner = node.inner if isinstance(node, syntax.Group) else node
    number = isinstance(inner, syntax.Literal) and type(inner.value) in (int, float)
    if not number and not isinstance(inner, _MATH_OPERANDS):
        raise OttlError("arithmetic takes numbers, paths and converters", text, node.at)
    _require_value(inner, text)


def _require_converter(call: syntax.Call, text: str) -> None:
    if call.is_editor:
        raise OttlError("converter names must start with an uppercase letter", text, call.at)
    for argument in (*call.arguments, *(value for _, value in call.named), *call.keys):
        _require_value(argument, text, argument=True)


@v_args(meta=True)
class _Nodes(Transformer[Token, Any]):
    """The lark tree → `syntax` nodes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _refuse(self, reason: str, at: int) -> OttlError:
        return OttlError(reason, self._text, at)

    def condition(self, _meta: Any, children: list[Any]) -> Any:
        return children[0]

    def statement(self, meta: Any, children: list[Any]) -> syntax.Statement:
        editor, where = children
        return syntax.Statement(editor, where, at=meta.start_pos)

    def or_(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Or(tuple(children), at=meta.start_pos)

    def and_(self, meta: Any, children: list[Any]) -> Any:
        return syntax.And(tuple(children), at=meta.start_pos)

    def not_(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Not(children[1], at=meta.start_pos)

    def compare(self, meta: Any, children: list[Any]) -> Any:
        left, operator, right = children
        return syntax.Compare(str(operator), left, right, at=meta.start_pos)

    def math(self, meta: Any, children: list[Any]) -> Any:
        left, operator, right = children
        return syntax.Math(str(operator), left, right, at=meta.start_pos)

    def group(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Group(children[0], at=meta.start_pos)

    def float_(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Literal(float(children[0]), at=meta.start_pos)

    def int_(self, meta: Any, children: list[Any]) -> Any:
        value = int(children[0])
        if value not in _INT64:
            raise self._refuse("the number does not fit into 64 bits", meta.start_pos)
        return syntax.Literal(value, at=meta.start_pos)

    def bytes_(self, meta: Any, children: list[Any]) -> Any:
        digits = children[0][2:]
        if len(digits) % 2:
            raise self._refuse("a byte literal needs an even number of digits", meta.start_pos)
        return syntax.Literal(bytes.fromhex(digits), at=meta.start_pos)

    def string(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Literal(self._unquote(children[0]), at=meta.start_pos)

    def boolean(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Literal(children[0] == "true", at=meta.start_pos)

    def nil(self, meta: Any, _children: list[Any]) -> Any:
        return syntax.Literal(None, at=meta.start_pos)

    def constant(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Name(str(children[0]), at=meta.start_pos)

    def named(self, meta: Any, children: list[Any]) -> Any:
        return Tree("named", [str(children[0]), children[1]], meta)

    def call(self, meta: Any, children: list[Any]) -> Any:
        name, *rest = (child for child in children if child is not None)
        keys = tuple(child.children[0] for child in rest if _is(child, "key"))
        named = tuple((child.children[0], child.children[1]) for child in rest if _is(child, "named"))
        positional: list[Any] = [child for child in rest if not isinstance(child, Tree)]
        if named and any(_is(child, "named") for child in rest[: len(positional)]):
            raise self._refuse("named arguments come after positional ones", meta.start_pos)
        return syntax.Call(str(name), tuple(positional), named, keys, at=meta.start_pos)

    def path(self, meta: Any, children: list[Any]) -> Any:
        return syntax.Path(tuple(children), at=meta.start_pos)

    def field(self, meta: Any, children: list[Any]) -> Any:
        name, *keys = children
        if not _FIELD.fullmatch(name):
            raise self._refuse(f"{name} is not a path: its names are lower case", meta.start_pos)
        return syntax.Field(str(name), tuple(key.children[0] for key in keys), at=meta.start_pos)

    def key(self, meta: Any, children: list[Any]) -> Any:
        return Tree("key", children, meta)

    def list_of(self, meta: Any, children: list[Any]) -> Any:
        return syntax.ListOf(tuple(child for child in children if child is not None), at=meta.start_pos)

    def map_of(self, meta: Any, children: list[Any]) -> Any:
        return syntax.MapOf(tuple(children), at=getattr(meta, "start_pos", 0))

    def pair(self, _meta: Any, children: list[Any]) -> Any:
        return self._unquote(children[0]), children[1]

    def _unquote(self, token: Token) -> str:
        """A Go string literal: the escapes of strconv.Unquote, no others, no bare newline."""
        inner = token[1:-1]
        start = token.start_pos or 0
        if "\n" in inner:
            raise self._refuse("a string cannot hold a line break; write \\n", start)
        rest = _ESCAPE.sub("", inner)
        if "\\" in rest:
            raise self._refuse("unknown escape in the string; a backslash is written \\\\", start)
        return _ESCAPE.sub(_unescape, inner)


def _is(child: Any, name: str) -> bool:
    return isinstance(child, Tree) and child.data == name


def _unescape(match: re.Match[str]) -> str:
    return cast("str", ast.literal_eval(f'"{match.group(0)}"'))
