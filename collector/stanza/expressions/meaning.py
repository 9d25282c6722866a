"""What an expression says of one entry: a tree becomes a function of the entry's environment.

The environment has `body`, `attributes`, `resource`, `timestamp`, `severity_number`, `severity_text`, `trace_id`, `span_id`, and `env`
and `os_env_func` as functions. What is not there is nil.
"""

from __future__ import annotations

import json
import math
import operator
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import re2

from collector.stanza.absent import ABSENT
from collector.stanza.expressions.parsing import PREDICATES, Tree
from collector.stanza.problems import Failed, OperatorError

Environment = Mapping[str, Any]
Meaning = Callable[[Environment], Any]
NAMES = {
    "body", "attributes", "resource", "timestamp", "severity_number", "severity_text", "trace_id", "span_id", "scope_name", "$env", "env"
}  # fmt: skip
_compiled: dict[str, Any] = {}


def meaning(tree: Tree) -> Meaning:
    """Raises `OperatorError`: a name or function that there is not, a pattern that is none."""
    return _KINDS[tree[0]](tree)


def _constant(tree: Tree) -> Meaning:
    value = tree[1]
    return lambda _: value


def _name(tree: Tree) -> Meaning:
    name = tree[1]
    if name not in NAMES and name != "$":
        raise OperatorError(f"unknown name {name}")
    return lambda env: None if (value := env.get(name)) is ABSENT else value


def _element(_: Tree) -> Meaning:
    return lambda env: env["#"]


def _member(tree: Tree) -> Meaning:
    of, key = meaning(tree[1]), meaning(tree[2])
    return lambda env: _item(of(env), key(env))


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        found = value.get(key) if isinstance(key, str) else None
        return None if found is ABSENT else found
    if isinstance(value, list | str) and type(key) is int:
        return value[key] if -len(value) <= key < len(value) else None
    if value is None:
        return None
    raise Failed(f"a {_kind(value)} has no members")


def _slice(tree: Tree) -> Meaning:
    of, first, last = meaning(tree[1]), meaning(tree[2]), meaning(tree[3])
    return lambda env: of(env)[first(env) : last(env)]


def _array(tree: Tree) -> Meaning:
    parts = [meaning(each) for each in tree[1]]
    return lambda env: [part(env) for part in parts]


def _map(tree: Tree) -> Meaning:
    parts = [(meaning(key), meaning(value)) for key, value in tree[1]]
    return lambda env: {key(env): value(env) for key, value in parts}


def _choice(tree: Tree) -> Meaning:
    asked, yes, no = meaning(tree[1]), meaning(tree[2]), meaning(tree[3])
    return lambda env: yes(env) if _true(asked(env)) else no(env)


def _or_else(tree: Tree) -> Meaning:
    first, other = meaning(tree[1]), meaning(tree[2])
    return lambda env: value if _true(value := first(env)) else other(env)


def _true(value: Any) -> bool:
    if type(value) is not bool:
        raise Failed(f"a {_kind(value)} is no condition")
    return value


def _unary(tree: Tree) -> Meaning:
    of = meaning(tree[2])
    match tree[1]:
        case "not":
            return lambda env: not _true(of(env))
        case "-":
            return lambda env: -of(env)
    return of


def _binary(tree: Tree) -> Meaning:
    sign, left, right = tree[1], meaning(tree[2]), meaning(tree[3])
    if sign == "and":
        return lambda env: _true(left(env)) and _true(right(env))
    if sign == "or":
        return lambda env: _true(left(env)) or _true(right(env))
    if sign == "??":
        return lambda env: other if (value := left(env)) is None and (other := right(env)) is not ABSENT else value
    if sign == "matches" and tree[3][0] == "constant":
        pattern(tree[3][1])
    compute = _SIGNS[sign]

    def run(env: Environment) -> Any:
        try:
            return compute(left(env), right(env))
        except (TypeError, ZeroDivisionError, ValueError) as error:
            raise Failed(f"{sign}: {type(error).__name__}") from None

    return run


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def pattern(text: str) -> Any:
    """A compiled expression in RE2's syntax. Raises `OperatorError`."""
    if text not in _compiled:
        options = re2.Options()
        options.log_errors = False
        try:
            _compiled[text] = re2.compile(text, options)
        except re2.error as error:
            raise OperatorError(f"{text!r} is no regular expression (RE2): {error}") from None
    return _compiled[text]


