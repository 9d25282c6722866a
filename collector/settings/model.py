"""The configuration once it is read and checked: what `service` builds from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.component import Component
from collector.settings.service import ServiceConfig


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """One pipeline of `service.pipelines`, by component ids."""

    id: str
    receivers: Sequence[str]
    processors: Sequence[str]
    exporters: Sequence[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every configured component that a pipeline or `service.extensions` names, and how they are joined.

    `sources` are the files it was read from; a SIGHUP reads them again. `warnings` are sentences for the operator
    (deprecated names, risky values).
    """

    receivers: Mapping[str, Component[Any]]
    processors: Mapping[str, Component[Any]]
    exporters: Mapping[str, Component[Any]]
    connectors: Mapping[str, Component[Any]]
    extensions: Mapping[str, Component[Any]]
    pipelines: Mapping[str, PipelineSettings]
    service: ServiceConfig
    sources: Sequence[str] = ()
    warnings: Sequence[str] = ()
