"""Divides by voice, and remembers how many it has heard."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, Work
from logboom_parrot.config import FlockConfig


class Flock:
    """A `Connector` that `TakesEvents`. It numbers what it hands on, for each domain: `flock.number` goes on after a restart."""

    takes_events = ALL_EVENTS

    def __init__(self, config: FlockConfig, context: Context) -> None:
        self._config = config
        self._targets = context.targets

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """What is shouted to `loud`, the rest to the others that it feeds."""
        batch = batch.with_attributes({"flock.number": self._numbers(batch, work)})
        bodies = batch.column("body").fill_null("")
        shouted = bodies.str.to_uppercase() == bodies
        loud, soft = batch.filter(shouted), batch.filter(~shouted)
        return {target: loud if target in self._config.loud else soft for target in self._targets}

    def _numbers(self, batch: LogBatch, work: Work) -> pl.Series:
        domains = batch.column("domain").fill_null("")
        numbers = pl.Series([0] * len(batch), dtype=pl.Int64)
        for domain, records in batch.by_domain().items():
            state = work.state(domain)
            before = int(state.get(b"heard") or b"0")
            state.put(b"heard", str(before + records).encode())
            here = domains == domain
            numbers = numbers.zip_with(~here, before + here.cum_sum().cast(pl.Int64))
        return numbers
