"""The configuration once it is read and checked: what `service` builds from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.component import Component, Config, Kind
from collector.delivery.config import DeliveryConfig
from collector.settings.service import ServiceConfig
from collector.settings.tree import Place, at


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """One pipeline of `service.pipelines`, by component ids.

    Args:
        connectors: those in its `exporters`, which `exporters` here leaves out.
        fed_by: those in its `receivers`.
    """

    id: str
    receivers: Sequence[str]
    processors: Sequence[str]
    exporters: Sequence[str]
    connectors: Sequence[str] = ()
    fed_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A pipeline of the file that does not run, as `traces/2`, and why, as a sentence."""

    pipeline: str
    signal: str
    why: str
    place: Place

    def __str__(self) -> str:
        return f"pipeline {self.pipeline} does NOT RUN: {self.why}{at(self.place)}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every configured component that a pipeline or `service.extensions` names, and how they are joined.

    `sources` are the files it was read from; a SIGHUP reads them again. `warnings` are sentences for the operator
    (deprecated names, risky values); `not_run` the pipelines that the file has beside those of logs; `accepted` extensions that do
    nothing here, and why. `effective` is what `logboom print-config` shows of it, as YAML, where an extension reports that.
    """

    receivers: Mapping[str, Component[Config]]
    processors: Mapping[str, Component[Config]]
    exporters: Mapping[str, Component[DeliveryConfig]]
    connectors: Mapping[str, Component[Config]]
    extensions: Mapping[str, Component[Config]]
    pipelines: Mapping[str, PipelineSettings]
    service: ServiceConfig
    sources: Sequence[str] = ()
    warnings: Sequence[str] = ()
    not_run: Sequence[NotRun] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    effective: str = ""

    def notices(self) -> list[str]:
        """All that an operator should be told at a start: what does not run, what is accepted and does nothing, the warnings."""
        nothing = [f"extensions.{ident} is accepted and does nothing: {why}" for ident, why in self.accepted.items()]
        return [*map(str, self.not_run), *self.warnings, *nothing]

    def fed_by(self, connector: str) -> list[str]:
        """The pipelines that a connector feeds, in the order of the configuration."""
        return [pipeline.id for pipeline in self.pipelines.values() if connector in pipeline.fed_by]

    def components(self, kind: Kind) -> Mapping[str, Component[Config]]:
        """Those of one section, by id."""
        sections: dict[Kind, Mapping[str, Component[Config]]] = {
            Kind.RECEIVER: self.receivers,
            Kind.PROCESSOR: self.processors,
            Kind.EXPORTER: self.exporters,
            Kind.CONNECTOR: self.connectors,
            Kind.EXTENSION: self.extensions,
        }
        return sections[kind]
