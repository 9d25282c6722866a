"""Latency without spans: the time between two lines of one trace, against what it was between the same two places before.

A step between two services is slow because of one of them or the way between; within a service because of it. Which
services explain all slow steps at once is a least-squares question with no negative answers: one that calls a slow one is
slow there alone, and its other steps acquit it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.causes.significance import Floats

_STEP = ("service", "place", "next_service", "next_place")
_USUAL = 0.12
"""About so many steps are slow when nothing is wrong: above the 90th percentile of a few observations."""
_LONGEST_NS = 60 * 10**9
"""Two lines further apart are no step: the trace rested."""


def slow_services(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """Columns `service`, `slowed` (0 to 1: the share of its steps that it makes slow), `from_ms`, `to_ms`: the median of the step that lost
    most, `steps`: how many were compared."""
    known = _known(_steps(baseline))
    compared = _steps(fault).join(known, on=_STEP)
    pairs = compared.group_by("service", "next_service", maintain_order=True).agg(
        slow=pl.col("slow_gap").lt(pl.col("gap")).mean(), traces=pl.col("trace").n_unique(), steps=pl.len(),
        to_ms=pl.col("gap").median() / 1e6, from_ms=pl.col("usual").median() / 1e6,
    )  # fmt: skip
    pairs = pairs.sort("service", "next_service")
    if not pairs.height:
        return pl.DataFrame(schema=_SCHEMA)
    return _blamed(pairs)


_SCHEMA = {
    "service": pl.String, "slowed": pl.Float64, "from_ms": pl.Float64, "to_ms": pl.Float64, "steps": pl.Int64,
}  # fmt: skip


def _steps(records: pl.DataFrame) -> pl.DataFrame:
    ordered = records.filter(pl.col("trace").is_not_null()).sort("trace", "time")
    following = [pl.col(name).shift(-1).over("trace").alias(f"next_{name}") for name in ("service", "place")]
    gap = pl.col("time").shift(-1).over("trace") - pl.col("time")
    steps = ordered.select("trace", "service", "place", *following, gap=gap).drop_nulls("next_place")
    return steps.filter(pl.col("gap") < _LONGEST_NS)


def _known(steps: pl.DataFrame) -> pl.DataFrame:
    """Of each step that was seen four times: how long is long. 3 ms are no matter, whatever they were."""
    known = steps.group_by(_STEP).agg(n=pl.len(), usual=pl.col("gap").median(), late=pl.col("gap").quantile(0.9))
    return known.filter(pl.col("n") >= 4).select(*_STEP, "usual", slow_gap=pl.col("late") * 1.25 + 3e6)


def _blamed(pairs: pl.DataFrame) -> pl.DataFrame:
    traces = pairs.get_column("traces").cast(pl.Float64).to_numpy()
    chance = np.sqrt(_USUAL * (1 - _USUAL) / traces)
    excess = np.clip(pairs.get_column("slow").to_numpy() - _USUAL - chance, 0.0, 1.0)
    ends = pairs.select("service", "next_service")
    names = sorted(set(ends["service"]) | set(ends["next_service"]))
    design = _design(ends, names)
    weight = np.sqrt(np.minimum(traces, 30.0))
    shares = _non_negative(design * weight[:, None], excess * weight)
    shares *= 1.0 - np.exp(-(traces @ (design > 0)) / 4.0)
    slowed = np.maximum(shares[: len(names)], shares[len(names) :])
    return pl.DataFrame({"service": names, "slowed": slowed}).join(_told(pairs), on="service", how="left")


def _design(ends: pl.DataFrame, names: list[str]) -> Floats:
    """A row a pair of services; a column a service for what it makes slow with others, then one for what within it."""
    place = {name: at for at, name in enumerate(names)}
    design = np.zeros((ends.height, 2 * len(names)))
    for row, (one, other) in enumerate(ends.iter_rows()):
        if one == other:
            design[row, len(names) + place[one]] = 1.0
        else:
            design[row, [place[one], place[other]]] = 1.0
    return design


def _non_negative(design: Floats, wanted: Floats, rounds: int = 300) -> Floats:
    """Least squares without negative parts, by multiplicative updates (Lee and Seung): a few dozen unknowns."""
    shares = np.full(design.shape[1], 0.1)
    target, square = design.T @ wanted, design.T @ design
    for _ in range(rounds):
        shares *= target / np.maximum(square @ shares, 1e-9)
    return shares


def _told(pairs: pl.DataFrame) -> pl.DataFrame:
    """For each service the step of which more was lost than of others."""
    numbers = ("slow", "from_ms", "to_ms", "steps")
    other = pairs.filter(pl.col("service") != pl.col("next_service")).select(
        pl.col("next_service").alias("service"), *numbers
    )
    ranked = pl.concat([pairs.select("service", *numbers), other]).sort("slow", "to_ms", descending=True)
    first = ranked.group_by("service", maintain_order=True).first()
    return first.select("service", "from_ms", "to_ms", steps=pl.col("steps").cast(pl.Int64))
