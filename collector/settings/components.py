"""The five sections of components: ids, types, options."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collector.component import Component, Kind
from collector.errors import ConfigError, Problem
from collector.registry import RENAMED, Registry
from collector.settings.declared_secrets import declared_secrets
from collector.settings.equivalents import does_it_here
from collector.settings.ids import Id, parse_id
from collector.settings.options import Subject, read_options
from collector.settings.suggest import advice, among, hint, nearest
from collector.settings.tree import Entry, Mapping, Place, Scalar
from collector.settings.upstream.component_types import for_other_signals
from collector.settings.upstream.component_types import known as is_known
from collector.settings.upstream.extensions import without_effect

_SECTIONS = (*(kind.value for kind in Kind), "service")
_TYPING_ERROR = 0.85
"""How near a name must be to be one of ours misspelt, rather than another one of the Collector's."""


@dataclass(slots=True)
class Components:
    """What the sections declare.

    `places` has every readable id, `broken` what is wrong with a component, by its name (`exporters.otlp`), `accepted` why an extension
    does nothing here; `secrets` the texts that stand in options that are secrets.
    """

    found: dict[Kind, dict[str, Component[Any]]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    places: dict[Kind, dict[str, Place]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    trees: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: dict[str, list[Problem]] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


def check_sections(root: Mapping) -> Iterator[Problem]:
    """Only the six sections stand at the top."""
    for key, entry in root.entries.items():
        if key not in _SECTIONS:
            lines = hint(*advice(key, _SECTIONS, "unknown section", "allowed here"))
            yield Problem(f"'' has invalid keys: {key}", *entry.place, code="config/unknown-section", hint=lines)
    for kind, message in (
        (Kind.RECEIVER, "no receiver configuration specified in config"),
        (Kind.EXPORTER, "no exporter configuration specified in config"),
    ):
        section = root.entries.get(kind.value)
        if section is None or _is_empty(section):
            place = section.place if section else root.place
            yield Problem(message, *place, code="config/missing-section", hint=f"add {kind.value}: with at least one")


def _is_empty(entry: Entry) -> bool:
    node = entry.node
    return (isinstance(node, Scalar) and node.value is None) or (isinstance(node, Mapping) and not node.entries)


def read_components(root: Mapping, registry: Registry) -> Components:
    """Every declared component, used or not, with its options checked."""
    components = Components()
    for kind in Kind:
        section = root.entries.get(kind.value)
        if section is None or _is_empty(section):
            continue
        if not isinstance(section.node, Mapping):
            message = f"{kind} must be a mapping of component ids"
            components.problems.append(Problem(message, *section.place, code="config/not-a-map"))
            continue
        for key, entry in section.node.entries.items():
            _read_component(kind, key, entry, registry, components)
    return components


def _read_component(kind: Kind, key: str, entry: Entry, registry: Registry, components: Components) -> None:
    try:
        ident = parse_id(key)
    except ValueError as error:
        components.problems.append(Problem(f"{kind}: {error}", *entry.place, code="config/invalid-id"))
        return
    if str(ident) in components.places[kind]:
        message = f'duplicate name "{ident}" after trimming spaces "{key}"'
        components.problems.append(Problem(message, *entry.place, code="config/duplicate-id", hint="rename one"))
        return
    name = f"{kind}.{ident}"
    components.places[kind][str(ident)] = entry.place
    components.trees[name] = entry
    try:
        factory = registry.find(kind, ident.type)
    except ConfigError as error:
        components.broken[name] = [_placed(problem, entry.place) for problem in error.problems]
        return
    if factory is None and kind is Kind.EXTENSION and (why := without_effect(ident.type)):
        components.accepted[str(ident)] = why
        return
    if factory is None:
        components.broken[name] = [_unknown_type(kind, ident, entry.place, registry)]
        return
    subject = Subject(name, entry.node, entry.place, _readme(factory.config.__module__))
    components.secrets.update(declared_secrets(factory.config, entry.node))
    config, problems = read_options(factory.config, subject)
    if problems:
        components.broken[name] = problems
    if config is not None:
        components.found[kind][str(ident)] = Component(str(ident), factory, config, entry.place)


def _placed(problem: Problem, place: Place) -> Problem:
    return replace(problem, file=place.file, line=place.line, column=place.column)


def _readme(module: str) -> str:
    """Where the options of a component are explained, when it brings a README."""
    folder = module.rpartition(".")[0]
    file = sys.modules[folder].__file__ if folder in sys.modules else None
    exists = file is not None and Path(file).with_name("README.md").exists()
    return f"{folder.replace('.', '/')}/README.md#options" if exists else ""


def _unknown_type(kind: Kind, ident: Id, place: Place, registry: Registry) -> Problem:
    return Problem(
        f'\'{kind}\' unknown type: "{ident.type}" for id: "{ident}"',
        *place,
        code="config/unknown-component",
        hint=hint(*_advice(kind, ident.type, registry.types(kind))),
    )


def _advice(kind: Kind, name: str, known: Collection[str]) -> tuple[str, str]:
    """The near name, the new one, what does its work here; or what there is."""
    here = for_other_signals(kind, name) or does_it_here(kind, name)
    if here and not nearest(name, known, cutoff=_TYPING_ERROR):
        return "logboom has no such component", here
    if is_known(kind, name):  # it is no slip of the pen, however near another name is
        return "the OpenTelemetry Collector has it, logboom does not", among(f"known {kind}", known)
    return advice(name, known, "logboom has no such component", f"known {kind}")


def renamed_warnings(kind: Kind, ids: Iterator[str]) -> Iterator[str]:
    """A sentence for each id written with a type name that the OpenTelemetry Collector replaced."""
    for ident in ids:
        new = RENAMED.get((kind, parse_id(ident).type))
        if new:
            yield f'{kind}.{ident}: the type "{parse_id(ident).type}" is now called "{new}"; the old name still works'
