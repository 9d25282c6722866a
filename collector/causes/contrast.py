"""Which values are over-represented among some records, against others: `service.version` = 2.9.7 among the errors, against all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from collector.causes.significance import GATE, p_values

MOST_VALUES = 1000
"""Of a field; rarer ones are not looked at."""
MOST_DISTINCT = 0.5
"""A field with more values than this share of its records holds ids, which tell nothing."""
_FEW = 20
"""So few records may all differ by chance."""
_SAME = 0.9
"""Values whose records are the same to this share (Jaccard) are one finding."""
_MOST_FIELDS = 3


def contrast(seen: pl.DataFrame, others: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """Values that are surely more frequent in `seen` than in `others`, the greatest effect first.

    Columns `field`, `value`, `a` of `of_a` (seen), `b` of `of_b` (others), `share`, `share_before`, `lift`, `score`, `p`.
    `score` = (share - share_before) * log2 lift: what covers little, or grew little, comes behind.
    """
    parts = [part for name in fields if (part := _of_field(seen, others, name)) is not None]
    if not parts:
        return pl.DataFrame(schema=_SCHEMA)
    counts = pl.concat(parts)
    p = p_values(*(counts.get_column(name).to_numpy() for name in ("a", "of_a", "b", "of_b")))
    share, before = pl.col("a") / pl.col("of_a"), pl.col("b") / pl.col("of_b")
    lift = share / ((pl.col("b") + 0.5) / (pl.col("of_b") + 1.0))
    found = counts.with_columns(p=p, share=share, share_before=before, lift=lift)
    kept = found.filter((pl.col("p") < GATE) & (share > before))
    score = (pl.col("share") - pl.col("share_before")) * pl.col("lift").log(2).clip(lower_bound=0.0)
    return (
        kept.with_columns(score=score)
        .sort(["score", "field", "value"], descending=[True, False, False])
        .select(list(_SCHEMA))
    )


_SCHEMA = {
    "field": pl.String, "value": pl.String, "a": pl.Int64, "of_a": pl.Int64, "b": pl.Int64, "of_b": pl.Int64,
    "share": pl.Float64, "share_before": pl.Float64, "lift": pl.Float64, "score": pl.Float64, "p": pl.Float64,
}  # fmt: skip


def _of_field(seen: pl.DataFrame, others: pl.DataFrame, name: str) -> pl.DataFrame | None:
    a = seen.get_column(name)
    if a.null_count() == len(a) or _is_id(a):
        return None
    counted = [
        table.get_column(name).drop_nulls().value_counts(name=total).rename({name: "value"})
        for table, total in ((seen, "a"), (others, "b"))
    ]
    top = counted[0].sort(["a", "value"], descending=[True, False]).head(MOST_VALUES)
    joined = top.join(counted[1], on="value", how="left")
    return joined.select(
        pl.lit(name).alias("field"), pl.col("value").cast(pl.String), pl.col("a").cast(pl.Int64),
        of_a=pl.lit(len(seen), pl.Int64), b=pl.col("b").fill_null(0).cast(pl.Int64), of_b=pl.lit(len(others), pl.Int64),
    )  # fmt: skip


def _is_id(values: pl.Series) -> bool:
    said = values.drop_nulls()
    return len(said) > _FEW and said.n_unique() > MOST_DISTINCT * len(said)


def grouped(findings: pl.DataFrame, seen: pl.DataFrame, most: int = 20) -> list[list[int]]:
    """Rows of `findings` (its first `most`) that are one finding, as they stand on the same records of `seen`: each at most three fields,
    the first the strongest."""
    marks = [_mark(seen, *row) for row in findings.head(most).select("field", "value").iter_rows()]
    groups: list[list[int]] = []
    fields = findings.get_column("field")
    for at, mark in enumerate(marks):
        home = next((group for group in groups if _same(marks[group[0]], mark)), None)
        if home is None:
            groups.append([at])
        elif len(home) < _MOST_FIELDS and fields[at] not in [fields[member] for member in home]:
            home.append(at)
    return groups


def _mark(seen: pl.DataFrame, name: str, value: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (seen.get_column(name).cast(pl.String) == value).fill_null(False).to_numpy()


def _same(one: np.ndarray[tuple[int], np.dtype[np.bool_]], other: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    together = int((one & other).sum())
    return together >= _SAME * int((one | other).sum())
