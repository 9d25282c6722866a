"""The components of a partition, made and put where they stand: what a worker steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from collector.component import (
    Config,
    Connector,
    Context,
    Exporter,
    Helpers,
    JournalsText,
    JudgesService,
    PassesWhole,
    PayloadExporter,
    Processor,
    Standing,
    TakesCommands,
    TakesEvents,
)
from collector.control.audited import audited_kinds
from collector.control.command import DEPLOYMENT, OWNER
from collector.control.deployments import Deployments
from collector.control.own_commands import OwnCommands
from collector.delivery.account import ExporterStatistics
from collector.domains.cardinality import ATTRIBUTE_KEYS, SERVICES
from collector.domains.guards import GUARDS, Guard, OnOver
from collector.encryption import Keys
from collector.ledger.interface import Ledger
from collector.pipeline.auditing import AuditChain
from collector.pipeline.commanding import Taker
from collector.pipeline.network import Network
from collector.reserved import AUDIT, PIPELINE, guard_name, refiner_name
from collector.service.plan import command_owners, guards_of, real_processors
from collector.service.wiring import feeds_of, reached
from collector.settings.model import PipelineSettings, Settings


class Stages:
    """Makes the processors and connectors of each partition anew: what they remember is of its domains.

    Args:
        delivery: exporter → `ok`, `retrying` or `blocked`.
        on_over: told when a domain names more than it may.
        keys: for components that encrypt.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        extensions: Mapping[str, Any],
        delivery: Callable[[], Mapping[str, ExporterStatistics]],
        on_over: OnOver = lambda *_: None,
        keys: Keys | None = None,
    ) -> None:
        self.helpers = Helpers()
        """Of the processors of all partitions."""
        self._settings = settings
        self._root = root
        self._extensions = extensions
        self.keys = keys
        self._delivery = delivery
        self._on_over = on_over
        self._guards: dict[Ledger, list[Guard]] = {}
        self._for_service: Config | None = None

    def cardinality(self) -> Iterator[tuple[str, str, int]]:
        """(domain, kind, how many different ones), of domains that came; once for each pipeline."""
        for guard in [guard for guards in list(self._guards.values()) for guard in guards]:
            yield from ((domain, guard.kind, number) for domain, number in guard.numbers())

    def untouched(self, exporters: Mapping[str, Exporter]) -> list[str]:
        """The pipelines that hand payloads on as they are: nobody looks at records, in them and in all that they feed."""
        connectors = self._make_connectors(lambda _: Standing.WELL)
        plain = {
            pipeline.id
            for pipeline in self._settings.pipelines.values()
            if self._looks_at_nothing(pipeline, exporters, connectors)
        }
        return [
            pipeline for pipeline in self._settings.pipelines if plain.issuperset(reached(self._settings, pipeline))
        ]

    def sending_on(self, exporters: Mapping[str, Exporter]) -> set[str]:
        """The pipelines whose records may leave as they came: an exporter that can send them on so is reached."""
        able = {name for name, exporter in exporters.items() if isinstance(exporter, PayloadExporter)}
        return {
            pipeline
            for pipeline in self._settings.pipelines
            if any(
                able.intersection(self._settings.pipelines[fed].exporters) for fed in reached(self._settings, pipeline)
            )
        }

    def stores(self, exporters: Mapping[str, Exporter]) -> list[str]:
        """The exporters that take events, of any kind: what people do and the service knows goes to them."""
        return [
            name
            for name, exporter in exporters.items()
            if self._settings.exporters[name].config.kinds(
                exporter.takes_events if isinstance(exporter, TakesEvents) else ()
            )
        ]

    def listening(self) -> dict[str, list[str]]:
        """The connectors that take commands, or that take events and hand none on, as one that alerts, and the pipelines that each
        leads to: what people do and the service knows goes to them. Those that hand on would only give stores twice what they get
        anyway."""
        return {
            name: self._settings.fed_by(name)
            for name, connector in self._make_connectors(lambda _: Standing.WELL).items()
            if isinstance(connector, TakesCommands) or (isinstance(connector, TakesEvents) and not self._hands_on(name))
        }

    def _hands_on(self, connector: str) -> bool:
        return self._settings.connectors[connector].factory.passes_records

    def network(self, ledger: Ledger, listening: Mapping[str, Sequence[str]]) -> Network:
        """Those of one partition; `listening` is what was told of it before."""
        pipelines = self._settings.pipelines.values()
        guards = self._guards[ledger] = []
        return Network(
            {pipeline.id: self._make_processors(pipeline, guards) for pipeline in pipelines}
            | {PIPELINE: [*self._make_judge(), *self._make_audit()]},
            self._make_connectors(partial(self._standing, ledger)),
            {pipeline.id: feeds_of(self._settings, pipeline) for pipeline in pipelines} | {PIPELINE: listening},
        )

    def forget(self, ledger: Ledger) -> None:
        """The partition is not here any more."""
        self._guards.pop(ledger, None)

    def _standing(self, ledger: Ledger, pipeline: str) -> Standing:
        """How the exporters of a pipeline are, and of all that it feeds, in the partition."""
        if ledger.full(pipeline):
            return Standing.FULL
        delivery = self._delivery()
        ways = (self._settings.pipelines[fed] for fed in reached(self._settings, pipeline))
        names = (name for each in ways for name in each.exporters if name in delivery)
        return max((_STANDING[delivery[name].state] for name in names), default=Standing.WELL)

    def _looks_at_nothing(
        self, pipeline: PipelineSettings, exporters: Mapping[str, Exporter], connectors: Mapping[str, Connector]
    ) -> bool:
        return (
            not real_processors(self._settings, pipeline)
            and not any(isinstance(self._settings.receivers[name].config, JournalsText) for name in pipeline.receivers)
            and all(isinstance(exporters[name], PayloadExporter) for name in pipeline.exporters)
            and all(_passes_whole(connectors[name]) for name in pipeline.connectors)
        )

    def _make_processors(self, pipeline: PipelineSettings, made: list[Guard]) -> list[tuple[str, Processor]]:
        """Its own, between the guards of what its receivers bring."""
        rules = self._settings.service.domains.cardinality.rules()
        kinds = guards_of(self._settings, pipeline)
        guards = {kind: GUARDS[kind](rules, self._on_over) for kind in kinds}
        made += guards.values()
        front, behind = (
            [(guard_name(kind, pipeline.id), guards[kind])] if kind in kinds else []
            for kind in (SERVICES, ATTRIBUTE_KEYS)
        )
        return [*self._make_refiners(pipeline), *front, *self._make_own(pipeline), *behind]

    def _make_refiners(self, pipeline: PipelineSettings) -> list[tuple[str, Processor]]:
        """What receivers that journal text do to their records here, before anybody else sees them."""
        made: list[tuple[str, Processor]] = []
        for name in pipeline.receivers:
            config = self._settings.receivers[name].config
            if isinstance(config, JournalsText):
                refiner = config.refiner(Context(name, self._root, pipeline.id, self._extensions, keys=self.keys))
                made += [(refiner_name(name, pipeline.id), refiner)] if refiner is not None else []
        return made

    def judge(self) -> str:
        """The processor that also judges events of the service; empty where none can."""
        used = (name for pipeline in self._settings.pipelines.values() for name in pipeline.processors)
        return next((name for name in used if isinstance(self._settings.processors[name].config, JudgesService)), "")

    def _make_judge(self) -> list[tuple[str, Processor]]:
        name = self.judge()
        if not name:
            return []
        component = self._settings.processors[name]
        if self._for_service is None and isinstance(component.config, JudgesService):
            self._for_service = (
                component.config.for_service()
            )  # one for all partitions, which share what is compiled of it
        context = Context(name, self._root, PIPELINE, self._extensions, keys=self.keys)
        return [(name, component.factory.create(self._for_service, context))]

    def _make_audit(self) -> list[tuple[str, Processor]]:
        """The chains of who did and read what, behind all that looks at events."""
        audit = self._settings.service.audit
        if not audit.enabled:
            return []
        return [
            (
                AUDIT,
                AuditChain(
                    audited_kinds(command_owners(self._settings)), self._root, audit.retention, audit.checkpoint
                ),
            )
        ]

    def _make_own(self, pipeline: PipelineSettings) -> list[tuple[str, Processor]]:
        made: list[tuple[str, Processor]] = []
        for name in real_processors(self._settings, pipeline):
            component = self._settings.processors[name]
            context = Context(name, self._root, pipeline.id, self._extensions, helpers=self.helpers, keys=self.keys)
            made.append((name, component.factory.create(component.config, context)))
        return made

    def _make_connectors(self, standing: Callable[[str], Standing]) -> dict[str, Connector]:
        made: dict[str, Connector] = {}
        for name, component in self._settings.connectors.items():
            context = Context(
                name,
                self._root,
                extensions=self._extensions,
                targets=self._settings.fed_by(name),
                standing=standing,
                keys=self.keys,
            )
            made[name] = component.factory.create(component.config, context)
        return made


_STANDING = {"ok": Standing.WELL, "retrying": Standing.REPEATING, "blocked": Standing.BLOCKED}


def takers(
    settings: Settings, network: Network, pipeline: str, ours: Mapping[str, TakesCommands] = MappingProxyType({})
) -> list[Taker]:
    """The components that take commands in a pipeline; all connectors do in the one that every configuration has, and what nobody takes
    is logboom's own. `ours`: who takes those of its commands that are more than an event."""
    if pipeline != PIPELINE:
        return [
            Taker(name, settings.processors[name].factory.takes_commands, processor)
            for name, processor in network.processors[pipeline]
            if isinstance(processor, TakesCommands)
        ]
    connectors = [
        Taker(name, settings.connectors[name].factory.takes_commands, connector)
        for name, connector in network.connectors.items()
        if isinstance(connector, TakesCommands)
    ]
    own = [name for name, owners in command_owners(settings).items() if owners == [OWNER]]
    takers = {DEPLOYMENT: Deployments(), **ours}
    own = [name for name in own if name in takers]
    return [*connectors, *([Taker(OWNER, own, OwnCommands(takers))] if own else [])]


def _passes_whole(connector: Connector) -> bool:
    return isinstance(connector, PassesWhole) and connector.passes_whole