def _matches(left: Any, right: str) -> bool:
    if not isinstance(left, str):
        raise Failed(f"matches: a {_kind(left)} is no text")
    return pattern(right).search(left) is not None


def _text(function: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if not isinstance(left, str) or not isinstance(right, str):
            raise Failed(f"a {_kind(left)} is no text")
        return function(left, right)

    return run


def _within(left: Any, right: Any) -> bool:
    if right is None:
        return False
    return any(_equal(left, each) for each in right) if isinstance(right, list) else left in right


def _kind(value: Any) -> str:
    return "nil" if value is None else type(value).__name__


_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": _equal, "!=": lambda left, right: not _equal(left, right), "<": operator.lt, ">": operator.gt, "<=": operator.le,
    ">=": operator.ge, "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod, "**": operator.pow,
    "..": lambda first, last: list(range(first, last + 1)), "matches": _matches, "contains": _text(lambda a, b: b in a),
    "startsWith": _text(str.startswith), "endsWith": _text(str.endswith), "in": _within,
}  # fmt: skip


def _call(tree: Tree) -> Meaning:
    name = tree[1]
    if name in PREDICATES:
        return _predicate(name, [meaning(each) for each in tree[2]])
    function = FUNCTIONS.get(name)
    if function is None:
        raise OperatorError(f"unknown function {name}()")
    arguments = [meaning(each) for each in tree[2]]

    def run(env: Environment) -> Any:
        try:
            return function(*[argument(env) for argument in arguments])
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise Failed(f"{name}(): {type(error).__name__}") from None

    return run


def _predicate(name: str, arguments: list[Meaning]) -> Meaning:
    of, asked = arguments[0], arguments[1] if len(arguments) > 1 else (lambda env: env["#"])

    def answers(env: Environment) -> list[tuple[Any, Any]]:
        return [(each, asked({**env, "#": each})) for each in of(env) or ()]

    run: dict[str, Callable[[list[tuple[Any, Any]]], Any]] = {
        "all": lambda found: all(yes for _, yes in found), "any": lambda found: any(yes for _, yes in found),
        "none": lambda found: not any(yes for _, yes in found), "one": lambda found: sum(bool(yes) for _, yes in found) == 1,
        "filter": lambda found: [each for each, yes in found if yes], "map": lambda found: [yes for _, yes in found],
        "count": lambda found: sum(bool(yes) for _, yes in found), "find": lambda found: next((e for e, yes in found if yes), None),
    }  # fmt: skip
    return lambda env: run[name](answers(env))


def _trimmed(how: str) -> Callable[..., str]:
    def trim(text: str, letters: str | None = None) -> str:
        return str(getattr(text, how)(letters))

    return trim


def _type_of(value: Any) -> str:
    return {str: "string", bool: "bool", int: "int", float: "float", list: "array", dict: "map"}.get(type(value), "nil")


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "env": lambda name: os.environ.get(name, ""), "os_env_func": lambda name: os.environ.get(name, ""), "len": len,
    "lower": str.lower, "upper": str.upper, "trim": _trimmed("strip"), "trimPrefix": str.removeprefix, "trimSuffix": str.removesuffix,
    "hasPrefix": str.startswith, "hasSuffix": str.endswith, "split": str.split, "replace": str.replace, "repeat": lambda t, n: t * n,
    "join": lambda parts, by="": by.join(parts), "indexOf": str.find, "lastIndexOf": str.rfind, "int": int, "float": float,
    "string": lambda value: value if isinstance(value, str) else json.dumps(value), "abs": abs, "ceil": math.ceil, "floor": math.floor,
    "round": round, "min": min, "max": max, "sum": sum, "type": _type_of, "keys": sorted, "values": lambda m: list(m.values()),
    "first": lambda v: v[0] if v else None, "last": lambda v: v[-1] if v else None, "sort": sorted, "reverse": lambda v: v[::-1],
    "toJSON": lambda value: json.dumps(value, indent=2), "fromJSON": json.loads, "splitAfter": lambda t, by: re.findall(f".*?{re.escape(by)}|.+$", t),
    "get": _item,
}  # fmt: skip
_KINDS: Mapping[str, Callable[[Tree], Meaning]] = {
    "constant": _constant, "name": _name, "element": _element, "member": _member, "slice": _slice, "array": _array, "map": _map,
    "choice": _choice, "or_else": _or_else, "unary": _unary, "binary": _binary, "call": _call,
}  # fmt: skip
