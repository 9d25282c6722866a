"""Each record to the pipelines of the lines that take it, each pipeline once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from collector.batch import LogBatch, concat
from collector.component import ALL_EVENTS, Context, Work
from collector.connectors.routing.config import RoutingConfig
from collector.connectors.routing.route import CompiledRoute, compile_route
from collector.outcomes import Outcome

NO_ROUTE = f"{Outcome.DROPPED}:no_route"
CONDITION_ERROR = f"{Outcome.DROPPED}:condition_error"


class Routing:
    """See README.md."""

    takes_events = ALL_EVENTS

    def __init__(self, config: RoutingConfig, context: Context) -> None:  # noqa: ARG002  it knows its pipelines by name
        copies = not config.match_once
        self._routes = [compile_route(route, always_copies=copies) for route in config.table]
        self._defaults = config.default_pipelines
        self._drops_errors = config.error_mode == "propagate"
        self._rest_is_unmatched = copies

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """From the first line to the last, on what no line has moved yet."""
        shares = _Shares(batch)
        rest = pl.repeat(True, len(batch), dtype=pl.Boolean, eager=True)
        for route in self._routes:
            if not rest.any():
                break
            answer = route.asks(batch)
            if self._drops_errors:
                _count(work, CONDITION_ERROR, batch.filter(rest & answer.is_null()))
                rest = rest & answer.is_not_null()
            taken = rest & answer.fill_null(False)
            shares.add(route, taken)
            if route.moves:
                rest = rest & ~taken
        if self._rest_is_unmatched:
            rest = rest & ~shares.any
        for pipeline in self._defaults:
            shares.to(pipeline, rest)
        if not self._defaults:
            _count(work, NO_ROUTE, batch.filter(rest & ~shares.any))
        return shares.batches()


class _Shares:
    """Which records go where. What a line changes goes beside what goes as it is."""

    def __init__(self, batch: LogBatch) -> None:
        self._batch = batch
        self._whole: dict[str, pl.Series] = {}
        self._changed: defaultdict[str, list[LogBatch]] = defaultdict(list)
        self.any = pl.repeat(False, len(batch), dtype=pl.Boolean, eager=True)

    def add(self, route: CompiledRoute, taken: pl.Series) -> None:
        """What a line has taken."""
        self.any = self.any | taken
        for pipeline in route.pipelines:
            if route.deletion is None:
                self.to(pipeline, taken)
            elif taken.any():
                self._changed[pipeline].append(route.deletion.apply(self._batch.filter(taken)))

    def to(self, pipeline: str, taken: pl.Series) -> None:
        """Records as they are; those that go there already go once."""
        self._whole[pipeline] = self._whole[pipeline] | taken if pipeline in self._whole else taken

    def batches(self) -> dict[str, LogBatch]:
        """Pipeline → records; the same batch for pipelines that get the same records."""
        known: list[tuple[pl.Series, LogBatch]] = []
        found: dict[str, LogBatch] = {}
        for pipeline, taken in self._whole.items():
            same = next((batch for mask, batch in known if mask.equals(taken)), None)
            if same is None:
                same = self._batch.filter(taken)
                known.append((taken, same))
            found[pipeline] = same
        for pipeline, changed in self._changed.items():
            found[pipeline] = concat([*([found[pipeline]] if pipeline in found else []), *changed])
        return found


def _count(work: Work, outcome: str, records: LogBatch) -> None:
    for domain, number in records.by_domain().items():
        work.count(domain, outcome, number)
