"""`select` and `events`: which records of a batch an exporter gets."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.batch import LogBatch
from collector.levels import LEVELS, level
from collector.shaping.config import SelectConfig
from collector.shaping.events import hidden, taken
from collector.shaping.names import Names

_LEVEL = "logboom.triage.level"
_ERROR_TYPE = "logboom.error_type"
_STATUS = "logboom.alert.status"
_NO_INCIDENT = ("digest", "heartbeat")
_ADDRESSEES = {
    "logboom.alert.notification": "logboom.alert.exporter",
    "logboom.response.started": "logboom.response.exporter",
}
"""Events that are for one exporter → the attribute that names it."""


class Selection:
    """What was sent: level AND domain AND any of the conditions, each of them only where something is asked for. What a component
    made: of one of `kinds`, AND domain; levels and conditions are about traffic. Of notifications and responses, where there is an
    `addressee`, only its own, and without `digests` nothing that is about no group. Without `traffic`, nothing that was sent."""

    def __init__(
        self,
        config: SelectConfig,
        kinds: Sequence[str] = (),
        addressee: str = "",
        *,
        traffic: bool = True,
        digests: bool = True,
    ) -> None:
        self._traffic = traffic
        self._digests = digests
        self._addressee = addressee
        self._everything = config.everything
        self._levels = list(config.levels)
        self._domains = Names(config.domains, ignore_case=True)
        self._kinds = kinds
        self._conditions = []
        if config.conditions:
            from collector.ottl import compile_condition  # lark and RE2, only where there are conditions

            self._conditions = [compile_condition(text) for text in config.conditions]

    @property
    def everything_sent(self) -> bool:
        """Of what was sent nothing is left out."""
        return self._everything and self._traffic

    def passes(self, batch: LogBatch) -> bool:
        """Nothing of the batch is left out, seen without looking at its records."""
        return self.everything_sent and hidden(batch, self._kinds) is None and (not self._addressee or not len(batch))

    def keep(self, batch: LogBatch) -> pl.Series:
        """One bool a record, never null."""
        kept = pl.repeat(True, len(batch), dtype=pl.Boolean, eager=True)
        if self._domains:
            kept &= pl.Series(self._domains.rows(batch.column("domain")))
        generation = batch.generation
        if generation is None:
            return self._of_traffic(batch, kept)
        made = generation > 0
        wanted = made & taken(batch.column("event_name"), self._kinds)
        if self._addressee:
            for event, addressee in _ADDRESSEES.items():
                wanted &= batch.attribute(addressee).eq_missing(self._addressee) | (batch.column("event_name") != event)
            if not self._digests:
                wanted &= ~batch.attribute(_STATUS).is_in(_NO_INCIDENT).fill_null(False)
        return (kept & wanted) | self._of_traffic(batch, kept & ~made)

    def _of_traffic(self, batch: LogBatch, kept: pl.Series) -> pl.Series:
        if not self._traffic:
            return kept & False
        if self._levels and kept.any():
            kept = kept & levels(batch).is_in(self._levels)
        if self._conditions and kept.any():
            kept = kept & self._meets(batch)
        return kept

    def _meets(self, batch: LogBatch) -> pl.Series:
        met = self._conditions[0].matches(batch)
        for condition in self._conditions[1:]:
            if met.all():
                break
            met |= condition.matches(batch)
        return met


def levels(batch: LogBatch) -> pl.Series:
    """The level of each record, never null; see `collector.levels`."""
    given = batch.attribute(_LEVEL)
    if given.null_count() == 0 and given.is_in(LEVELS).all():
        return given
    columns = [
        given.cast(pl.String).alias("given"),
        batch.column("severity_number").alias("number"),
        batch.attribute(_ERROR_TYPE).cast(pl.String).alias("error_type"),
    ]
    answer = level(pl.col("given"), pl.col("number"), pl.col("error_type"))
    return pl.DataFrame(columns).select(answer.alias("level")).to_series()
