"""The syntax tree → functions of plain values, and the places that they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from collector.ottl import syntax
from collector.ottl.enums import ENUMS
from collector.ottl.plain import getters
from collector.ottl.plain.calculating import calculate
from collector.ottl.plain.comparing import compare
from collector.ottl.plain.converters import LAMBDAS, converters
from collector.ottl.plain.function import ArgumentError, Function, Parameter
from collector.ottl.plain.indexing import index
from collector.ottl.plain.kinds import EvaluationError, named
from collector.ottl.plain.places import ADDRESS, MAPS, METADATA, Level, Place, UnknownPathError, view_of
from collector.ottl.plain.remembering import Remembered
from collector.ottl.problems import OttlError, nearest

Inputs = Sequence[Any]
Call = Callable[[Inputs], Any]
UNKNOWN: Any = object()


@dataclass(frozen=True, slots=True)
class Part:
    """A function of the inputs; `constant`: what it always gives."""

    call: Call
    constant: Any = UNKNOWN
    volatile: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether it reads nothing, and gives the same for all."""
        return self.constant is not UNKNOWN


@dataclass(frozen=True, slots=True)
class Expression:
    """What it reads, in the order of the inputs; `call` raises `EvaluationError`. `against`: the known value that a comparison's left
    side is compared with."""

    reads: tuple[Place, ...]
    call: Call
    constant: Any = UNKNOWN
    volatile: bool = False
    node: syntax.Node | None = None
    against: Any = UNKNOWN


@dataclass(slots=True)
class Compiler:
    """Compiles what belongs to one `Expression`; `reads` grows on the way.

    Args:
        text: the whole text, for errors.
        context: what a path without a context of its own is about.
    """

    text: str
    context: Level
    reads: dict[Place, int] = field(default_factory=dict)

    def value(self, node: syntax.Node) -> Part:
        """Raises `OttlError`."""
        match node:
            case syntax.Literal(value):
                return constant(value)
            case syntax.Name(name):
                if name not in ENUMS:
                    raise self.refused(f"unknown enum {name}{nearest(name, ENUMS)}", node.at)
                return constant(ENUMS[name])
            case syntax.Group(inner):
                return self.value(inner)
            case syntax.Math(operator, left, right):
                return _calculated(operator, self.value(left), self.value(right))
            case syntax.Path():
                return self._path(node)
            case syntax.Call():
                return _indexed(self._call(node), [self.value(key) for key in node.keys])
            case syntax.ListOf(items):
                return _listed([self.value(item) for item in items])
            case syntax.MapOf(pairs):
                return _mapped([(key, self.value(item)) for key, item in pairs])
            case _:
                raise self.refused("a comparison cannot be used as a value", node.at)

    def _path(self, path: syntax.Path) -> Part:
        place, keys, see, _ = self.located(path)
        at = self.read(place)
        seen = Part(lambda inputs: see(inputs[at]))
        return _indexed(seen, keys)

    def located(self, path: syntax.Path) -> tuple[Place, list[Part], Callable[[Any], Any], Callable[[Any, Any], Any]]:
        """The place of a path, the keys beyond it, how its value is seen, and how it is put. Reads nothing but what keys need."""
        try:
            level, view = view_of(path, self.context)
        except UnknownPathError as error:
            raise self.refused(str(error), path.at) from None
        keys = [self.value(key) for key in path.fields[-1].keys]
        if view.field in MAPS and keys and isinstance(keys[0].constant, str):
            return Place(level, view.field, keys[0].constant), keys[1:], lambda value: value, lambda _, new: new
        if level is Level.CLIENT:
            return (*self._came(path, view.field, keys), view.see, view.put)
        return Place(level, view.field), keys, view.see, view.put

    def _came(self, path: syntax.Path, name: str, keys: list[Part]) -> tuple[Place, list[Part]]:
        """What came with the request: a header or attribute by its name, so that it is known which to carry along."""
        if name == ADDRESS:
            return Place(Level.CLIENT, name), keys
        if not keys or not isinstance(keys[0].constant, str):
            raise self.refused(
                f'{path.dotted} needs a name, as in {path.dotted}["x-tenant"]: only what is named is carried along',
                path.at,
            )
        key = keys[0].constant
        return Place(Level.CLIENT, name, key.lower() if name == METADATA else key), keys[1:]

    def read(self, place: Place) -> int:
        """The number of the input that is the value of a place."""
        return self.reads.setdefault(place, len(self.reads))

    def _call(self, call: syntax.Call) -> Part:
        known = converters()
        if call.name in LAMBDAS:
            raise self.refused(f"{call.name} takes a function written in place, which is not possible here", call.at)
        function = known.get(call.name)
        if function is None:
            raise self.refused(f"unknown converter {call.name}{nearest(call.name, known)}", call.at)
        parts = self.arguments(function.name, function.parameters, call)
        self.checked(function, call, parts)
        return _applied(function, parts)

    def checked(self, function: Function, call: syntax.Call, parts: Sequence[Part]) -> None:
        """The arguments that are literals."""
        if function.check is None:
            return
        named_parts = zip(function.parameters, parts, strict=True)
        try:
            function.check({parameter.name: part.constant for parameter, part in named_parts if part.is_constant})
        except ArgumentError as error:
            places = dict(zip((p.name for p in function.parameters), call.arguments, strict=False)) | dict(call.named)
            at = places[error.parameter].at if error.parameter in places else call.at
            raise self.refused(f"{call.name}: {error}", at) from None

    def arguments(self, name: str, parameters: tuple[Parameter, ...], call: syntax.Call) -> list[Part]:
        """A part for each parameter; its default where it was left out."""
        given = self.given(name, parameters, call)
        return [self._argument(parameter, given.get(parameter.name)) for parameter in parameters]

    def given(self, name: str, parameters: tuple[Parameter, ...], call: syntax.Call) -> dict[str, syntax.Node]:
        """What was written for each parameter."""
        names = [parameter.name for parameter in parameters]
        listed = f" ({', '.join(names)})" if names else ""
        shown = f"{len(names)} argument{'s' if len(names) != 1 else ''}{listed}"
        if len(call.arguments) > len(names):
            raise self.refused(f"{name} takes {shown}, {len(call.arguments)} given", call.at)
        given = dict(zip(names, call.arguments, strict=False))
        spelled = {_spelled(parameter): parameter for parameter in names}
        for key, node in call.named:
            known = spelled.get(_spelled(key))
            if known is None or known in given:
                raise self.refused(f"{name} has no argument {key} to be given{nearest(key, names)}", node.at)
            given[known] = node
        missing = [parameter.name for parameter in parameters if not parameter.optional and parameter.name not in given]
        if missing:
            raise self.refused(f"{name} takes {shown}; {', '.join(missing)} missing", call.at)
        return given

    def _argument(self, parameter: Parameter, node: syntax.Node | None) -> Part:
        if node is None:
            return constant(parameter.default)
        if isinstance(node, syntax.Name) and node.name in converters():
            raise self.refused(f"{parameter.name} must be a value; write {node.name}(…)", node.at)
        if parameter.items:
            if not isinstance(node, syntax.ListOf):
                raise self.refused(f"{parameter.name} must be a list, such as [body, 1]", node.at)
            return _listed([_got(parameter.getter, self.value(item)) for item in node.items])
        part = self.value(node)
        if parameter.literal and not part.is_constant:
            raise self.refused(f"{parameter.name} must be written out", node.at)
        return _got(parameter.getter, part)

    def refused(self, reason: str, at: int) -> OttlError:
        """An error with its place in the text."""
        return OttlError(reason, self.text, at)

    def expression(self, part: Part, node: syntax.Node | None = None) -> Expression:
        """All that was compiled so far, as one."""
        return Expression(tuple(self.reads), part.call, part.constant, part.volatile, node)


