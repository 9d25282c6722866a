"""From settings to what the processes build: ledger plan, data directory, endpoints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.settings.model import PipelineSettings, Settings

MARKERS = frozenset({"batch", "memory_limiter"})
"""Processors that say how the service runs, and leave the records alone."""


def real_processors(settings: Settings, pipeline: PipelineSettings) -> list[str]:
    """The processors that look at records."""
    return [name for name in pipeline.processors if settings.processors[name].factory.name not in MARKERS]


def quota_of(settings: Settings, exporter: str) -> Quota:
    """How much may wait for an exporter; `block` is the default of a pipeline's only exporter, `spill` otherwise."""
    alone = any(list(pipeline.exporters) == [exporter] for pipeline in settings.pipelines.values())
    quota: Quota = settings.exporters[exporter].config.quota(only_exporter=alone)
    return quota


def ledger_plan(settings: Settings, passthrough: Sequence[str] = ()) -> LedgerPlan:
    """The pipelines and quotas; `passthrough` are the pipelines that forward payloads untouched."""
    return LedgerPlan(
        pipelines=[
            PipelinePlan(
                id=pipeline.id,
                receivers=frozenset(pipeline.receivers),
                exporters=list(pipeline.exporters),
                passthrough=pipeline.id in passthrough,
            )
            for pipeline in settings.pipelines.values()
        ],
        quotas={name: quota_of(settings, name) for name in used_exporters(settings)},
        dedup_window_secs=settings.service.ledger.dedup_window,
        max_bytes=settings.service.ledger.max_bytes,
    )


def used_exporters(settings: Settings) -> list[str]:
    """Exporter ids that a pipeline names, once each."""
    return list(dict.fromkeys(name for pipeline in settings.pipelines.values() for name in pipeline.exporters))


def used_receivers(settings: Settings) -> list[str]:
    """Receiver ids that a pipeline names, once each."""
    return list(dict.fromkeys(name for pipeline in settings.pipelines.values() for name in pipeline.receivers))


def extension(settings: Settings, type_name: str) -> Any | None:
    """The options of the first started extension of that type."""
    for name in settings.service.extensions:
        if settings.extensions[name].factory.name == type_name:
            return settings.extensions[name].config
    return None


@dataclass(frozen=True, slots=True)
class StepSize:
    """How much one step of a pipeline takes at once, and how long it gathers when there is less."""

    max_bytes: int = 8 << 20
    max_records: int = 16_384
    timeout_secs: float = 0.1

    @property
    def full_records(self) -> int:
        """A step with so many has probably left some behind."""
        return self.max_records // 2


def step_size(settings: Settings, pipeline: PipelineSettings) -> StepSize:
    """What the pipeline's `batch` processor asks for, or the defaults."""
    for name in pipeline.processors:
        component = settings.processors[name]
        if component.factory.name == "batch":
            limits = component.config.step_limits()
            most = limits.max_records or max(16_384, limits.target_records)
            return StepSize(max_records=most, timeout_secs=min(max(limits.gather_secs, 0.005), 5.0))
    return StepSize()


@dataclass(frozen=True, slots=True)
class MemoryBound:
    """Anonymous memory of all processes: above `soft_bytes` new requests are refused with `refusal`."""

    soft_bytes: int
    check_interval_secs: float
    refusal: str


def memory_limits(settings: Settings) -> MemoryBound | None:
    """The strictest `memory_limiter` of the pipelines, if there is one."""
    found = []
    for pipeline in settings.pipelines.values():
        for name in pipeline.processors:
            component = settings.processors[name]
            if component.factory.name == "memory_limiter":
                limits = component.config.limits(total_memory())
                found.append(MemoryBound(limits.soft_bytes, limits.check_interval_secs, component.config.refusal))
    return min(found, key=lambda limits: limits.soft_bytes, default=None)


def total_memory() -> int:
    """Bytes that this machine, or this control group, has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return machine
    return min(machine, int(group)) if group.isdigit() else machine
