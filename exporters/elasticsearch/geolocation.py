"""`….geo.location.lat` and `….geo.location.lon`, where both are doubles, as one point `[lon, lat]`."""

from __future__ import annotations

import polars as pl

from collector.batch import ValueKind
from collector.columns.tables import conform, stack

_PART = r"^((?:.*\.)?geo\.location)\.(lat|lon)$"


def with_points(table: pl.DataFrame) -> pl.DataFrame:
    """The attributes with such pairs joined, at the end of the table."""
    keys, double = table.get_column("key"), table.get_column("double")
    if double.null_count() == len(double) or not keys.str.ends_with("geo.location.lat").any():
        return table
    parts = table.with_row_index("row").filter(
        pl.col("kind") == int(ValueKind.DOUBLE), pl.col("key").str.contains(_PART)
    )
    named = parts.with_columns(
        point=pl.col("key").str.replace(_PART, "$1"), part=pl.col("key").str.replace(_PART, "$2")
    ).unique(["owner", "key"], keep="first", maintain_order=True)
    lat, lon = (named.filter(pl.col("part") == part) for part in ("lat", "lon"))
    pairs = lat.join(lon, on=["owner", "point"], suffix="_lon")
    if not pairs.height:
        return table
    from otlp_wire import any_from_python

    spots = pairs.select("double_lon", "double").rows()
    points = pairs.select(
        "owner",
        key="point",
        kind=pl.lit(int(ValueKind.ANY), pl.UInt8),
        any=pl.Series([any_from_python(list(spot)) for spot in spots], dtype=pl.Binary),
    )
    joined = pl.concat([pairs.get_column("row"), pairs.get_column("row_lon")])
    rest = table.with_row_index("row").filter(~pl.col("row").is_in(joined.implode())).drop("row")
    return stack([rest, conform(points)])
