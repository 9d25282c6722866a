"""Components of a configuration beside the OpenTelemetry Collector's of that name: equal, equal but for, without effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from collector.component import Component, Config, Kind
from collector.reserved import carried_by
from collector.settings import Settings
from collector.settings.descriptions import descriptions

_WITHOUT_EFFECT = ("Accepted", "No effect")
"""How the texts of options begin that are taken and change nothing."""
_EQUAL = "equal"


def compared(settings: Settings) -> Iterator[tuple[str, str]]:
    """(component, a line each for what there is to say of it), of types that the Collector has."""
    for kind in Kind:
        for ident, component in settings.components(kind).items():
            if component.factory.differs is not None and carried_by(ident) == ident:
                yield f"{kind}.{ident}", "\n".join(_lines(component))
    for ident, why in settings.accepted.items():
        yield f"{Kind.EXTENSION}.{ident}", f"accepted without effect: {why}"


def told_once(rows: Mapping[str, str]) -> dict[str, str]:
    """The rows for somebody who reads them: what several components have in common stands beside the first of them."""
    first: dict[str, str] = {}
    return {
        name: text if text == _EQUAL or first.setdefault(text, name) == name else f"as {first[text]}"
        for name, text in rows.items()
    }


def _lines(component: Component[Config]) -> Iterator[str]:
    differs = component.factory.differs
    yield f"equal but for: {'; '.join(differs)}" if differs else _EQUAL
    written = list(written_without_effect(component.config))
    if written:
        yield f"accepted without effect: {', '.join(written)}"


def written_without_effect(config: BaseModel, path: str = "") -> Iterator[str]:
    """Options that were written and change nothing, by their dotted names; a block that changes nothing is named alone."""
    told = descriptions(type(config))
    for name, value in config:
        if name not in config.model_fields_set:
            continue
        option = f"{path}{type(config).model_fields[name].alias or name}"
        if told.get(name, "").startswith(_WITHOUT_EFFECT):
            yield option
        elif isinstance(value, BaseModel):
            yield from written_without_effect(value, f"{option}.")
