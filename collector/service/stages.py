"""The components of a partition, made and put where they stand: what a worker steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from collector.component import Connector, Context, Exporter, PassesWhole, PayloadExporter, Processor
from collector.pipeline.network import Network
from collector.service.plan import real_processors
from collector.service.wiring import feeds_of, reached
from collector.settings.model import PipelineSettings, Settings


class Stages:
    """Makes the processors and connectors of each partition anew: what they remember is of its domains.

    Args:
        blocked: whether a pipeline has an exporter that takes nothing now.
    """

    def __init__(
        self, settings: Settings, root: Path, extensions: Mapping[str, Any], blocked: Callable[[str], bool]
    ) -> None:
        self._settings = settings
        self._root = root
        self._extensions = extensions
        self._blocked = blocked
        self._connectors = self._make_connectors()

    def untouched(self, exporters: Mapping[str, Exporter]) -> list[str]:
        """The pipelines that hand payloads on as they are: nobody looks at records, in them and in all that they feed."""
        plain = {
            pipeline.id for pipeline in self._settings.pipelines.values() if self._looks_at_nothing(pipeline, exporters)
        }
        return [
            pipeline for pipeline in self._settings.pipelines if plain.issuperset(reached(self._settings, pipeline))
        ]

    def network(self) -> Network:
        """Those of one partition."""
        pipelines = self._settings.pipelines.values()
        connectors, self._connectors = self._connectors or self._make_connectors(), {}
        return Network(
            {pipeline.id: self._make_processors(pipeline) for pipeline in pipelines},
            connectors,
            {pipeline.id: feeds_of(self._settings, pipeline) for pipeline in pipelines},
        )

    def _looks_at_nothing(self, pipeline: PipelineSettings, exporters: Mapping[str, Exporter]) -> bool:
        return (
            not real_processors(self._settings, pipeline)
            and all(isinstance(exporters[name], PayloadExporter) for name in pipeline.exporters)
            and all(_passes_whole(self._connectors[name]) for name in pipeline.connectors)
        )

    def _make_processors(self, pipeline: PipelineSettings) -> list[tuple[str, Processor]]:
        made: list[tuple[str, Processor]] = []
        for name in real_processors(self._settings, pipeline):
            component = self._settings.processors[name]
            context = Context(name, self._root, pipeline.id, self._extensions)
            made.append((name, component.factory.create(component.config, context)))
        return made

    def _make_connectors(self) -> dict[str, Connector]:
        made: dict[str, Connector] = {}
        for name, component in self._settings.connectors.items():
            context = Context(
                name,
                self._root,
                extensions=self._extensions,
                targets=self._settings.fed_by(name),
                blocked=self._blocked,
            )
            made[name] = component.factory.create(component.config, context)
        return made


def _passes_whole(connector: Connector) -> bool:
    return isinstance(connector, PassesWhole) and connector.passes_whole
