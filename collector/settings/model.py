"""The configuration once it is read and checked: what `service` builds from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.component import Component, Config, Kind
from collector.delivery.config import DeliveryConfig
from collector.settings.service import ServiceConfig


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
class Settings:
    """Every configured component that a pipeline or `service.extensions` names, and how they are joined.

    `sources` are the files it was read from; a SIGHUP reads them again. `warnings` are sentences for the operator
    (deprecated names, risky values).
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
