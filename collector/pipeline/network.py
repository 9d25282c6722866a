"""Which components stand where: the pipelines of a partition, and the connectors between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from collector.component import Connector, Processor


@dataclass(frozen=True, slots=True)
class Network:
    """The pipelines of a partition, with one instance of each component in each place.

    Args:
        processors: pipeline → its processors by id, in order.
        connectors: the connectors by id; one that stands behind several pipelines is one.
        feeds: pipeline → the connectors at its end → the pipelines that each leads to.
    """

    processors: Mapping[str, Sequence[tuple[str, Processor]]]
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    feeds: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    def from_(self, root: str) -> list[str]:
        """The pipeline and all that it reaches, each behind those that feed it."""
        found, left = {root: None}, [root]
        while left:
            after = [pipeline for pipeline in self.after(left.pop()) if pipeline not in found]
            found |= dict.fromkeys(after)
            left += after
        order = TopologicalSorter[str]({pipeline: [] for pipeline in found})
        for pipeline in found:
            for target in self.after(pipeline):
                order.add(target, pipeline)
        return list(order.static_order())

    def after(self, pipeline: str) -> Iterator[str]:
        """The pipelines that it feeds, directly."""
        for targets in self.feeds.get(pipeline, {}).values():
            yield from targets

    def ticks_behind(self, connector: str) -> str:
        """The pipeline behind which a connector is called for what it is due for: the first of those where it stands."""
        return next(pipeline for pipeline, feeds in self.feeds.items() if connector in feeds)
