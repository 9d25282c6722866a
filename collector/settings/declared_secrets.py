"""The texts that stand where options are declared as secrets, in a tree of values, whatever else is wrong with it.

Names tell most secrets (`redaction`), but not all: the `value` of a header is one. Messages and quoted lines must not show those either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from collector.settings.tree import Listing, Mapping, Node, Scalar


def declared_secrets(model: type[BaseModel], node: Node) -> Iterator[str]:
    """All texts below the options of a model that are secrets, keys among them: who writes a block in a secret's place may have
    written it there."""
    if not isinstance(node, Mapping):
        return
    for name, field in model.model_fields.items():
        entry = node.entries.get(field.alias or name)
        if entry is not None:
            yield from _below(field.annotation, entry.node)


def _below(annotation: Any, node: Node) -> Iterator[str]:
    if annotation is SecretStr:
        yield from _texts(node)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from declared_secrets(annotation, node)
    elif get_origin(annotation) is dict:
        of_values = get_args(annotation)[-1]
        for entry in node.entries.values() if isinstance(node, Mapping) else ():
            yield from _below(of_values, entry.node)
        for item in node.items if isinstance(node, Listing) else ():  # headers as a list of names and values
            if isinstance(item, Mapping) and "value" in item.entries:
                yield from _below(of_values, item.entries["value"].node)
    elif get_origin(annotation) is list:
        for item in node.items if isinstance(node, Listing) else [node]:
            yield from _below(get_args(annotation)[0], item)
    else:
        for inner in get_args(annotation):
            yield from _below(inner, node)


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield node.text
    elif isinstance(node, Mapping):
        for name, entry in node.entries.items():
            yield name
            yield from _texts(entry.node)
    else:
        for item in node.items:
            yield from _texts(item)
