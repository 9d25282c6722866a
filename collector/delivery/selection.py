"""`select`: which records of a batch an exporter gets."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.delivery.names import Names
from collector.delivery.shaping_config import SelectConfig

_LEVEL = "logboom.triage.level"
_ERROR_TYPE = "logboom.error_type"
_LEVELS = ("critical", "warning", "info", "debug")
_FATAL, _ERROR, _WARN, _INFO, _TRACE = 21, 17, 13, 9, 1  # the first number of each severity; 1 to 8 are TRACE and DEBUG


class Selection:
    """Level AND domain AND any of the conditions, each of them only where something is asked for."""

    def __init__(self, config: SelectConfig) -> None:
        self._levels = list(config.levels)
        self._domains = Names(config.domains, ignore_case=True)
        self._conditions = []
        if config.conditions:
            from collector.ottl import compile_condition  # lark and RE2, only where there are conditions

            self._conditions = [compile_condition(text) for text in config.conditions]

    def keep(self, batch: LogBatch) -> pl.Series:
        """One bool a record, never null."""
        kept = pl.repeat(True, len(batch), dtype=pl.Boolean, eager=True)
        if self._domains:
            kept &= pl.Series(self._domains.rows(batch.column("domain")))
        if self._levels and kept.any():
            kept &= levels(batch).is_in(self._levels)
        if self._conditions and kept.any():
            kept &= self._meets(batch)
        return kept

    def _meets(self, batch: LogBatch) -> pl.Series:
        met = self._conditions[0].matches(batch)
        for condition in self._conditions[1:]:
            if met.all():
                break
            met |= condition.matches(batch)
        return met


def levels(batch: LogBatch) -> pl.Series:
    """The triage level of each record; where triage gave none, what its rules say of a severity without more:
    FATAL critical, ERROR warning or with an exception critical, WARN warning, INFO info, below debug; without a severity
    info, with an exception warning."""
    given = batch.attribute(_LEVEL)
    given = given.set(~given.is_in(_LEVELS), None) if given.null_count() < len(given) else given
    if given.null_count() == 0:
        return given
    return given.zip_with(given.is_not_null(), _by_severity(batch))


def _by_severity(batch: LogBatch) -> pl.Series:
    number = pl.col("severity_number")
    exception = pl.lit(batch.attribute(_ERROR_TYPE).eq_missing("exception"))
    level = (
        pl.when((number >= _FATAL) | (exception & (number >= _ERROR)))
        .then(pl.lit("critical"))
        .when((number >= _WARN) | (exception & (number < _TRACE)))
        .then(pl.lit("warning"))
        .when((number >= _INFO) | (number < _TRACE))
        .then(pl.lit("info"))
        .otherwise(pl.lit("debug"))
    )
    return batch.records.select(level.alias("level")).to_series()
