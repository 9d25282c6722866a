"""Options of one component: a tree of values against its pydantic model, each complaint at the very key.

Where the OpenTelemetry Collector is lenient, so are we: `tls:` without a value is as if it were not written, a number
where text is wanted is taken as it was written, and `a,b` where a list is wanted is split at the commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from collector.component import Config
from collector.errors import Problem
from collector.settings.redaction import REDACTED, redact_message
from collector.settings.suggest import advice, hint, nearest
from collector.settings.tree import LEFT_OUT, Found, Listing, Mapping, Node, Place, Scalar, locate, plain

M = TypeVar("M", bound=Config)
_ROUNDS = 8
_NAMED = re.compile(r"(?s)(?P<quote>['`\"]?)(?P<path>\w+(?:\.\w+)*)(?P=quote)(?::\s+(?P<rest>.+)|\s)")
_WITHOUT_INPUT = set(get_args(ErrorType)) - {
    "value_error",
    "assertion_error",
    "union_tag_invalid",
}
"""Errors whose sentence never holds a part of the value."""
_SENTENCES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_type": "must be a block of options",
    "string_type": "must be text",
}


class Subject(NamedTuple):
    """What is checked: its name in messages (`exporters.otlp/main`), its values, its place, and where to read on."""

    name: str
    node: Node
    place: Place
    readme: str = ""


def read_options(model: type[M], subject: Subject) -> tuple[M | None, list[Problem]]:
    """The options as a `model`, or every problem with them."""
    node = Mapping(place=subject.place) if _is_null(subject.node) else subject.node
    if not isinstance(node, Mapping):
        message = f"{subject.name} must be a mapping of options"
        return None, [Problem(message, *subject.place, code="config/not-a-map", hint="write option: value below it")]
    subject = subject._replace(node=node)
    repaired: dict[int, Any] = {}
    for _ in range(_ROUNDS):
        try:
            config = model.model_validate(plain(node, repaired))
            loose = list(_loose_booleans(config, node, subject.name))
            return (None, loose) if loose else (config, [])
        except ValidationError as error:
            errors = error.errors(include_url=False)
        repairs = dict(filter(None, (_repair(_located(model, subject, e["loc"]), e) for e in errors)))
        if not repairs.keys() - repaired.keys():
            break
        repaired |= repairs
    return None, _problems(model, subject, errors)


def _loose_booleans(value: Any, node: Node, path: str) -> Iterator[Problem]:
    """Texts and numbers that pydantic took for true or false; as the Collector's strict decoding, we don't."""
    if isinstance(value, bool):
        if isinstance(node, Scalar) and not isinstance(node.value, bool | None):
            written = (
                REDACTED if node.origin else f"the text {node.text!r}" if isinstance(node.value, str) else node.text
            )
            message = f"{path}: must be true or false, not {written}"
            yield Problem(message, *node.place, code="config/invalid-value", hint="write true or false, without quotes")
    elif isinstance(node, Mapping):
        for key, child in node.entries.items():
            yield from _loose_booleans(_part(value, key), child.node, f"{path}.{key}")
    elif isinstance(node, Listing) and isinstance(value, list | tuple) and len(value) == len(node.items):
        for at, item in enumerate(node.items):
            yield from _loose_booleans(value[at], item, f"{path}.{at}")


def _part(value: Any, key: str) -> Any:
    """What became of the option `key`: a field of a model, by its name or alias, or an item of a map."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        name = next((name for name, field in fields.items() if key in {name, field.alias}), None)
        return getattr(value, name) if name is not None else None
    return value.get(key) if isinstance(value, dict) else None


def _located(model: type[Config], subject: Subject, path: Sequence[str | int]) -> Found:
    """Where it was written, maybe under the option's old name."""
    written = subject.node.entries if isinstance(subject.node, Mapping) else {}
    for old, new in model.former_names.items():
        parts = new.split(".")
        if old in written and list(path[: len(parts)]) == parts:
            return locate(subject.node, [old, *path[len(parts) :]], subject.place)
    return locate(subject.node, path, subject.place)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _repair(found: Found, error: ErrorDetails) -> tuple[int, Any] | None:
    node = found.node
    if not found.path or error["type"] in {"extra_forbidden", "missing"}:
        return None
    if _is_null(node):
        return id(node), LEFT_OUT
    if error["type"] == "string_type" and node.text:
        return id(node), node.text
    if error["type"] == "list_type" and isinstance(node, Scalar) and isinstance(node.value, str):
        return id(node), [part.strip() for part in node.value.split(",") if part.strip()]
    return None


