"""From settings to what the processes build: ledger plan, data directory, endpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from collector.backend.data_dir import DataDir
from collector.backend.interface import Backend
from collector.backend.local import LocalBackend
from collector.component import Config, Figure, Instrument, MemoryLimiting, MemoryLimits, StepLimiting
from collector.control.command import OWN_COMMANDS, OWNER
from collector.domains.cardinality import ATTRIBUTE_KEYS, SERVICES
from collector.encryption import Keys
from collector.extensions.console.config import ConsoleConfig
from collector.journal.limits import JournalLimits
from collector.ledger.plan import SHARE_BYTES, LedgerPlan, LetterAges, PipelinePlan, Quota
from collector.reserved import AUDIT, PIPELINE, RECEIVER, carried_by, guard_name, memory_of
from collector.service.wiring import carrying_records, choices_of, feeds_of
from collector.settings.model import PipelineSettings, Settings

C = TypeVar("C", bound=Config)


def real_processors(settings: Settings, pipeline: PipelineSettings) -> list[str]:
    """The processors that look at records."""
    return [name for name in pipeline.processors if settings.processors[name].factory.has_behaviour]


def guards_of(settings: Settings, pipeline: PipelineSettings) -> list[str]:
    """What is bounded in a pipeline: of what receivers bring, before others are fed with it."""
    rules = settings.service.domains.cardinality.rules()
    return [kind for kind in (SERVICES, ATTRIBUTE_KEYS) if pipeline.receivers and rules.any(kind)]


def quota_of(settings: Settings, exporter: str) -> Quota:
    """How much may wait for an exporter; `block` is the default of a pipeline's only exporter, `spill` otherwise; where nothing comes
    but what components made, the oldest are dropped."""
    stands = [pipeline for pipeline in settings.pipelines.values() if exporter in pipeline.exporters]
    alone = any([*pipeline.exporters, *pipeline.connectors] == [exporter] for pipeline in stands)
    carrying = carrying_records(settings)
    made = bool(stands) and not any(pipeline.id in carrying for pipeline in stands)
    return settings.exporters[exporter].config.quota(only_exporter=alone, only_made=made)


def _letters(settings: Settings) -> LetterAges:
    """How long dead letters stay, and what keeps them."""
    given = settings.service.ledger.dead_letters
    return LetterAges(given.max_age, given.domains, settings.service.privacy.standing().why)


def ledger_plan(
    settings: Settings,
    passthrough: Sequence[str] = (),
    takers: Sequence[str] = (),
    feeds: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> LedgerPlan:
    """The pipelines and quotas.

    Args:
        passthrough: the pipelines that forward payloads untouched.
        takers: the exporters that take events: what people do and the service knows goes to them, in every configuration.
        feeds: the connectors that take events or commands, and the pipelines that each leads to.
    """
    return LedgerPlan(
        pipelines=[
            PipelinePlan(
                id=pipeline.id,
                receivers=frozenset(pipeline.receivers) | _control(settings, pipeline),
                exporters=list(pipeline.exporters),
                passthrough=pipeline.id in passthrough,
                components=[*real_processors(settings, pipeline), *pipeline.connectors]
                + [guard_name(kind, pipeline.id) for kind in guards_of(settings, pipeline)]
                + [memory_of(name) for name in commanded(settings, pipeline)],
                feeds=feeds_of(settings, pipeline),
                choices=choices_of(settings, pipeline),
            )
            for pipeline in settings.pipelines.values()
        ]
        + [
            PipelinePlan(
                PIPELINE,
                frozenset({RECEIVER}),
                takers,
                share_bytes=SHARE_BYTES,
                feeds=feeds,
                components=[OWNER, memory_of(OWNER), AUDIT, *feeds, *(memory_of(name) for name in feeds)],
            )
        ],
        quotas={name: quota_of(settings, name) for name in used_exporters(settings)},
        dedup_window_secs=settings.service.ledger.dedup_window,
        max_bytes=settings.service.ledger.max_bytes,
        state_bytes=settings.service.ledger.state_bytes,
        domain_state_bytes=settings.service.ledger.domain_state_bytes,
        letters=_letters(settings),
    )


def commanded(settings: Settings, pipeline: PipelineSettings) -> list[str]:
    """The processors of a pipeline that take commands."""
    return [name for name in pipeline.processors if settings.processors[name].factory.takes_commands]


def command_owners(settings: Settings) -> dict[str, list[str]]:
    """Name of a command → the components that take it, each for itself; what nobody else takes is logboom's own."""
    components = [*settings.processors.values(), *settings.connectors.values()]
    owners: dict[str, list[str]] = {}
    for component in components:
        for name in component.factory.takes_commands:
            owners.setdefault(name, []).append(component.id)
    return {name: [OWNER] for name in OWN_COMMANDS} | owners


