"""Telemetry items as Microsoft's own generated message types (azure-monitor-opentelemetry-exporter) describe them: which members there are, which must
be there, and of which type."""

from __future__ import annotations

import importlib
import sys
import typing
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from counterparts.fetched import packages

_NAME = "counterparts_generated_azure"
_DATA = {"MessageData": "MessageData", "ExceptionData": "TelemetryExceptionData", "EventData": "TelemetryEventData"}


def check(item: dict[str, Any]) -> None:
    """Raise pydantic's ValidationError, or KeyError, for an item that is none: a member too many, one that is missing, a wrong type."""
    data = item["data"]
    _strict("TelemetryItem").model_validate({**item, "data": {}})
    _strict(_DATA[data["baseType"]]).model_validate(data["baseData"])
    assert data.keys() == {"baseType", "baseData"}


def tag_names() -> frozenset[str]:
    """All tags that there are."""
    return frozenset(str(one.value) for one in _models().ContextTagKeys)


def levels() -> frozenset[str]:
    """All severity levels."""
    return frozenset(str(one.value) for one in _models().SeverityLevel)


@cache
def _models() -> Any:
    """The generated types alone: what stands around them starts threads, and sends statistics home."""
    folder = packages("azure", Path(__file__).with_name("requirements.txt"))
    package = ModuleType(_NAME)
    package.__path__ = [str(folder / "azure/monitor/opentelemetry/exporter/_generated/exporter")]
    sys.modules[_NAME] = package
    sys.path.append(str(folder))
    try:
        return importlib.import_module(f"{_NAME}.models")
    finally:
        sys.path.remove(str(folder))


@cache
def _strict(name: str) -> type[BaseModel]:
    """The generated type `name` as one that takes nothing else."""
    generated = getattr(_models(), name)
    hints = typing.get_type_hints(generated, {**vars(sys.modules[f"{_NAME}.models._models"]), "_models": _models()})
    generated({})  # the first one made describes the type
    fields: dict[str, Any] = {}
    for attribute, field in generated._attr_to_rest_field.items():
        if not field._is_discriminator:
            wanted = hints[attribute]
            default = None if type(None) in typing.get_args(wanted) else ...
            fields[attribute] = (_plain(wanted), Field(default, alias=field._rest_name))
    return create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _plain(hint: Any) -> Any:
    """A hint of the generated types as one of JSON's: times are texts, lists of types are lists of strict ones; what holds others is looked at apart."""
    if hint is datetime:
        return str
    if _is_generated(hint):
        return Any
    within = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Union:
        return typing.Union[tuple(map(_plain, within))]  # noqa: UP007  made at run time
    if typing.get_origin(hint) is list and _is_generated(within[0]):
        return list[_strict(within[0].__name__)]  # type: ignore[misc]  # made at run time
    return hint


def _is_generated(hint: Any) -> bool:
    return getattr(hint, "__module__", "") == f"{_NAME}.models._models"
