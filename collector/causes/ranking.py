"""Which services are the likely place of a fault: what moved within them, at their doors, in their time and in their errors."""

from __future__ import annotations

import polars as pl

from collector.causes.failing import first_failing
from collector.causes.gaps import slow_services
from collector.causes.paths import origins, shifted_entries, shifted_paths

PARTS = {"moved": 1.0, "entries": 1.0, "slowed": 1.0, "failing": 0.5}
"""What the score is the sum of, each from 0 to 1, and its weight: errors travel up to callers, so they say less about the place.
What a caller does otherwise because of its callee counts half."""


def ranked(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """The services of the fault, the likeliest first: `service`, `score`, the parts of it (`PARTS`), and what is told of them."""
    entries = shifted_entries(baseline, fault).rename({"moved": "entries"})
    every = pl.concat([baseline.select("service"), fault.select("service")]).unique()
    table = every.filter(pl.col("service") != "")
    for part in (
        shifted_paths(baseline, fault),
        origins(baseline, fault),
        entries,
        slow_services(baseline, fault),
        first_failing(baseline, fault),
    ):
        table = table.join(part, on="service", how="left")
    table = table.with_columns(pl.col(*PARTS, "first").fill_null(0.0), pl.col("origin").fill_null(1.0))
    table = table.with_columns(pl.col("moved", "failing") * (0.5 + 0.5 * pl.col("origin")))
    return table.with_columns(score=pl.sum_horizontal(pl.col(part) * weight for part, weight in PARTS.items())).sort(
        ["score", "service"], descending=[True, False]
    )
