"""What comes with requests, and who asks for it: what each receiver takes down, and what each exporter keeps apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

from collector.admission.accompanying import Accompanying, Combinations
from collector.client_info import NOTHING, Wanted
from collector.component import AsksOfClients, Config, KeepsClientsApart, NamesAuthenticators
from collector.service.wiring import reached, roots
from collector.settings.model import Settings


def accompanying(settings: Settings) -> Accompanying:
    """The step that takes down what some component asks for, of the requests that may come to it."""
    wanted: dict[str, Wanted] = {}
    combinations: dict[str, list[Combinations]] = {}
    bounds = {
        (pipeline, name): Combinations(*config.kept_apart())
        for pipeline in settings.pipelines
        for name, config in _keeping_apart(settings, pipeline).items()
    }
    for root in roots(settings):
        ways = reached(settings, root)
        asked = reduce(or_, (_asked_in(settings, pipeline) for pipeline in ways), NOTHING)
        if not asked:
            continue
        for receiver in settings.pipelines[root].receivers:
            wanted[receiver] = wanted.get(receiver, NOTHING) | asked
            passed = combinations.setdefault(receiver, [])
            passed += [each for (pipeline, _), each in bounds.items() if pipeline in ways and each not in passed]
    return Accompanying(wanted, combinations)


def kept_apart(settings: Settings) -> Mapping[str, Wanted]:
    """Exporter → what is the same for all records of a request: what it asks for, and what a pipeline in front of it keeps apart."""
    found: dict[str, Wanted] = {}
    for root in roots(settings):
        ways = reached(settings, root)
        batched = reduce(or_, (_batched(settings, pipeline) for pipeline in ways), NOTHING)
        for exporter in {name for pipeline in ways for name in settings.pipelines[pipeline].exporters}:
            found[exporter] = found.get(exporter, NOTHING) | batched | _asked_by_exporter(settings, exporter)
    return {exporter: wanted for exporter, wanted in found.items() if wanted}


def _asked_in(settings: Settings, pipeline: str) -> Wanted:
    """By all components of a pipeline."""
    parts = settings.pipelines[pipeline]
    configs = [
        *(settings.processors[name].config for name in parts.processors),
        *(settings.connectors[name].config for name in parts.connectors),
    ]
    asked = [_asked(config) for config in configs]
    asked += [_asked_by_exporter(settings, name) for name in parts.exporters]
    return reduce(or_, asked, _batched(settings, pipeline))


def _asked_by_exporter(settings: Settings, name: str) -> Wanted:
    """By it, and by the authenticators that it names."""
    asked, seen = NOTHING, set[str]()
    left: list[Config] = [settings.exporters[name].config]
    while left:
        config = left.pop()
        asked |= _asked(config)
        named = config.named_authenticators() if isinstance(config, NamesAuthenticators) else ()
        left += [
            settings.extensions[ident].config for ident in named if ident in settings.extensions and ident not in seen
        ]
        seen |= set(named)
    return asked


def _asked(config: Config) -> Wanted:
    return config.asks_of_clients() if isinstance(config, AsksOfClients) else NOTHING


def _keeping_apart(settings: Settings, pipeline: str) -> Mapping[str, KeepsClientsApart]:
    configs = {name: settings.processors[name].config for name in settings.pipelines[pipeline].processors}
    return {name: config for name, config in configs.items() if isinstance(config, KeepsClientsApart)}


def _batched(settings: Settings, pipeline: str) -> Wanted:
    return reduce(or_, (config.kept_apart()[0] for config in _keeping_apart(settings, pipeline).values()), NOTHING)
