"""Reads, merges, expands and checks a configuration; all that is wrong is told at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from typing import Any

from collector.component import AsksForDomains, Component, GivesDomains, Kind, Use
from collector.errors import ConfigError, Problem
from collector.registry import Registry, default_registry
from collector.settings.causes import with_causes
from collector.settings.cautions import cautions
from collector.settings.components import Components, check_sections, read_components, renamed_warnings
from collector.settings.door_cautions import door_cautions
from collector.settings.expand import Expansion
from collector.settings.ids import parse_id
from collector.settings.model import Settings
from collector.settings.named_extensions import NamedExtensions
from collector.settings.open_listeners import OpenListener, open_listeners, refused, warned
from collector.settings.options import Subject, read_options
from collector.settings.redaction import without
from collector.settings.references import PipelineLists, Reference, check_service, pipeline_of
from collector.settings.service import ServiceConfig
from collector.settings.sources import read_sources
from collector.settings.tree import Entry, Listing, Mapping, Node, Place, Scalar, locate
from collector.settings.wiring import check_wiring


def load(
    sources: Sequence[str],
    sets: Sequence[str] = (),
    *,
    registry: Registry | None = None,
    environ: MappingABC[str, str] | None = None,
) -> Settings:
    """The configuration of `sources` (paths, `file:`, `env:`, `yaml:`), merged in order, then `sets` (`a.b=value`).

    Reads files and the environment; opens nothing else and starts nothing.

    Raises:
        ConfigError: with every problem found, in the order of the files.
    """
    return read(sources, sets, registry=registry, environ=environ).settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and the tree of values that it was made from."""

    settings: Settings
    root: Mapping


def read(
    sources: Sequence[str],
    sets: Sequence[str] = (),
    *,
    registry: Registry | None = None,
    environ: MappingABC[str, str] | None = None,
) -> Loaded:
    """As `load`, with the tree."""
    environ = os.environ if environ is None else environ
    merged, problems = read_sources(sources, sets, environ)
    if problems:
        raise ConfigError(problems)
    if not merged.entries:
        place = Place(sources[0] if sources else "--config")
        hint = "`logboom init` writes one to begin with"
        raise ConfigError([Problem("empty configuration file", *place, code="config/empty", hint=hint)])
    expansion = Expansion(environ)
    root = expansion.expand(merged)
    assert isinstance(root, Mapping)
    reading = _Reading(root, default_registry() if registry is None else registry)
    found = [*expansion.problems, *(p for p in reading.problems() if _place(p) not in expansion.failed)]
    problems, warnings = with_causes(found, expansion.unset, root)
    if problems:
        hidden = reading.secrets
        told = [
            replace(each, message=without(each.message, hidden), hint=without(each.hint, hidden)) for each in problems
        ]
        raise ConfigError(_in_file_order(told, sources), warnings, hidden)
    return Loaded(reading.settings(tuple(sources), warnings), root)


def _place(problem: Problem) -> Place:
    return Place(problem.file, problem.line, problem.column)


def _in_file_order(problems: Sequence[Problem], sources: Sequence[str]) -> list[Problem]:
    order = {source.removeprefix("file:"): position for position, source in enumerate(sources)}
    last = len(order)
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (order.get(problem.file, last), problem.line, problem.column))


