"""One configuration on its way from a tree of values to `Settings`: what runs of it, and all that is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from collector.component import AsksForDomains, Component, GivesDomains, Kind, Use
from collector.errors import Problem
from collector.registry import Registry
from collector.settings.carried import why_not_carried, with_carriers
from collector.settings.cautions import cautions
from collector.settings.components import Components, check_sections, read_components, renamed_warnings
from collector.settings.declared_secrets import declared_secrets
from collector.settings.door_cautions import door_cautions
from collector.settings.ids import parse_id
from collector.settings.model import Settings
from collector.settings.named_extensions import NamedExtensions
from collector.settings.old_options import old_options
from collector.settings.open_listeners import OpenListener, open_listeners, refused, shown_to_anybody, warned
from collector.settings.options import Subject, read_options
from collector.settings.redaction import without
from collector.settings.references import Reference, check_service, pipeline_of
from collector.settings.running import choose
from collector.settings.running import refused as refused_pipelines
from collector.settings.service import ServiceConfig
from collector.settings.sharing import refused as not_shared
from collector.settings.sharing import waits_for_delivery
from collector.settings.tree import Entry, Mapping, Node, Place, at, locate, scalars
from collector.settings.upstream.component_types import known
from collector.settings.upstream.extensions import NOBODY_NAMES_IT, ON_DISK
from collector.settings.wiring import check_wiring
from collector.settings.written import child, extension_references, named, pipelines, references


class Reading:
    """One configuration on its way from a tree to `Settings`."""

    def __init__(self, root: Mapping, registry: Registry, strict_signals: bool) -> None:
        self._root, self._strict = root, strict_signals
        self._components: Components = read_components(root, registry)
        entry = root.entries.get("service", Entry(root.place, Mapping(place=root.place)))
        self._entry = entry
        self._service, self._service_problems = read_options(ServiceConfig, Subject("service", entry.node, entry.place))
        self._written, self._id_problems = pipelines(child(entry.node, "pipelines"))
        carried = partial(why_not_carried, found=self._components.found, wrong=self._misspelt())
        self._chosen = choose(self._written, self._components.places[Kind.CONNECTOR], carried)
        self._pipelines = self._chosen.running
        self._extensions = references(child(entry.node, "extensions"))
        self._accept_extensions()

    def _misspelt(self) -> set[str]:
        """The names of components of a type that there is, whose options can't be read."""
        broken = self._components.broken.items()
        return {name for name, found in broken if all(one.code != "config/unknown-component" for one in found)}

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that stand in options that are secrets, and keys that stand where they should not."""
        block = child(self._entry.node, "encryption")
        own = frozenset(declared_secrets(ServiceConfig, self._entry.node))
        return frozenset(self._components.secrets) | own | (frozenset() if block is None else _keys_below(block))

    def problems(self) -> Iterator[Problem]:
        """All that is wrong. Where an id is not declared, it may stand in a definition that nothing names: what is wrong with those is
        told as well."""
        found = list(self._problems())
        yield from found
        if any(problem.code == "config/unknown-reference" for problem in found):
            mentioned = named(self._written, self._extensions)
            for name, problems in self._components.broken.items():
                yield from problems if name.partition(".")[2] not in mentioned else ()

    def _problems(self) -> Iterator[Problem]:
        yield from check_sections(self._root)
        yield from self._components.problems
        for kind, ids in self._used().items():
            for ident in ids:
                yield from self._components.broken.get(f"{kind}.{ident}", ())
        yield from self._service_problems
        yield from self._id_problems
        yield from refused_pipelines(self._chosen, self._strict)
        if not self._written and not self._id_problems:
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
        yield from self._shown_to_anybody()
        if self._service is not None:
            yield from not_shared(
                self._service, self._entry.node, self._extensions, self._components.found[Kind.EXTENSION]
            )
            yield from self._waiting_for_delivery(self._service)
            giving = self._giving_domains()
            yield from filter(None, (refused(one, self._service, giving) for one in self._open()))
            if giving or len(self._service.domains.served()) > 1:
                yield from self._for_every_domain()

    def _waiting_for_delivery(self, service: ServiceConfig) -> Iterator[Problem]:
        """Receivers that run and can't where machines share the work."""
        found = self._components.found[Kind.RECEIVER]
        for ident in self._used()[Kind.RECEIVER] if service.ledger.kafka is not None else ():
            if ident in found:
                name = f"{Kind.RECEIVER}.{ident}"
                yield from waits_for_delivery(name, found[ident].config, self._components.trees[name].node)

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

    def _shown_to_anybody(self) -> Iterator[Problem]:
        """Extensions that run and show records to whoever reaches them."""
        found = self._components.found[Kind.EXTENSION]
        for ident in self._used()[Kind.EXTENSION]:
            if ident in found:
                name = f"{Kind.EXTENSION}.{ident}"
                yield from shown_to_anybody(name, found[ident].config, self._components.trees[name].node)

    def _named_extensions(self) -> Iterator[Problem]:
        """`sending_queue.storage` and `auth.authenticator` name extensions that run, and are good for that."""
        extensions = NamedExtensions(
            running={reference.id for reference in self._extensions},
            declared=set(self._components.places[Kind.EXTENSION]),
            found=self._components.found[Kind.EXTENSION],
            accepted=self._components.accepted,
        )
        for name, use, reference in self._named_by_options():
            yield from extensions.check(name, use, reference)

    def _named_by_options(self) -> Iterator[tuple[str, Use, Reference]]:
        """Which component that runs names an extension, and for what."""
        for kind, ids in self._used().items():
            for ident in ids:
                name = f"{kind}.{ident}"
                if name in self._components.trees:
                    for use, reference in extension_references(kind, self._components.trees[name].node):
                        yield name, use, reference

    def _accept_extensions(self) -> None:
        """Storages of distributions: whatever a queue is to be kept in, it is on disk here. And what the Collector has for others to
        name, where nobody does."""
        uses = {reference.id: use for _, use, reference in self._named_by_options()}
        for ident in [reference.id for reference in self._extensions]:
            unknown = self._components.broken.get(f"{Kind.EXTENSION}.{ident}", ())
            if not any(problem.code == "config/unknown-component" for problem in unknown):
                continue
            why = ON_DISK if uses.get(ident) is Use.STORAGE else ""
            if ident not in uses and known(Kind.EXTENSION, parse_id(ident).type):
                why = NOBODY_NAMES_IT
            if why:
                self._components.accepted[ident] = why
                del self._components.broken[f"{Kind.EXTENSION}.{ident}"]

    def idle_places(self) -> set[Place]:
        """Where values of components stand that do not run: what is wrong with those refuses no file."""
        used = {f"{kind}.{ident}" for kind, ids in self._used().items() for ident in ids}
        idle = (entry.node for name, entry in self._components.trees.items() if name not in used)
        return {scalar.place for node in idle for _, scalar in scalars(node)}

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

    def settings(self, sources: Sequence[str], given: Sequence[str]) -> Settings:
        """What the service builds from; call it only when there are no problems."""
        assert self._service is not None
        used = self._used()
        chosen: dict[str, dict[str, Component[Any]]] = {
            kind.value: {ident: found[ident] for ident in ids if ident in found}
            for kind, ids in used.items()
            for found in [self._components.found[kind]]
        }
        renamed = [sentence for kind, ids in used.items() for sentence in self._renamed(kind, ids)]
        told = [*self._chosen.left_out, *given, *renamed, *_legacy(self._service)]
        told += filter(None, map(warned, self._open()))
        joined = {lists.id: pipeline_of(lists, used[Kind.CONNECTOR]) for lists in self._pipelines}
        accepted = {ident: why for ident, why in self._components.accepted.items() if ident in used[Kind.EXTENSION]}
        settings = Settings(
            chosen["receivers"], chosen["processors"], chosen["exporters"], chosen["connectors"], chosen["extensions"], joined, service=self._service, sources=sources, warnings=tuple(told),
            not_run=tuple(self._chosen.not_run), accepted=accepted,
        )  # fmt: skip
        of_doors = door_cautions(settings, self._components.trees)
        warnings = (*told, *self._unused(), *cautions(settings), *of_doors)
        return with_carriers(replace(settings, warnings=warnings))

    def _unused(self) -> Iterator[str]:
        """Definitions that nothing names, with what is wrong with them. Those of pipelines that don't run are told with these."""
        mentioned = named(self._written, self._extensions)
        for kind, places in self._components.places.items():
            by = "service.extensions does not name it" if kind is Kind.EXTENSION else "no pipeline names it"
            for ident, place in places.items():
                if ident not in mentioned:
                    wrong = [problem.message for problem in self._components.broken.get(f"{kind}.{ident}", ())[:1]]
                    would = f", and would be refused: {without(wrong[0], self.secrets)}" if wrong else ""
                    yield f"{kind}.{ident} is declared, but {by}: it does nothing{would}{at(place)}"

    def _renamed(self, kind: Kind, ids: Sequence[str]) -> Iterator[str]:
        """A sentence for each type and option written with an old name."""
        yield from renamed_warnings(kind, iter(ids))
        for ident in ids:
            if component := self._components.found[kind].get(ident):
                name = f"{kind}.{ident}"
                yield from old_options(name, component.config, self._components.trees[name].node)


def _keys_below(block: Node) -> frozenset[str]:
    from collector.encryption.master_key import is_key  # loads cryptography, which few configurations need

    return frozenset(scalar.text for _, scalar in scalars(block) if is_key(scalar.text))


def _legacy(service: ServiceConfig) -> Iterator[str]:
    if service.telemetry.metrics.address is not None:
        yield "service.telemetry.metrics.address is the old form of a pull reader under readers; it still works"
