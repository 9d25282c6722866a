"""Ten lines over columns, and a memory that commits with the batch."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Due, Work
from collector.explanation import Explanation
from logboom_parrot.config import ShoutConfig


class Shout:
    """A `Processor` that also `Explains` and is `Ticking`. It numbers its records: `shout.number` goes on after a restart; of
    every fifth it makes one of its own, and another a moment later."""

    def __init__(self, config: ShoutConfig, context: Context) -> None:
        self._mark = config.mark
        self._id = context.id

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """Bodies in capitals; each record's number among those of its domain."""
        numbers = pl.Series("number", [0] * len(batch), dtype=pl.Int64)
        domains = batch.column("domain").fill_null("")
        for domain, records in batch.by_domain().items():
            state = work.state(domain)
            before = int(state.get(b"shouted") or b"0")
            state.put(b"shouted", str(before + records).encode())
            here = domains == domain
            numbers = numbers.zip_with(~here, before + here.cum_sum().cast(pl.Int64))
        batch = batch.with_attributes({"shout.number": numbers})
        fifth = (numbers % 5 == 0).arg_true()
        work.emit("shout.fifth", LogBatch.of({"body": numbers.gather(fifth).cast(pl.String)}), parents=fifth)
        for number, domain in zip(numbers.gather(fifth), domains.gather(fifth), strict=True):
            work.wake(domain, f"echo {number}", work.now_unix_nano)
        return batch.with_fields({"body": self._louder(batch)})

    def tick(self, due: Due, work: Work) -> None:
        """The echo."""
        work.emit("shout.echo", LogBatch.of({"body": [due.name]}))

    def explain(self, batch: LogBatch) -> Sequence[Explanation]:
        """Why it is so loud."""
        return [Explanation("body", self._louder(batch)[0], f"{self._id} is for the hard of hearing", decides=True)]

    def _louder(self, batch: LogBatch) -> pl.Series:
        return batch.column("body").str.to_uppercase() + self._mark
