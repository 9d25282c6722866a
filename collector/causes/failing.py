"""Which service failed first: in each trace that has errors, and over all."""

from __future__ import annotations

import polars as pl

from collector.causes.significance import surely_apart


def first_failing(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """Columns `service`; `failing` (0 to 1): by how much the share of its records that are errors surely grew; `first` (0 to 1): of the traces
    with errors, those in which its error is the first one; `errors`; `since`: nanoseconds, its first error."""
    shares = _shares(fault).join(_shares(baseline), on="service", how="left", suffix="_before")
    known = shares.with_columns(pl.col("errors_before", "all_before", "slots_before").fill_null(0))
    grown = known.with_columns(failing=_grown(known))
    return grown.join(_first(fault), on="service", how="left").select(
        "service", "failing", "errors", "since", first=pl.col("first").fill_null(0.0)
    )


def _shares(records: pl.DataFrame) -> pl.DataFrame:
    slot = pl.coalesce("trace", (pl.col("time") // (10 * 10**9)).cast(pl.String))
    return records.group_by("service").agg(
        errors=pl.col("error").sum().cast(pl.Int64), all=pl.len().cast(pl.Int64), slots=slot.n_unique().cast(pl.Int64),
        since=pl.col("time").filter("error").min(),
    )  # fmt: skip


def _grown(counts: pl.DataFrame) -> pl.Series:
    a, n, slots, b, m, slots_before = (
        counts.get_column(name).cast(pl.Float64).to_numpy()
        for name in ("errors", "all", "slots", "errors_before", "all_before", "slots_before")
    )
    if not len(a):
        return pl.Series("failing", [], pl.Float64)
    share, before = a / n.clip(1), b / m.clip(1)
    pooled = (a + b) / (n + m).clip(1)
    grown = surely_apart(share, slots, before, slots_before.clip(1), pooled)
    return pl.Series("failing", grown * (share > before))


def _first(fault: pl.DataFrame) -> pl.DataFrame:
    failing = fault.filter(pl.col("error") & pl.col("trace").is_not_null()).sort("trace", "time")
    first = failing.group_by("trace", maintain_order=True).first().group_by("service").agg(n=pl.len())
    return first.select("service", first=pl.col("n") / pl.col("n").sum())