def _problems(model: type[Config], subject: Subject, errors: Sequence[ErrorDetails]) -> list[Problem]:
    """One problem for each unknown or missing key, and one for each value, joining what a union's variants say."""
    keys: dict[str, Problem] = {}
    values: dict[tuple[Place, str], list[Problem]] = {}
    for error in _told(model, subject, errors):
        problem = _problem(model, subject, error)
        if problem.code == "config/invalid-value":
            place = Place(problem.file, problem.line, problem.column)
            values.setdefault((place, problem.message.partition(": ")[0]), []).append(problem)
        else:
            keys.setdefault(problem.message, problem)
    return [*keys.values(), *map(_joined, values.values())]


def _told(model: type[Config], subject: Subject, errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without the variants of a union that have another shape than what was written, when one has the same."""
    paths = [_located(model, subject, error["loc"]).path for error in errors]
    for error, path in zip(errors, paths, strict=True):
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
        if not (deeper and error["type"].endswith("_type")):
            yield error


def _joined(same: list[Problem]) -> Problem:
    first = same[0]
    rest = dict.fromkeys(problem.message.partition(": ")[2] for problem in same[1:] if problem.message != first.message)
    return Problem(" or ".join([first.message, *rest]), first.file, first.line, first.column, first.code, first.hint)


def _problem(model: type[Config], subject: Subject, error: ErrorDetails) -> Problem:
    found = _located(model, subject, error["loc"])
    path = ".".join([subject.name, *map(str, found.path)])
    see = f"see {subject.readme}" if subject.readme else ""
    if error["type"] == "extra_forbidden":
        return _unknown_key(model, subject, error, found, see)
    if error["type"] == "missing":
        return _missing_key(subject, error, see)
    key = str(found.path[-1]) if found.path else ""
    sentence = _sentence(error)
    if error["type"] not in _WITHOUT_INPUT:
        sentence = redact_message(sentence, found.node, key)
    place = found.node.place if found.path else found.key_place
    option, rest = _option_named_by(sentence, found.node)
    if option is not None:
        place = option.node.place
        path, sentence = (".".join([path, *map(str, option.path)]), rest) if rest else (path, sentence)
    return Problem(f"{path}: {sentence}", *place, code="config/invalid-value", hint=hint(_nearest_choice(error), see))


def _option_named_by(sentence: str, node: Node) -> tuple[Found | None, str]:
    """The option that a sentence about a whole block begins with, if it was written: there the reader must look.

    `protocols.grpc.endpoint: no port` names it before a colon, and the rest is returned; in `'limit_mib' must be…` the name
    is a word of the sentence.
    """
    match = _NAMED.match(sentence)
    if match is None or not isinstance(node, Mapping):
        return None, ""
    path = match["path"].split(".")
    found = locate(node, path, node.place)
    return (found, match["rest"] or "") if list(found.path) == path else (None, "")


def _missing_key(subject: Subject, error: ErrorDetails, see: str) -> Problem:
    owner = locate(subject.node, error["loc"][:-1], subject.place)
    written = _child_place(owner.node, str(error["loc"][-1]))
    path = ".".join([subject.name, *map(str, owner.path)])
    message = f'{path} needs the option "{error["loc"][-1]}"'
    return Problem(message, *(written or owner.key_place), code="config/missing-key", hint=hint("", see))


def _child_place(node: Node, key: str) -> Place | None:
    """Where the value of `key` stands, when the key was written without one."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry.node.place if entry else None


def _unknown_key(model: type[BaseModel], subject: Subject, error: ErrorDetails, found: Found, see: str) -> Problem:
    key = str(error["loc"][-1])
    owner = ".".join([subject.name, *map(str, found.path[:-1])])
    allowed = {name for part in _models_at(model, error["loc"][:-1]) for name in _keys(part)}
    lines = hint(*advice(key, allowed, "unknown option", "allowed here"), see)
    return Problem(f'{owner} has no option "{key}"', *found.key_place, code="config/unknown-key", hint=lines)


def _sentence(error: ErrorDetails) -> str:
    """Pydantic's message in our words."""
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return _SENTENCES.get(error["type"]) or message.replace("Input should be", "must be").replace(
        "String should", "must"
    )


def _nearest_choice(error: ErrorDetails) -> str:
    if error["type"] not in {"literal_error", "enum"} or not isinstance(error.get("input"), str):
        return ""
    choices = [
        word for word in str(error.get("ctx", {}).get("expected", "")).split("'") if word.strip(", ") not in {"", "or"}
    ]
    return nearest(error["input"], choices)


def _models_at(model: type[BaseModel], path: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models that may stand at `path` below `model`."""
    here: list[type[BaseModel]] = [model]
    for part in path:
        below = [m for one in here for m in _field_models(one, part)]
        here = below or here  # an index, or a union's variant: stay
    return here


def _field_models(model: type[BaseModel], part: str | int) -> Iterator[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if part in {name, field.alias}:
            yield from models_in(field.annotation)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The pydantic models named in a type: through Optional, unions, lists, dicts and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, list, dict, tuple, Annotated} or get_args(annotation):
        for argument in get_args(annotation):
            yield from models_in(argument)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
