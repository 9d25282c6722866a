"""The options table of a component's README, made from its pydantic model, between two markers.

python -m collector.settings.documentation      brings every README and config/schema.json up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from collector.component import Kind
from collector.registry import Registry
from collector.settings.descriptions import descriptions
from collector.units import parse_duration, parse_long_duration, parse_size

BEGIN, END = "<!-- options -->", "<!-- /options -->"
_SIMPLE = {str: "text", int: "integer", float: "number", bool: "boolean", Any: "any", SecretStr: "secret", Path: "path"}
_UNITS = (("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3))
_SIZES = (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10))


class Option(NamedTuple):
    """One row: dotted name, type, default and sentence."""

    name: str
    type: str
    default: str
    description: str


def options(model: type[BaseModel], prefix: str = "", above: Sequence[type[BaseModel]] = ()) -> Iterator[Option]:
    """Every option of a model, those of nested models under dotted names."""
    for field_name, field in model.model_fields.items():
        name = prefix + (field.alias or field_name)
        nested = [part for part in _models(field.annotation) if part not in above]
        described = " ".join(descriptions(model).get(field_name, "").split())
        yield Option(name, _type_name(field.annotation, field.metadata), _default(field), described)
        for part in nested:
            yield from options(part, name + _suffix(field.annotation) + ".", (*above, model))


def options_table(model: type[BaseModel]) -> str:
    """The options as a Markdown table."""
    rows = ["| option | type | default | meaning |", "| --- | --- | --- | --- |"]
    for option in options(model):
        cells = (f"`{option.name}`", option.type, option.default, option.description)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def with_table(readme: str, model: type[BaseModel]) -> str:
    """The README's text with a current table between the markers.

    Raises:
        ValueError: it has no markers.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the README needs the lines {BEGIN} and {END} under ## Options")
    return f"{before}{BEGIN}\n{options_table(model)}\n{END}{after}"


def component_readmes(registry: Registry) -> Iterator[tuple[Path, type[BaseModel]]]:
    """Each of our own components' README with the model it documents."""
    for kind in Kind:
        for factory in registry.factories(kind):
            if registry.origin(kind, factory.name) == "logboom":
                source = sys.modules[factory.config.__module__].__file__
                yield Path(str(source)).with_name("README.md"), factory.config


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    from collector.settings.options import models_in

    yield from dict.fromkeys(models_in(annotation))


def _suffix(annotation: Any) -> str:
    """`[]` for the items of a list, `.<key>` for the values of a map."""
    inner = [part for part in get_args(annotation) if part is not NoneType]
    if get_origin(annotation) in {Union, UnionType} and len(inner) >= 1:
        return _suffix(next((part for part in inner if any(_models(part))), inner[0]))
    suffixes: dict[Any, str] = {list: "[]", dict: ".<key>"}
    return suffixes.get(get_origin(annotation), "")


def _type_name(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    for item in metadata:
        if isinstance(item, BeforeValidator) and item.func in {parse_duration, parse_long_duration, parse_size}:
            return "size" if item.func is parse_size else "duration"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(inner[0], inner[1:])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(_type_name(part) for part in inner if part is not NoneType))
    if origin in {list, tuple, set, frozenset}:
        return f"list of {_type_name(inner[0])}" if inner else "list"
    if origin is dict or annotation is dict:
        return "map"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "block"
    return _SIMPLE.get(annotation, getattr(annotation, "__name__", "any").lower())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    kind = _type_name(field.annotation, field.metadata)
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel | SecretStr):
        return ""
    if kind == "duration":
        return f"`{_duration(float(value))}`"
    if kind == "size":
        return f"`{_size(int(value))}`"
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, BaseModel):
        return _written(value.model_dump(exclude_unset=True))
    return str(value)


def _duration(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds and (seconds / size).is_integer():
            return f"{int(seconds / size)}{unit}"
    return f"{seconds:g}s"


def _size(count: int) -> str:
    for unit, power in _SIZES:
        if count and count % (1 << power) == 0:
            return f"{count >> power}{unit}"
    return str(count)


def stale(registry: Registry, root: Path) -> dict[Path, str]:
    """The files that are not current, with the text they should have: READMEs, the schema and the page of events below `root`."""
    from collector.control.page import markdown as events_page
    from collector.settings.schema import schema_text

    readmes = [(path, model) for path, model in component_readmes(registry) if path.exists()]
    wanted = {path: with_table(path.read_text(encoding="utf-8"), model) for path, model in readmes}
    wanted[root / "config" / "schema.json"] = schema_text(registry)
    wanted[root / "collector" / "control" / "EVENTS.md"] = events_page()
    return {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: Sequence[str]) -> int:
    """Write what is stale; with `--check` only name it, and return 1 when there is something."""
    checking = "--check" in arguments
    found = stale(Registry(), Path(__file__).resolve().parents[2])
    for path, text in found.items():
        sys.stdout.write(f"{path}\n")
        if not checking:
            path.write_text(text, encoding="utf-8")
    return 1 if found and checking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
