"""The behaviour of `probabilistic_sampler`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.columns.tables import ValueKind
from collector.component import Context, Work
from collector.outcomes import Outcome
from processors.probabilistic_sampler import randomness as sources
from processors.probabilistic_sampler.config import ProbabilisticSamplerConfig
from processors.probabilistic_sampler.randomness import NONE, Randomness
from processors.probabilistic_sampler.thresholds import (
    ALWAYS,
    NEVER,
    probability_of,
    read_randomness,
    read_threshold,
    threshold_of,
    write_threshold,
)

THRESHOLD, RANDOMNESS = "sampling.threshold", "sampling.randomness"
NOT_IN_SAMPLE, UNDECIDABLE = f"{Outcome.DROPPED}:sampled", f"{Outcome.DROPPED}:no_randomness"
_BUCKETS = 1 << 14
Mask = npt.NDArray[np.bool_]


class _Said(NamedTuple):
    """What the sampling attributes of each record say: values, `NONE` where there is none; and which records have one that is wrong."""

    threshold: Randomness
    randomness: Randomness
    wrong: Mask


class _Asked(NamedTuple):
    """The randomness of each record, whether it can't be decided about, and whether its attributes are left as they are."""

    randomness: Randomness
    undecidable: Mask
    untouched: Mask


class ProbabilisticSampler:
    """Each record by itself; a kept one says in `sampling.threshold` for how many it stands."""

    def __init__(self, config: ProbabilisticSamplerConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._config = config
        self._mode = config.mode or "hash_seed"
        share = min(100.0, float(np.float32(config.sampling_percentage))) / 100
        buckets = int(np.float32(min(100.0, config.sampling_percentage)) * np.float32(_BUCKETS / 100))
        self._never = share == 0 or (self._mode == "hash_seed" and buckets == 0)
        self._share, self._reject = share, (_BUCKETS - buckets) << 42

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The records of the sample."""
        if not len(batch):
            return batch
        said = _said(batch)
        asked = self._asked(batch, said)
        threshold = np.where(
            asked.undecidable, NEVER if self._config.fail_closed else ALWAYS, self._thresholds(said.threshold)
        )
        if self._config.sampling_priority:
            threshold = self._wanted(batch, threshold)
        sampled = np.where(asked.randomness < 0, NEVER - 1, asked.randomness) >= threshold
        for mask, outcome in (
            (~sampled & ~asked.undecidable, NOT_IN_SAMPLE),
            (~sampled & asked.undecidable, UNDECIDABLE),
        ):
            if mask.any():
                for domain, records in batch.column("domain").filter(pl.Series(mask)).value_counts().iter_rows():
                    work.count(domain or "", outcome, records)
        return self._told(batch.filter(pl.Series(sampled)), said, asked, threshold, np.flatnonzero(sampled))

    def _asked(self, batch: LogBatch, said: _Said) -> _Asked:
        if self._never:
            return _Asked(np.full(len(batch), NEVER - 1), said.wrong, said.wrong)
        if self._mode == "hash_seed":
            found = self._hashed(batch)
            untouched = said.wrong | (said.threshold >= 0) | (said.randomness >= 0)
            return _Asked(found, untouched | (found < 0), untouched)
        found = said.randomness
        if (found < 0).any():
            found = np.where(found < 0, sources.of_trace_ids(batch), found)
        found = np.where(said.wrong, NONE, found)
        inconsistent = (said.threshold > found) & (found >= 0)
        said.threshold[inconsistent] = NONE  # it is no threshold of this record
        return _Asked(found, (found < 0) | inconsistent, said.wrong)

    def _hashed(self, batch: LogBatch) -> Randomness:
        config = self._config
        found = np.full(len(batch), NONE, dtype=np.int64)
        if config.attribute_source == "traceID":
            found = sources.hashed_trace_ids(batch, config.hash_seed)
        if config.from_attribute and (found < 0).any():
            found = np.where(found < 0, sources.hashed_attribute(batch, config.from_attribute, config.hash_seed), found)
        return found

    def _thresholds(self, arriving: Randomness) -> Randomness:
        if self._never:
            return np.full(len(arriving), NEVER, dtype=np.int64)
        if self._mode == "hash_seed":
            return np.full(len(arriving), self._reject, dtype=np.int64)
        precision = self._config.sampling_precision
        if self._mode == "equalizing":
            return np.maximum(arriving, threshold_of(self._share, precision))
        known, places = np.unique(arriving, return_inverse=True)
        shares = [1.0 if one < 0 else probability_of(one) for one in known.tolist()]
        return np.array([threshold_of(one * self._share, precision) for one in shares], dtype=np.int64)[places]

    def _wanted(self, batch: LogBatch, threshold: Randomness) -> Randomness:
        """At least the share that a record asks for; none where it asks for 0."""
        key = self._config.sampling_priority
        whole, broken = batch.attribute(key, ValueKind.INT), batch.attribute(key, ValueKind.DOUBLE)
        asked = whole.cast(pl.Float64).zip_with(whole.is_not_null(), broken).fill_null(-1.0).fill_nan(-1.0).to_numpy()
        known, places = np.unique(asked, return_inverse=True)
        own = np.array(
            [threshold_of(one / 100, self._config.sampling_precision) for one in known.tolist()], dtype=np.int64
        )
        lowered = np.where(asked >= 0, np.minimum(threshold, own[places]), threshold)
        return np.where(asked == 0, NEVER, lowered)

    def _told(
        self, kept: LogBatch, said: _Said, asked: _Asked, threshold: Randomness, rows: npt.NDArray[np.intp]
    ) -> LogBatch:
        """What is left, the records in `rows`, with what each stands for."""
        touched = ~asked.untouched[rows]
        written = np.maximum(threshold, said.threshold)[rows]
        columns = {THRESHOLD: _merged(kept, THRESHOLD, written, touched, write_threshold)}
        if self._mode == "hash_seed" and not self._never:
            found = asked.randomness[rows]
            columns[RANDOMNESS] = _merged(kept, RANDOMNESS, found, touched & (found >= 0), "{:014x}".format)
        return kept.with_attributes({key: column for key, column in columns.items() if column is not None})


def _said(batch: LogBatch) -> _Said:
    nothing = np.full(len(batch), NONE, dtype=np.int64)
    wrong = np.zeros(len(batch), dtype=np.bool_)
    found = {}
    for key, read in ((THRESHOLD, read_threshold), (RANDOMNESS, read_randomness)):
        column = sources.said(batch, key)
        if column is None:
            found[key] = nothing.copy()
            continue
        coded = encode(column)
        texts = coded.values.to_pylist()
        values = [read(one) if one else NONE for one in texts]
        found[key] = np.array([NONE if value is None else value for value in [*values, NONE]], dtype=np.int64)[
            coded.codes
        ]
        wrong |= np.array([value is None for value in [*values, NONE]])[coded.codes]
    return _Said(found[THRESHOLD], found[RANDOMNESS], wrong)


def _merged(
    batch: LogBatch, key: str, values: Randomness, where: Mask, write: Callable[[int], str]
) -> pl.Series | None:  # fmt: skip
    """The attribute with new values in some records; None: it is as it was."""
    if not where.any():
        return None
    known, places = np.unique(values, return_inverse=True)
    texts = pl.Series([write(one) for one in known.tolist()], dtype=pl.String).gather(pl.Series(places))
    return texts if where.all() else texts.zip_with(pl.Series(where), batch.attribute(key))
