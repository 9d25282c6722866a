"""A JSON schema of the whole configuration, for editors and other tools.

Made from the pydantic models. Wherever an option is not text, an expression such as `${env:PORT}` fits as well; and a
block without a value is the block with its defaults.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from collector.component import Config, Kind
from collector.registry import Registry
from collector.settings.descriptions import describe
from collector.settings.service import ServiceConfig

_EXPRESSION = {"type": "string", "pattern": r"\$\{"}


def schema(registry: Registry) -> dict[str, Any]:
    """The schema as plain values; draft 2020-12."""
    factories = {(kind, name): registry.find(kind, name) for kind in Kind for name in registry.types(kind)}
    models: list[type[Config]] = [ServiceConfig, *(factory.config for factory in factories.values() if factory)]
    describe(models)
    refs, top = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    for model in dict.fromkeys(models):
        _with_former_names(top["$defs"][refs[model, "validation"]["$ref"].rpartition("/")[2]], model)
    sections = {kind.value: _section() for kind in Kind}
    for (kind, name), factory in factories.items():
        if factory is not None:
            body = {"anyOf": [refs[factory.config, "validation"], {"type": "null"}], "description": factory.summary}
            sections[kind.value]["patternProperties"][rf"^{name}\s*(/.+)?$"] = body
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "logboom configuration",
        "type": "object",
        "additionalProperties": False,
        "required": ["receivers", "exporters", "service"],
        "properties": {**sections, "service": refs[ServiceConfig, "validation"]},
        "$defs": {name: _lenient(definition) for name, definition in sorted(top.get("$defs", {}).items())},
    }


def schema_text(registry: Registry) -> str:
    """The schema as it stands in `config/schema.json`."""
    return json.dumps(schema(registry), indent=1, ensure_ascii=False) + "\n"


def _with_former_names(definition: dict[str, Any], model: type[Config]) -> None:
    for old, new in model.former_names.items():
        about = {"deprecated": True, "description": f"The old name of `{new}`."}
        definition["properties"][old] = {**definition["properties"].get(new, {}), **about}
    for old, why in model.removed_options.items():
        definition["properties"][old] = {"deprecated": True, "description": f"Without effect: {why}."}


def _section() -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": False, "patternProperties": {}}


def _lenient(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with expressions and empty values allowed where the reader allows them."""
    properties = definition.get("properties")
    if not properties:
        return definition
    return {**definition, "properties": {name: _or_expression(value) for name, value in properties.items()}}


def _or_expression(value: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {
        key: value[key] for key in ("description", "default", "title", "deprecated") if key in value
    }
    rest = {key: item for key, item in value.items() if key not in about}
    if rest == {"type": "string"}:
        return {**about, "type": ["string", "number", "boolean", "null"]}
    return {**about, "anyOf": [rest, _EXPRESSION, {"type": "null"}]}
