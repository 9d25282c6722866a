"""The text of a statement → what it reads, when it runs, and what it makes of its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collector.ottl import syntax
from collector.ottl.parser import parse_condition, parse_statement
from collector.ottl.plain.compiling import Call, Compiler, Expression, Inputs, Part, constant
from collector.ottl.plain.conditions import Test, compile_test, places_of
from collector.ottl.plain.converters import converters
from collector.ottl.plain.function import ArgumentError
from collector.ottl.plain.indexing import ABSENT, updated
from collector.ottl.plain.kinds import EvaluationError, named
from collector.ottl.plain.places import MAPS, ORDER, Level, Place, named_level
from collector.ottl.problems import nearest
from collector.ottl.statements.editing import EDITORS, KEPT, Editor

_REPEATABLE = frozenset({"delete_matching_keys", "keep_keys", "keep_matching_keys", "truncate_all", "limit"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement.

    Args:
        text: as written.
        where: when it runs; None = always.
        target: the place that it changes.
        new: the new value of the target: `KEPT`, `ABSENT` or a value.
        reads_target: whether `new` reads the old value.
        editor: its name; `arguments`: what it is given where all of that is known now.
        merges, strategy: of `merge_maps`, the whole map that it merges, if it is one.
        whole_value: it edits what stands at the place, not a part of that under further keys.
    """

    text: str
    where: Test | None
    target: Place
    new: Expression
    reads_target: bool
    editor: str
    arguments: tuple[Any, ...] | None
    merges: Place | None = None
    strategy: str = ""
    whole_value: bool = True

    @property
    def reads(self) -> set[Place]:
        """All that it reads; not its own target, where reading that once for all is the same as each time."""
        own = {self.target} if self.editor in _REPEATABLE and self.arguments is not None else set()
        return places_of(self.where) | (set(self.new.reads) - own)


def compile_statement(text: str, context: Level) -> Statement:
    """Raises `OttlError`."""
    parsed = parse_statement(text)
    where = None if parsed.where is None else compile_test(parsed.where, text, context)
    return _Compilation(text, context).statement(parsed.editor, where)


def compile_condition(text: str, context: Level) -> Test:
    """Raises `OttlError`."""
    return compile_test(parse_condition(text), text, context)


def inferred(texts: Sequence[str], conditions: Sequence[str] = ()) -> Level:
    """The lowest context that the paths of statements and conditions name themselves; the record where they name none.

    Raises:
        OttlError: a text that cannot be read.
    """
    levels: set[Level] = set()
    for text in texts:
        parsed = parse_statement(text)
        for node in (parsed.editor, parsed.where):
            levels |= {named_level(path) or Level.RECORD for path in _paths(node)}
    for text in conditions:
        levels |= {named_level(path) or Level.RECORD for path in _paths(parse_condition(text))}
    return next((level for level in ORDER if level in levels), Level.RECORD)


def _paths(node: Any) -> list[syntax.Path]:
    """All paths in a tree, those in keys too."""
    if isinstance(node, syntax.Path):
        return [node, *(path for field in node.fields for key in field.keys for path in _paths(key))]
    if isinstance(node, tuple):
        return [path for one in node for path in _paths(one)]
    names = getattr(node, "__dataclass_fields__", None)
    return [path for name in names for path in _paths(getattr(node, name))] if names else []


