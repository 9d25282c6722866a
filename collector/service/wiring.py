"""Which pipeline feeds which, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from collector.component import Chooses, KnowsConnections
from collector.settings.model import PipelineSettings, Settings


def feeds_of(settings: Settings, pipeline: PipelineSettings) -> dict[str, list[str]]:
    """Connector at the pipeline's end → the pipelines that it leads to."""
    return {connector: settings.fed_by(connector) for connector in pipeline.connectors}


def choices_of(settings: Settings, pipeline: PipelineSettings) -> dict[str, Sequence[Sequence[str]]]:
    """Connector at the pipeline's end that takes one of several levels → those."""
    configs = {connector: settings.connectors[connector].config for connector in pipeline.connectors}
    return {connector: config.levels() for connector, config in configs.items() if isinstance(config, Chooses)}


def roots(settings: Settings) -> list[str]:
    """The pipelines that read what receivers accepted; the others are fed within their steps."""
    return [pipeline.id for pipeline in settings.pipelines.values() if pipeline.receivers]


def reached(settings: Settings, pipeline: str, follows: Callable[[str], bool] = lambda _: True) -> list[str]:
    """The pipeline, and all that its records may come to through connectors that `follows`."""
    found, left = {pipeline: None}, [pipeline]
    while left:
        feeds = feeds_of(settings, settings.pipelines[left.pop()])
        after = [
            fed for connector, targets in feeds.items() if follows(connector) for fed in targets if fed not in found
        ]
        found |= dict.fromkeys(after)
        left += after
    return list(found)


def carrying_records(settings: Settings) -> set[str]:
    """The pipelines to which something comes that was sent, not only what components made of it."""

    def passes(connector: str) -> bool:
        return settings.connectors[connector].factory.passes_records

    return {pipeline for root in roots(settings) for pipeline in reached(settings, root, passes)}


def receivers_stopped_by(settings: Settings, exporter: str) -> Mapping[str, list[str]]:
    """Receiver → the pipelines through which it waits when the exporter takes no more. Who can choose another does not."""

    def has_no_choice(connector: str) -> bool:
        return not isinstance(settings.connectors[connector].config, Chooses)

    found: dict[str, list[str]] = {}
    for root in roots(settings):
        ways = reached(settings, root, has_no_choice)
        if any(exporter in settings.pipelines[pipeline].exporters for pipeline in ways):
            for receiver in settings.pipelines[root].receivers:
                found.setdefault(receiver, []).append(root)
    return found


def located_receivers(settings: Settings) -> frozenset[str]:
    """The receivers of whose requests a processor asks from where they came."""

    def asks(pipeline: str) -> bool:
        configs = (settings.processors[name].config for name in settings.pipelines[pipeline].processors)
        return any(isinstance(config, KnowsConnections) and config.knows_connections() for config in configs)

    asking = (root for root in roots(settings) if any(map(asks, reached(settings, root))))
    return frozenset(receiver for root in asking for receiver in settings.pipelines[root].receivers)