def _control(settings: Settings, pipeline: PipelineSettings) -> frozenset[str]:
    return frozenset({RECEIVER}) if commanded(settings, pipeline) else frozenset()


def backend_of(settings: Settings, root: Path, keys: Keys | None = None) -> Backend:
    """What keeps journal and ledger; `root` is the data directory. `keys`: of who writes or reads what waits."""
    options, service = settings.service.journal, settings.service
    limits = JournalLimits(options.max_bytes, options.max_domain_share, options.max_group_bytes)
    if (kafka := service.ledger.kafka) is not None:
        from collector.cluster.backend import KafkaBackend  # loaded only where machines share the work
        from collector.cluster.connecting import connect

        return KafkaBackend(
            DataDir(root, service.ledger.partitions), kafka, limits, lambda: connect(kafka), address_of(settings)
        )
    return LocalBackend(
        DataDir(root, service.ledger.partitions), service.processes.ingest, service.processes.workers, limits,
        service.ledger.partition_bytes, keys,
    )  # fmt: skip


def address_of(settings: Settings) -> str:
    """Where this machine's console is, for the others of its cluster; empty: nowhere."""
    console = extension(settings, ConsoleConfig)
    return "" if console is None else str(console.endpoint)


def used_exporters(settings: Settings) -> list[str]:
    """Exporter ids that a pipeline names, once each."""
    return list(dict.fromkeys(name for pipeline in settings.pipelines.values() for name in pipeline.exporters))


def used_receivers(settings: Settings) -> list[str]:
    """Receiver ids that a pipeline names, once each, for whatever signal."""
    return list(
        dict.fromkeys(carried_by(name) for pipeline in settings.pipelines.values() for name in pipeline.receivers)
    )


def declared_counters(settings: Settings) -> list[Instrument]:
    """What the configured exporters say that they count themselves."""
    return [each for component in settings.exporters.values() for each in component.factory.counters]


def declared_figures(settings: Settings) -> list[tuple[str, Figure]]:
    """(component type, number) of what the configured components say that they keep of their state."""
    configured = [*settings.processors.values(), *settings.connectors.values()]
    return [(each.factory.name, figure) for each in configured for figure in each.factory.figures]


def extension(settings: Settings, options: type[C]) -> C | None:
    """The first started extension whose options are of that class."""
    configs = (component.config for component in settings.extensions.values())
    return next((config for config in configs if isinstance(config, options)), None)


def extensions(settings: Settings, options: type[C]) -> dict[str, C]:
    """All started extensions whose options are of that class, by id."""
    configs = {ident: component.config for ident, component in settings.extensions.items()}
    return {ident: config for ident, config in configs.items() if isinstance(config, options)}


@dataclass(frozen=True, slots=True)
class StepSize:
    """How much one step of a pipeline takes at once, and how long it gathers when there is less. What comes when nothing was there
    for a while waits for `first_secs` only."""

    max_bytes: int = 8 << 20
    max_records: int = 16_384
    timeout_secs: float = 0.15
    first_secs: float = 0.0

    @property
    def full_records(self) -> int:
        """A step with so many has probably left some behind."""
        return self.max_records // 2


def step_size(settings: Settings, pipeline: PipelineSettings) -> StepSize:
    """What the pipeline's first processor with step limits asks for, or the defaults."""
    for name in pipeline.processors:
        config = settings.processors[name].config
        if isinstance(config, StepLimiting):
            limits = config.step_limits()
            most = limits.max_records or max(16_384, limits.target_records)
            gather = min(max(limits.gather_secs, 0.005), 5.0)
            return StepSize(max_records=most, timeout_secs=gather, first_secs=gather)
    return StepSize()


def memory_limits(settings: Settings) -> MemoryLimits | None:
    """The strictest that a processor of a pipeline asks for, if one does."""
    names = {name for pipeline in settings.pipelines.values() for name in pipeline.processors}
    configs = (settings.processors[name].config for name in names)
    found = [config.memory_limits(total_memory()) for config in configs if isinstance(config, MemoryLimiting)]
    return min(found, key=lambda limits: limits.soft_bytes, default=None)


def total_memory() -> int:
    """Bytes that this machine, or this control group, has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return machine
    return min(machine, int(group)) if group.isdigit() else machine