class _Reading:
    """One configuration on its way from a tree to `Settings`."""

    def __init__(self, root: Mapping, registry: Registry) -> None:
        self._root = root
        self._components: Components = read_components(root, registry)
        entry = root.entries.get("service", Entry(root.place, Mapping(place=root.place)))
        self._entry = entry
        self._service, self._service_problems = read_options(ServiceConfig, Subject("service", entry.node, entry.place))
        self._pipelines, self._id_problems = _pipelines(_child(entry.node, "pipelines"))
        self._extensions = _references(_child(entry.node, "extensions"))

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that stand in options that are secrets."""
        return frozenset(self._components.secrets)

    def problems(self) -> Iterator[Problem]:
        """All that is wrong."""
        yield from check_sections(self._root)
        yield from self._components.problems
        yield from self._service_problems
        yield from self._id_problems
        if not self._pipelines and not self._id_problems:
            place = self._entry.place
            yield Problem(
                "service must have at least one pipeline",
                *place,
                code="config/no-pipeline",
                hint="add service.pipelines.logs",
            )
        yield from check_service(self._extensions, self._pipelines, self._components.places)
        yield from check_wiring(self._pipelines, self._components.found)
        yield from self._named_extensions()
        if self._service is not None:
            giving = self._giving_domains()
            yield from filter(None, (refused(one, self._service, giving) for one in self._open()))
            if giving or len(self._service.domains.served()) > 1:
                yield from self._for_every_domain()

    def _for_every_domain(self) -> Iterator[Problem]:
        """Options that must name their domains now that several may be served."""
        for kind, ids in self._used().items():
            for ident in ids:
                one, name = self._components.found[kind].get(ident), f"{kind}.{ident}"
                if one is None or not isinstance(one.config, AsksForDomains):
                    continue
                node = self._components.trees[name].node
                for option, why in one.config.for_every_domain().items():
                    place = locate(node, option.split("."), node.place).node.place
                    yield Problem(
                        f"{name}.{option} is empty where several domains are served: {why}",
                        *place,
                        code="config/no-domains",
                        hint="name the domains that it is for",
                    )

    def _giving_domains(self) -> list[str]:
        """Extensions that run and whose credentials belong to domains."""
        found, running = self._components.found[Kind.EXTENSION], self._used()[Kind.EXTENSION]
        configs = {ident: found[ident].config for ident in running if ident in found}
        return [name for name, config in configs.items() if isinstance(config, GivesDomains) and config.gives_domains()]

    def _open(self) -> Iterator[OpenListener]:
        """Listeners that other machines reach and nobody guards, of receivers that run."""
        found = self._components.found[Kind.RECEIVER]
        for ident in self._used()[Kind.RECEIVER]:
            if ident in found:
                name = f"{Kind.RECEIVER}.{ident}"
                yield from open_listeners(name, found[ident].config, self._components.trees[name].node)

    def _named_extensions(self) -> Iterator[Problem]:
        """`sending_queue.storage` and `auth.authenticator` name extensions that run, and are good for that."""
        extensions = NamedExtensions(
            running={reference.id for reference in self._extensions},
            declared=set(self._components.places[Kind.EXTENSION]),
            found=self._components.found[Kind.EXTENSION],
        )
        for kind, ids in self._used().items():
            for ident in ids:
                name = f"{kind}.{ident}"
                if name in self._components.trees:
                    for use, reference in _extension_references(kind, self._components.trees[name].node):
                        yield from extensions.check(name, use, reference)

    def _used(self) -> dict[Kind, list[str]]:
        """The ids that pipelines and `service.extensions` name, by section, in order of appearance."""
        used: dict[Kind, dict[str, None]] = {kind: {} for kind in Kind}
        used[Kind.EXTENSION].update((reference.id, None) for reference in self._extensions)
        connectors = self._components.places[Kind.CONNECTOR]
        for lists in self._pipelines:
            for kind, part in (
                (Kind.RECEIVER, lists.receivers),
                (Kind.PROCESSOR, lists.processors),
                (Kind.EXPORTER, lists.exporters),
            ):
                for reference in part:
                    used[Kind.CONNECTOR if reference.id in connectors else kind][reference.id] = None
        return {kind: list(ids) for kind, ids in used.items()}

    def settings(self, sources: Sequence[str], warnings: Sequence[str]) -> Settings:
        """What the service builds from; call it only when there are no problems."""
        assert self._service is not None
        used = self._used()
        chosen: dict[str, dict[str, Component[Any]]] = {
            kind.value: {ident: self._components.found[kind][ident] for ident in ids} for kind, ids in used.items()
        }
        renamed = [sentence for kind, ids in used.items() for sentence in self._renamed(kind, ids)]
        told = [*warnings, *renamed, *_legacy(self._service), *filter(None, map(warned, self._open()))]
        pipelines = {lists.id: pipeline_of(lists, used[Kind.CONNECTOR]) for lists in self._pipelines}
        settings = Settings(**chosen, pipelines=pipelines, service=self._service, sources=sources, warnings=tuple(told))
        of_doors = door_cautions(settings, self._components.trees)
        return replace(settings, warnings=(*told, *cautions(settings, self._components.places), *of_doors))

    def _renamed(self, kind: Kind, ids: Sequence[str]) -> Iterator[str]:
        """A sentence for each type and option written with an old name."""
        yield from renamed_warnings(kind, iter(ids))
        for ident in ids:
            node = self._components.trees[f"{kind}.{ident}"].node
            written = node.entries if isinstance(node, Mapping) else {}
            for old, new in self._components.found[kind][ident].factory.config.former_names.items():
                if old in written:
                    yield f'{kind}.{ident}: the option "{old}" is now called "{new}"; the old name still works'


def _legacy(service: ServiceConfig) -> Iterator[str]:
    if service.telemetry.metrics.address is not None:
        yield "service.telemetry.metrics.address is the old form of a pull reader under readers; it still works"


def _child(node: Node, key: str) -> Node | None:
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry.node if entry else None


def _pipelines(node: Node | None) -> tuple[list[PipelineLists], list[Problem]]:
    lists: list[PipelineLists] = []
    problems: list[Problem] = []
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        try:
            ident = str(parse_id(key))
        except ValueError as error:
            problems.append(Problem(f"service::pipelines: {error}", *entry.place, code="config/invalid-id"))
            continue
        parts = [_references(_child(entry.node, part)) for part in ("receivers", "processors", "exporters")]
        lists.append(PipelineLists(ident, entry.place, *parts))
    return lists, problems


def _references(node: Node | None) -> list[Reference]:
    """The ids of a list; `a, b` in one string is a list too."""
    items = node.items if isinstance(node, Listing) else [node]
    found = [item for item in items if isinstance(item, Scalar) and item.text]
    return [
        Reference(_canonical(part), item.place, item.origin)
        for item in found
        for part in item.text.split(",")
        if part.strip()
    ]


def _canonical(text: str) -> str:
    try:
        return str(parse_id(text))
    except ValueError:
        return text.strip()


def _extension_references(kind: Kind, node: Node) -> Iterator[tuple[Use, Reference]]:
    side = Use.SERVER_AUTHENTICATOR if kind == Kind.RECEIVER else Use.CLIENT_AUTHENTICATOR
    for use, parent, key in ((Use.STORAGE, "sending_queue", "storage"), (side, "auth", "authenticator")):
        yield from ((use, reference) for reference in _references_below(node, parent, key))
    if kind == Kind.EXTENSION:
        yield from ((side, reference) for reference in _references(_child(node, "additional_auth")))


def _references_below(node: Node, parent: str, key: str) -> Iterator[Reference]:
    if not isinstance(node, Mapping):
        return
    for name, entry in node.entries.items():
        if name == parent:
            yield from _references(_child(entry.node, key))
        else:
            yield from _references_below(entry.node, parent, key)
