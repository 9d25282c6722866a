"""Which resources, or scopes, of a batch are equal: each payload brings its own copy."""

from __future__ import annotations

import secrets

import polars as pl

_SEED = secrets.randbits(63)


def identities(table: pl.DataFrame, attributes: pl.DataFrame) -> pl.Series:
    """A number for each row of `resources` or `scopes`, the same for rows with the same fields and attributes."""
    return table.with_columns(by_attributes(attributes, table.height).alias("attributes")).hash_rows(seed=_SEED)


def by_attributes(attributes: pl.DataFrame, height: int, seed: int = _SEED) -> pl.Series:
    """A number for each of `height` owners, the same for those with the same attributes in whatever order."""
    hashed = pl.DataFrame([attributes.get_column("owner"), attributes.drop("owner").hash_rows(seed=seed).alias("hash")])
    summed = hashed.group_by("owner").agg(pl.col("hash").sum())
    owners = pl.DataFrame({"owner": pl.arange(0, height, dtype=pl.UInt32, eager=True)})
    return owners.join(summed, on="owner", how="left", maintain_order="left").get_column("hash").fill_null(0)
