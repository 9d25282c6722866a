"""What services do otherwise than before, by the spans of their logs: which places a request passes once it has entered a service, and
where it enters. A return that comes too early, an exception, a call that is not made any more all leave another path behind.

A trace counts once, however many spans it has: they are not independent of each other. Records without a trace are requests of one place
each, and those of ten seconds count once.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.causes.significance import surely_apart

_SPAN = ("trace", "span", "service")
_SLOT_NS = 10 * 10**9
_MOST_SPANS = 200
"""Of a trace; within longer ones the rest is not looked at."""


def shifted_paths(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """How far the paths of requests through each service moved: columns `service`, `moved` (0 to 1), and of the place that changed most
    `place`, `share`, `share_before` (of the spans that entered where it is passed), `traces`."""
    now, before = _spans(fault), _spans(baseline)
    whole = _apart(now, before, ["service", "entry"], "path")
    whole = whole.group_by("service").agg(pl.col("apart").max().alias("whole"))
    passed = _passed(now, before)
    return passed.join(whole, on="service", how="full", coalesce=True).select(
        "service",
        moved=(pl.col("apart").fill_null(0.0) + pl.col("whole").fill_null(0.0)) / 2,
        place="place", share="share", share_before="share_before", traces="traces",
    )  # fmt: skip


def origins(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """Where ways that are new begin: columns `service`, `origin` (0 to 1: of its spans with a path that became usual, those within which no other
    service's span has one). Who only hands on what its callee did is none."""
    keys = ["service", "entry"]
    now, before = _spans(fault), _spans(baseline)
    rates = _rates(now, [*keys], "path").join(
        _rates(before, keys, "path"), on=[*keys, "path"], how="left", suffix="_before"
    )
    new = rates.filter(pl.col("rate") > 2 * pl.col("rate_before").fill_null(0.0) + 0.05).select(*keys, "path")
    unusual = now.join(new, on=[*keys, "path"], how="semi").select("trace", "span", "service", "first", "last")
    few = unusual.filter(pl.int_range(pl.len()).over("trace") < _MOST_SPANS)
    within = few.join(few, on="trace", suffix="_in").filter(
        (pl.col("service") != pl.col("service_in"))
        & (pl.col("first") <= pl.col("first_in"))
        & (pl.col("last") >= pl.col("last_in"))
    )
    handed_on = few.join(within, on=_SPAN, how="semi").group_by("service").agg(handed=pl.len())
    counted = few.group_by("service").agg(n=pl.len()).join(handed_on, on="service", how="left")
    return counted.select("service", origin=1 - pl.col("handed").fill_null(0) / pl.col("n"))


def shifted_entries(baseline: pl.DataFrame, fault: pl.DataFrame) -> pl.DataFrame:
    """How far the places moved at which requests enter each service: `service`, `moved`."""
    apart = _apart(_spans(fault), _spans(baseline), ["service"], "entry")
    return apart.select("service", moved="apart")


def _spans(records: pl.DataFrame) -> pl.DataFrame:
    """`trace`, `span`, `service`; `entry`: its first place; `places`, and all of them as one `path`."""
    slot = pl.lit("@") + (pl.col("time") // _SLOT_NS).cast(pl.String)
    lone = pl.lit("#") + pl.int_range(pl.len()).cast(pl.String)
    traced = records.with_columns(trace=pl.coalesce("trace", slot), span=pl.coalesce("span", lone)).sort(
        "trace", "time"
    )
    spans = traced.group_by(_SPAN, maintain_order=True).agg(
        entry=pl.col("place").first(),
        places=pl.col("place").unique().sort(),
        first=pl.col("time").first(),
        last=pl.col("time").last(),
    )
    return spans.with_columns(path=pl.col("places").list.join("\n").hash())


def _apart(now: pl.DataFrame, before: pl.DataFrame, keys: Sequence[str], what: str) -> pl.DataFrame:
    """By how much the mix of `what` within each of `keys` surely differs: half the sum of what its shares moved."""
    both = _counted(now, keys, what).join(
        _counted(before, keys, what), on=[*keys, what], how="full", coalesce=True, suffix="_before"
    )
    sums = [pl.col(name).sum().over(keys).alias(total) for name, total in (("n", "all"), ("n_before", "all_before"))]
    traces = [pl.col(name).max().over(keys) for name in ("traces", "traces_before")]
    known = both.with_columns(pl.col("n", "n_before").fill_null(0), *traces).with_columns(sums).drop_nulls()
    return known.with_columns(_sure(known)).group_by(keys).agg(apart=pl.col("sure").sum() / 2)


def _passed(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Of each service the place that its requests pass surely more or less often than before."""
    keys = ["service", "entry"]
    totals = _totals(now, keys).join(_totals(before, keys), on=keys, suffix="_before")
    seen, seen_before = _passing(now, keys), _passing(before, keys)
    every = pl.concat([seen, seen_before]).select(*keys, "place").unique().join(totals, on=keys)
    joined = every.join(seen, on=[*keys, "place"], how="left").join(
        seen_before, on=[*keys, "place"], how="left", suffix="_before"
    )
    known = joined.with_columns(pl.col("n", "n_before").fill_null(0))
    ranked = known.with_columns(_sure(known)).sort("sure", "place", descending=[True, False])
    return ranked.group_by("service", maintain_order=True).agg(
        apart=pl.col("sure").first(), place=pl.col("place").first(), traces=pl.col("traces").first(),
        share=(pl.col("n") / pl.col("all")).first(), share_before=(pl.col("n_before") / pl.col("all_before")).first(),
    )  # fmt: skip


def _sure(counts: pl.DataFrame) -> pl.Series:
    n, of, before, of_before = (
        counts.get_column(name).cast(pl.Float64).to_numpy() for name in ("n", "all", "n_before", "all_before")
    )
    traces, traces_before = (
        counts.get_column(name).cast(pl.Float64).to_numpy() for name in ("traces", "traces_before")
    )
    if not len(n):
        return pl.Series("sure", [], pl.Float64)
    pooled = (n + before) / (of + of_before)
    return pl.Series("sure", surely_apart(n / of, traces, before / of_before, traces_before, pooled))


def _counted(spans: pl.DataFrame, keys: Sequence[str], what: str) -> pl.DataFrame:
    totals = spans.group_by(keys).agg(traces=pl.col("trace").n_unique())
    return spans.group_by([*keys, what]).agg(n=pl.len()).join(totals, on=keys)


def _rates(spans: pl.DataFrame, keys: Sequence[str], what: str) -> pl.DataFrame:
    counted = spans.group_by([*keys, what]).agg(n=pl.len())
    return counted.select(*keys, what, rate=pl.col("n") / pl.col("n").sum().over(keys))


def _totals(spans: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return spans.group_by(keys).agg(pl.len().alias("all"), traces=pl.col("trace").n_unique())


def _passing(spans: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return spans.explode("places").group_by([*keys, pl.col("places").alias("place")]).agg(n=pl.len())
