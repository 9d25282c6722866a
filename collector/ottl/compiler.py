"""The syntax tree → one polars expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.ottl import syntax
from collector.ottl.arithmetic import calculate
from collector.ottl.columns import columns
from collector.ottl.compare import compare
from collector.ottl.enums import ENUMS
from collector.ottl.functions import CONVERTERS, Argument, ArgumentError, Converter, Parameter, index_of
from collector.ottl.nested import collection, index
from collector.ottl.parser import parse_condition, parse_statement
from collector.ottl.paths import PATHS, RESOURCE_FIELDS, Source, needed, read, source_of
from collector.ottl.problems import OttlError, nearest
from collector.ottl.values import FALSE, TRUE, Predicate, Value, conjunction, constant, disjunction, negation, truth

_OF_RESOURCES = ("attributes", *RESOURCE_FIELDS)
Substitute = Callable[[syntax.Node, Predicate, frozenset[Source]], Predicate]
"""May replace a term of a condition (a comparison or a converter), which reads some of the sources, by another
expression of the same meaning."""


@dataclass(frozen=True)
class Condition:
    """A compiled condition.

    Args:
        text: as written.
        tree: the parsed text.
        predicate: the expression over the columns of `sources`; null = an error for that record.
        sources: every source that the text names.
    """

    text: str
    tree: syntax.Node
    predicate: Predicate
    sources: frozenset[Source]

    @cached_property
    def columns(self) -> dict[Source, list[str]]:
        """The parts of each source that the expression reads."""
        return needed(self.predicate.expression.meta.root_names(), self.sources)

    def evaluate(self, batch: LogBatch) -> pl.Series:
        """One value a record: true, false, or null where evaluating is an error."""
        frame = columns(batch, self.columns)
        return frame.with_columns(self.predicate.expression.alias("result")).get_column("result")

    def matches(self, batch: LogBatch) -> pl.Series:
        """One bool a record; an error is false (`error_mode: ignore`)."""
        return self.evaluate(batch).fill_null(False)


def compile_condition(text: str, substitute: Substitute | None = None, *, context: str = "log") -> Condition:
    """Compile a condition. `context`: what paths are about that don't say it, `log` or `resource`.

    Raises:
        OttlError: with the position of the mistake.
    """
    return _compiled(text, parse_condition(text), substitute, context)


def compile_statement(text: str, context: str = "log") -> tuple[syntax.Call, Condition | None]:
    """The editor of a statement, as written, and when it is used; None: always. Raises `OttlError`."""
    statement = parse_statement(text)
    where = None if statement.where is None else _compiled(text, statement.where, None, context)
    return statement.editor, where


def _compiled(text: str, tree: syntax.Node, substitute: Substitute | None, context: str) -> Condition:
    compiler = _Compiler(text, substitute, context)
    predicate = compiler.condition(tree)
    return Condition(text, tree, predicate, frozenset(compiler.sources))


class _Compiler:
    def __init__(self, text: str, substitute: Substitute | None, context: str) -> None:
        self._text = text
        self._substitute = substitute
        self._of_resource = context == "resource"
        self.sources: set[Source] = set()

    def condition(self, node: syntax.Node) -> Predicate:
        match node:
            case syntax.Or(terms):
                return reduce(disjunction, map(self.condition, terms))
            case syntax.And(terms):
                return reduce(conjunction, map(self.condition, terms))
            case syntax.Not(term):
                return negation(self.condition(term))
            case syntax.Group(inner):
                return self.condition(inner)
            case syntax.Literal(value):
                return TRUE if value else FALSE
            case _:
                predicate = self._term(node)
                if self._substitute is None:
                    return predicate
                return self._substitute(node, predicate, frozenset(self.sources))

    def _term(self, node: syntax.Node) -> Predicate:
        if isinstance(node, syntax.Compare):
            return compare(node.operator, self._value(node.left), self._value(node.right))
        return truth(self._value(node))

    def _value(self, node: syntax.Node) -> Value:
        match node:
            case syntax.Literal(value):
                return constant(value)
            case syntax.Name(name):
                return self._enum(name, node.at)
            case syntax.Group(inner):
                return self._value(inner)
            case syntax.Math(operator, left, right):
                return calculate(operator, self._value(left), self._value(right))
            case syntax.Path():
                return self._path(node)
            case syntax.Call():
                return self._index(self._call(node), node.keys)
            case _:
                return collection(self._literal(node))

    def _literal(self, node: syntax.Node) -> Any:
        """The Python value of a literal, also a nested one."""
        match node:
            case syntax.Literal(value) if not isinstance(value, bytes):
                return value
            case syntax.Name(name) if name in ENUMS:
                return ENUMS[name]
            case syntax.ListOf(items):
                return [self._literal(item) for item in items]
            case syntax.MapOf(items):
                return {key: self._literal(item) for key, item in items}
            case _:
                raise self._refuse("a list or a map here may only hold literals", node.at)

    def _enum(self, name: str, at: int) -> Value:
        if name not in ENUMS:
            raise self._refuse(f"unknown enum {name}{nearest(name, ENUMS)}", at)
        return constant(ENUMS[name])

    def _path(self, path: syntax.Path) -> Value:
        if path.fields[0].name == "log" and len(path.fields) > 1:  # the explicit context of later versions
            path = syntax.Path(path.fields[1:], at=path.at)
        elif self._of_resource and path.fields[0].name in _OF_RESOURCES:
            path = syntax.Path((syntax.Field("resource"), *path.fields), at=path.at)
        *parents, last = path.fields
        for parent in parents:
            if parent.keys:
                raise self._refuse("only the last part of a path may have keys", parent.at)
        if path.dotted == "cache":
            return constant(None)  # scratch space of statements, always empty in a condition
        if path.dotted == "body.string":
            return CONVERTERS["String"].build(self._read("body", ()))
        return self._read(path.dotted, last.keys, path.at)

    def _read(self, dotted: str, keys: Sequence[syntax.Node], at: int = 0) -> Value:
        first = self._key(keys[0]) if keys else None
        of_map = dotted.endswith("attributes")
        if of_map and not isinstance(first, str) and dotted in PATHS:
            raise self._refuse(f'{dotted} needs a key, such as {dotted}["name"]', at)
        found = source_of(dotted, first if isinstance(first, str) else None)
        if found is None:
            raise self._refuse(f"unknown path {dotted}{nearest(dotted, PATHS)}", at)
        source, kind = found
        self.sources.add(source)
        return self._index(read(source, kind), keys[1:] if of_map else keys)

    def _index(self, value: Value, keys: Sequence[syntax.Node]) -> Value:
        if not keys:
            return value
        return index_of(value, [self._key(key) for key in keys], index)

    def _key(self, node: syntax.Node) -> str | int:
        if isinstance(node, syntax.Literal) and type(node.value) in (str, int):
            return node.value  # type: ignore[return-value]  # checked on the line above
        raise self._refuse("a key is a string or a whole number", node.at)

    def _call(self, call: syntax.Call) -> Value:
        converter = CONVERTERS.get(call.name)
        if converter is None:
            raise self._refuse(f"unknown converter {call.name}{nearest(call.name, CONVERTERS)}", call.at)
        nodes = self._arguments(converter, call)
        arguments = [self._argument(call, parameter, node) for parameter, node in nodes]
        try:
            return converter.build(*arguments)
        except ArgumentError as error:
            places = {parameter.name: node.at for parameter, node in nodes}
            raise self._refuse(f"{call.name}: {error}", places.get(error.parameter, call.at)) from None

    def _arguments(self, converter: Converter, call: syntax.Call) -> list[tuple[Parameter, syntax.Node]]:
        """Parameters in order with what was written for them; optional ones at the end may be missing."""
        parameters = converter.parameters
        if len(call.arguments) > len(parameters):
            raise self._refuse(f"{call.name} takes {_count(parameters)}, {len(call.arguments)} given", call.at)
        given = dict(zip((parameter.name for parameter in parameters), call.arguments, strict=False))
        for name, node in call.named:
            if name not in {parameter.name for parameter in parameters} or name in given:
                names = [parameter.name for parameter in parameters]
                raise self._refuse(f"{call.name} has no argument {name} to be given{nearest(name, names)}", node.at)
            given[name] = node
        missing = [p.name for p in parameters if not p.optional and p.name not in given]
        if missing:
            raise self._refuse(f"{call.name} takes {_count(parameters)}; {', '.join(missing)} missing", call.at)
        return [(parameter, given[parameter.name]) for parameter in parameters if parameter.name in given]

    def _argument(self, call: syntax.Call, parameter: Parameter, node: syntax.Node) -> Argument:
        if parameter.literal is list:
            if not isinstance(node, syntax.ListOf):
                raise self._refuse(f"{call.name}: {parameter.name} must be a list, such as [body, 1]", node.at)
            return [self._value(item) for item in node.items]
        if isinstance(node, syntax.Name) and node.name in CONVERTERS:
            raise self._refuse(f"{call.name}: {parameter.name} must be a value; write {node.name}(…)", node.at)
        value = self._value(node)
        if parameter.literal is not None and type(value.constant) is not parameter.literal:
            raise self._refuse(f"{call.name}: {parameter.name} must be a {_name(parameter.literal)} literal", node.at)
        return value

    def _refuse(self, reason: str, at: int) -> OttlError:
        return OttlError(reason, self._text, at)


def _count(parameters: tuple[Parameter, ...]) -> str:
    number = len(parameters)
    return f"{number} argument{'s' if number != 1 else ''} ({', '.join(p.name for p in parameters)})"


def _name(literal: type) -> str:
    return {str: "string", int: "whole number", bytes: "byte"}[literal]