def term(node: syntax.Node, text: str, context: Level) -> Expression:
    """A comparison or a converter in the place of a condition: true or false."""
    compiler = Compiler(text, context)
    if isinstance(node, syntax.Compare):
        left, right = compiler.value(node.left), compiler.value(node.right)
        compared = compiler.expression(_compared(node.operator, left, right), node)
        return replace(compared, against=right.constant)
    part = _truth(compiler.value(node))
    return compiler.expression(part, node)


def constant(value: Any) -> Part:
    """The same for all."""
    return Part(lambda _: value, value)


def _folded(part: Part, parts: Sequence[Part]) -> Part:
    """Worked out now, where all that it depends on is known; an error stays one of each record."""
    if part.volatile or not all(one.is_constant for one in parts):
        return part
    try:
        return constant(part.call(()))
    except EvaluationError:
        return part


def _joined(call: Call, parts: Sequence[Part], *, volatile: bool = False) -> Part:
    return _folded(Part(call, volatile=volatile or any(part.volatile for part in parts)), parts)


def _got(getter: getters.Getter, part: Part) -> Part:
    if getter is getters.value:
        return part
    call = part.call
    return _joined(lambda inputs: getter(call(inputs)), [part])


def _calculated(operator: str, left: Part, right: Part) -> Part:
    one, other = left.call, right.call
    return _joined(lambda inputs: calculate(operator, one(inputs), other(inputs)), [left, right])


def _compared(operator: str, left: Part, right: Part) -> Part:
    one, other = left.call, right.call
    return _joined(lambda inputs: compare(operator, one(inputs), other(inputs)), [left, right])


def _truth(part: Part) -> Part:
    call = part.call

    def truth(inputs: Inputs) -> bool:
        value = call(inputs)
        if not isinstance(value, bool):
            raise EvaluationError(f"a condition must be true or false, not {named(value)}")
        return value

    return _joined(truth, [part])


def _listed(items: list[Part]) -> Part:
    calls = [item.call for item in items]
    return _joined(lambda inputs: [call(inputs) for call in calls], items)


def _mapped(pairs: list[tuple[str, Part]]) -> Part:
    calls = [(key, item.call) for key, item in pairs]
    return _joined(lambda inputs: {key: call(inputs) for key, call in calls}, [item for _, item in pairs])


def _indexed(part: Part, keys: list[Part]) -> Part:
    if not keys:
        return part
    call, calls = part.call, [key.call for key in keys]
    return _joined(lambda inputs: index(call(inputs), [key(inputs) for key in calls]), [part, *keys])


@cache
def _remembered(name: str) -> Callable[..., Any]:
    return Remembered(converters()[name].call)


def _applied(function: Function, parts: Sequence[Part]) -> Part:
    calls = [part.call for part in parts]
    work = _remembered(function.name) if function.costly else function.call
    if len(calls) == 1:
        only = calls[0]
        return _joined(lambda inputs: work(only(inputs)), parts, volatile=function.volatile)
    if parts and all(part.is_constant for part in parts[1:]):
        first, rest = calls[0], [part.constant for part in parts[1:]]
        return _joined(lambda inputs: work(first(inputs), *rest), parts, volatile=function.volatile)
    return _joined(lambda inputs: work(*[call(inputs) for call in calls]), parts, volatile=function.volatile)


def _spelled(name: str) -> str:
    """`elementName` and `element_name` are one."""
    return name.replace("_", "").lower()