class _Compilation:
    def __init__(self, text: str, context: Level) -> None:
        self._compiler = Compiler(text, context)

    def statement(self, call: syntax.Call, where: Test | None) -> Statement:
        editor = EDITORS.get(call.name)
        if editor is None:
            raise self._compiler.refused(f"unknown editor {call.name}{nearest(call.name, EDITORS)}", call.at)
        path, rest = self._target(call)
        place, keys, see, put = self._compiler.located(path)
        if place.level is Level.CLIENT:
            raise self._compiler.refused(f"{path.dotted} can only be read", path.at)
        parts = self._arguments(editor, rest)
        if editor.name == "delete_key" and _is_map(place) and not keys and isinstance(parts[0].constant, str):
            place, work = Place(place.level, place.name, parts[0].constant), constant(ABSENT)
            return self._made(call.name, where, place, work, parts, reads_target=False)
        reads_target = editor.name != "set" or bool(keys)
        old = self._compiler.read(place) if reads_target else None
        work = Part(_working(editor, old, keys, see, put, parts), volatile=any(one.volatile for one in (*keys, *parts)))
        if editor.name == "set" and parts[0].is_constant and not keys:
            work = constant(work.call(()))
        made = self._made(call.name, where, place, work, parts, reads_target=reads_target)
        made = replace(made, whole_value=not keys)
        if editor.name == "merge_maps" and isinstance(
            source := dict(rest.named).get("source", next(iter(rest.arguments), None)), syntax.Path
        ):
            other, other_keys, _, _ = self._compiler.located(source)
            if _is_map(other) and not other_keys and not keys:
                return replace(made, merges=other, strategy=str(parts[1].constant))
        return made

    def _made(
        self, name: str, where: Test | None, place: Place, work: Part, parts: list[Part], *, reads_target: bool
    ) -> Statement:
        known = tuple(part.constant for part in parts) if all(part.is_constant for part in parts) else None
        return Statement(self._compiler.text, where, place, self._compiler.expression(work), reads_target, name, known)

    def _target(self, call: syntax.Call) -> tuple[syntax.Path, syntax.Call]:
        named_arguments = dict(call.named)
        if call.arguments:
            first, rest = call.arguments[0], syntax.Call(call.name, call.arguments[1:], call.named, at=call.at)
        elif "target" in named_arguments:
            first = named_arguments["target"]
            rest = syntax.Call(call.name, (), tuple(pair for pair in call.named if pair[0] != "target"), at=call.at)
        else:
            raise self._compiler.refused(f"{call.name} needs a target", call.at)
        if not isinstance(first, syntax.Path):
            raise self._compiler.refused(f"{call.name}: the target must be a path, such as attributes", first.at)
        return first, rest

    def _arguments(self, editor: Editor, call: syntax.Call) -> list[Part]:
        if not editor.takes_function:
            parts = self._compiler.arguments(editor.name, editor.parameters, call)
            self._check(editor, call, parts)
            return parts
        given = self._compiler.given(editor.name, editor.parameters, call)
        function = given.pop("function", None)
        plain = syntax.Call(call.name, (), tuple(given.items()), at=call.at)
        parts = self._compiler.arguments(editor.name, editor.parameters, plain)
        if function is not None:
            at = next(i for i, parameter in enumerate(editor.parameters) if parameter.name == "function")
            parts[at] = constant(self._function(function))
        self._check(editor, call, parts)
        return parts

    def _function(self, node: syntax.Node) -> Callable[[str], str]:
        if not isinstance(node, syntax.Name) or node.name not in converters():
            raise self._compiler.refused("the function is the name of a converter, such as SHA256", node.at)
        function = converters()[node.name]
        if len(function.parameters) != 1:
            raise self._compiler.refused(f"{node.name} takes more than a text", node.at)
        getter, call = function.parameters[0].getter, function.call

        def change(text: str) -> str:
            made = call(getter(text))
            if not isinstance(made, str):
                raise EvaluationError(f"{node.name} gives {named(made)} where a string is needed")
            return made

        return change

    def _check(self, editor: Editor, call: syntax.Call, parts: list[Part]) -> None:
        if editor.check is None:
            return
        pairs = zip(editor.parameters, parts, strict=True)
        try:
            editor.check({parameter.name: part.constant for parameter, part in pairs if part.is_constant})
        except ArgumentError as error:
            raise self._compiler.refused(f"{editor.name}: {error}", call.at) from None


def _is_map(place: Place) -> bool:
    return place.key is None and place.name in MAPS


def _working(
    editor: Editor,
    old: int | None,
    keys: list[Part],
    see: Callable[[Any], Any],
    put: Callable[[Any, Any], Any],
    parts: list[Part],
) -> Call:
    """The new value of the target's place, of the inputs."""
    key_calls, calls = [key.call for key in keys], [part.call for part in parts]

    def work(inputs: Inputs) -> Any:
        arguments = [call(inputs) for call in calls]
        if editor.name == "set" and arguments[0] is None:
            return KEPT
        found_keys = [call(inputs) for call in key_calls]
        before = None if old is None else see(inputs[old])

        def edit(value: Any) -> Any:
            if editor.of_map and not isinstance(value, dict):
                raise EvaluationError(f"expected pcommon.Map but got {named(value)}")
            if editor.name.startswith("replace_") and value is None:
                raise EvaluationError("expected string but got nil")
            made = editor.edit(value, *arguments)
            return value if made is KEPT else made

        after = updated(before, found_keys, edit)
        if old is not None and after is before:
            return KEPT
        return put(KEPT, after)

    return work
