"""`ExtractGrokPatterns`: expressions with `%{NAME:field:type}` in them, made RE2's.

The patterns stand in `grok.patterns`, written for RE2 with the names that grok's users know; fields are those of ECS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.function import TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError
from collector.ottl.plain.patterns import compiled

GROK = Registry()
_REFERENCE = re.compile(r"%\{(\w+)(?::([\w.@\[\]-]+))?(?::(\w+))?\}")
_DEFINITION = re.compile(r"(\w+)=(.*)", re.DOTALL)
_TYPES: dict[str, Callable[[str], Any]] = {
    "int": getters.int_like,
    "long": getters.int_like,
    "float": float,
    "double": float,
    "bool": getters.bool_like,
    "boolean": getters.bool_like,
    "string": str,
}
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Grok:
    """An expression, and for each of its groups the field that it fills, and as what."""

    expression: str
    fields: tuple[tuple[str, str], ...]

    def extract(self, text: str) -> dict[str, Any]:
        """What the fields took; empty where it does not match."""
        match = compiled(self.expression).search(text)
        if match is None:
            return {}
        found: dict[str, Any] = {}
        for number, (field, kind) in enumerate(self.fields, 1):
            taken = match.group(number)
            if field and taken:
                found[field] = _typed(kind, taken)
        return found


def _typed(kind: str, taken: str) -> Any:
    """Raises `EvaluationError`."""
    value = _TYPES[kind](taken)
    if value is None:
        raise EvaluationError(f"{taken!r} is no {kind}")
    return value


@cache
def _known() -> dict[str, str]:
    lines = files("collector.ottl.plain").joinpath("grok.patterns").read_text("utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


@lru_cache(256)
def grok(pattern: str, named_only: bool, definitions: tuple[str, ...]) -> Grok:
    """Raises `EvaluationError` for patterns that there are not."""
    known = dict(_known())
    for definition in definitions:
        split = _DEFINITION.fullmatch(definition)
        if split is None:
            raise EvaluationError(f"pattern definition {definition!r} is not NAME=expression")
        known[split.group(1)] = split.group(2)
    fields: list[tuple[str, str]] = []

    def expand(text: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise EvaluationError("patterns that stand for themselves")
        return _REFERENCE.sub(lambda match: reference(match, depth), text)

    def reference(match: re.Match[str], depth: int) -> str:
        name, field, kind = match.groups()
        if name not in known:
            raise EvaluationError(f"pattern {name} is not known")
        if (kind or "string") not in _TYPES:
            raise EvaluationError(f"type {kind} is not known: {', '.join(_TYPES)}")
        own = field or ("" if named_only else name)
        if not own:
            return f"(?:{expand(known[name], depth + 1)})"
        return f"\0{len(fields_at(own, kind)):04}{expand(known[name], depth + 1)})"

    def fields_at(own: str, kind: str | None) -> list[tuple[str, str]]:
        fields.append((own, kind or "string"))
        return fields

    expression = expand(pattern, 0)
    return _numbered(expression, fields)


def _numbered(expression: str, fields: list[tuple[str, str]]) -> Grok:
    """Our groups among those that the expression has of its own, which take part with their names."""
    out, at, ours = [], 0, []
    for match in re.finditer(
        r"\0(\d{4})|\(\?P?<([A-Za-z_]\w*)>|\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)", expression, re.DOTALL
    ):
        out.append(expression[at : match.start()])
        at = match.end()
        if match.group(1):
            ours.append(fields[int(match.group(1)) - 1])
            out.append("(")
        elif match.group(2):
            ours.append((match.group(2), "string"))
            out.append("(")
        else:
            if match.group() == "(":
                ours.append(("", "string"))
            out.append(match.group())
    out.append(expression[at:])
    return Grok("".join(out), tuple(ours))


def _grok_known(constants: Constants) -> None:
    if not isinstance(pattern := constants.get("pattern"), str):
        return
    definitions = constants.get("patternDefinitions") or []
    try:
        found = grok(pattern, bool(constants.get("namedCapturesOnly", False)), tuple(definitions))
        compiled(found.expression)
    except EvaluationError as error:
        raise ArgumentError("pattern", f"the pattern supplied to ExtractGrokPatterns is not valid: {error}") from None
    if not any(field for field, _ in found.fields):
        raise ArgumentError("pattern", "at least 1 named capture group must be supplied in the given regex")


@GROK.add(
    "ExtractGrokPatterns",
    TEXT_TARGET,
    Parameter("pattern", getters.string),
    Parameter("namedCapturesOnly", getters.boolean, optional=True, default=False),
    Parameter("patternDefinitions", getters.string, optional=True, items=True),
    check=_grok_known,
    costly=True,
)
def _extract_grok_patterns(text: str, pattern: str, named_only: bool, definitions: list[str] | None) -> dict[str, Any]:
    return grok(pattern, named_only, tuple(definitions or ())).extract(text)
