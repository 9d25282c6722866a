"""What is allowed, and seldom meant: sentences for `validate` and the log at start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from collector.component import Component, Kind
from collector.settings.model import Settings
from collector.settings.tree import Place

Declared = Mapping[Kind, Mapping[str, Place]]


def cautions(settings: Settings, declared: Declared) -> Iterator[str]:
    """Everything of a right configuration that an operator should know of."""
    yield from _unused(settings, declared)
    for kind in Kind:
        components: Mapping[str, Component[Any]] = getattr(settings, kind.value)
        for ident, component in components.items():
            yield from _unverified(f"{kind}.{ident}", component.config)
            yield from _unreachable_header(f"{kind}.{ident}", component.config, settings.service.domains.header)
            yield from _in_the_clear(f"{kind}.{ident}", component.config)


def _unused(settings: Settings, declared: Declared) -> Iterator[str]:
    for kind, places in declared.items():
        used: Mapping[str, Component[Any]] = getattr(settings, kind.value)
        by = "service.extensions does not name it" if kind is Kind.EXTENSION else "no pipeline names it"
        for ident, place in places.items():
            if ident not in used:
                yield f"{kind}.{ident} is declared, but {by}: it does nothing{at(place)}"


def at(place: Place) -> str:
    """` (file:line)`, or nothing."""
    return f" ({place.file}:{place.line})" if place.line else ""


def blocks(value: Any, path: str) -> Iterator[tuple[str, BaseModel]]:
    """Every model within an option, with its dotted path."""
    if isinstance(value, BaseModel):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from blocks(getattr(value, name), f"{path}.{field.alias or name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from blocks(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from blocks(item, f"{path}.{position}")


def _unverified(path: str, config: Any) -> Iterator[str]:
    for where, block in blocks(config, path):
        if getattr(block, "insecure_skip_verify", False) is True:
            yield (
                f"{where}.insecure_skip_verify: nobody checks whom the records go to; "
                "name the server's authority in ca_file instead"
            )


def _unreachable_header(path: str, config: Any, header: str | None) -> Iterator[str]:
    """Browsers ask whether they may send a header; a refused one is the end of the request, without a trace here."""
    for where, block in blocks(config, path):
        allowed = {str(name).lower() for name in getattr(block, "allowed_headers", None) or []}
        if header and getattr(block, "allowed_origins", None) and not allowed & {"*", header.lower()}:
            yield f"{where}: web pages may not send {header}, which names the domain: add it to allowed_headers"


def _in_the_clear(path: str, config: Any) -> Iterator[str]:
    destination = config.destination() if hasattr(config, "destination") else ""
    if "in the clear" in destination:
        yield f"{path} sends to {destination}: whoever is on the way can read and change the records"
