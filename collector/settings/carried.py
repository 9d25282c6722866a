"""Pipelines of other signals that run: bare ones, through which requests pass as they are (`otlp_wire.signals`).

A receiver or exporter is one component for each signal that it carries, under a name of its own (`traces:otlp/main`): with a source
in the journal, a queue, dead letters and counts of its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from collector.component import CarriesSignals, Component, Kind
from collector.delivery.config import BatchConfig, DeliveryConfig, QueueConfig
from collector.reserved import carrier_name
from collector.settings.ids import parse_id
from collector.settings.model import PipelineSettings, Settings
from collector.settings.references import PipelineLists

Found = Mapping[Kind, Mapping[str, Component[Any]]]
"""The components that could be read, by section and id."""
_APART = ("profiles",)
"""Signals whose requests can't be joined: each of profiles has a dictionary, in which its numbers are positions."""


def why_not_carried(signal: str, lists: PipelineLists, found: Found, wrong: Container[str]) -> str:
    """Why a pipeline of another signal does not run, as a sentence; empty: it does. `wrong`: the names (`exporters.otlp`) of what
    could not be read."""
    why = next(chain(_ends(signal, lists, found, wrong), _looking(lists, found)), "")
    return f"logboom carries logs, not {signal}, but for requests that pass as they are: {why}" if why else ""


def _ends(signal: str, lists: PipelineLists, found: Found, wrong: Container[str]) -> Iterator[str]:
    for kind, word, part in (
        (Kind.RECEIVER, "receiver", lists.receivers),
        (Kind.EXPORTER, "exporter", lists.exporters),
    ):
        if not part:
            yield f"it has no {word}"
        for reference in part:
            component = found[kind].get(reference.id)
            if f"{kind}.{reference.id}" in wrong:
                yield f"something is wrong with the {word} {reference.shown}"
            elif component is None or not isinstance(component.config, CarriesSignals):
                yield f"the {word} {reference.shown} carries none"
            elif why := component.config.carries(signal):
                yield f"the {word} {reference.shown} carries none: {why}"
            elif isinstance(component.config, DeliveryConfig) and (shaped := component.config.shaping()):
                yield f"the {word} {reference.shown} looks at records: {shaped[0]}"


def _looking(lists: PipelineLists, found: Found) -> Iterator[str]:
    """Processors that do something to records."""
    for reference in lists.processors:
        component = found[Kind.PROCESSOR].get(reference.id)
        if component is None or component.factory.has_behaviour:
            yield f"the processor {reference.shown} looks into them"


def with_carriers(settings: Settings) -> Settings:
    """With the components that carry other signals, each in its pipelines; without exporters that no pipeline of logs names."""
    receivers, exporters = dict(settings.receivers), dict(settings.exporters)
    pipelines: dict[str, PipelineSettings] = {}
    for pipeline in settings.pipelines.values():
        signal = signal_of(pipeline.id)
        if signal == "logs":
            pipelines[pipeline.id] = pipeline
            continue
        for name in pipeline.receivers:
            carrier = replace(settings.receivers[name], id=carrier_name(signal, name), signals=(signal,))
            receivers[carrier.id] = carrier
        for name in pipeline.exporters:
            base = settings.exporters[name]
            factory = replace(base.factory, behaviour=base.factory.carrier)
            config = _one_by_one(base.config) if signal in _APART else base.config
            carrier = replace(base, id=carrier_name(signal, name), factory=factory, config=config, signals=(signal,))
            exporters[carrier.id] = carrier
        pipelines[pipeline.id] = replace(
            pipeline,
            receivers=[carrier_name(signal, name) for name in pipeline.receivers],
            exporters=[carrier_name(signal, name) for name in pipeline.exporters],
        )
    for name, component in settings.receivers.items():
        signals = [signal_of(pipeline.id) for pipeline in settings.pipelines.values() if name in pipeline.receivers]
        receivers[name] = replace(component, signals=tuple(sorted(set(signals))))
    named = {name for pipeline in pipelines.values() for name in pipeline.exporters}
    kept = {name: component for name, component in exporters.items() if name in named}
    return replace(settings, receivers=receivers, exporters=kept, pipelines=pipelines)


def _one_by_one(config: DeliveryConfig) -> DeliveryConfig:
    """The options of an exporter with each request as one of its own."""
    queue: QueueConfig = config.sending_queue
    alone = {"min_size": 0, "max_size": 1, "sizer": "items"}
    batch = (queue.batch or BatchConfig()).model_copy(update=alone)
    changed = {"enabled": True, "num_consumers": queue.consumers, "batch": batch}
    return config.model_copy(update={"sending_queue": queue.model_copy(update=changed)})


def signal_of(pipeline: str) -> str:
    """What the pipeline of an id carries."""
    return parse_id(pipeline).type
