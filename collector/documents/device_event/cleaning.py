"""Steps of cleaning that touch only the values that need them."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

Rewrite = Callable[[pl.Series, pl.Series], pl.Series]
"""Values and their greatest lengths → what takes their place."""

BREAKS = r"\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\x{2028}\x{2029}"
"""Inside a character class: control characters but LF and CR, and what Unicode counts as the end of a line."""


def rewritten(values: pl.Series, longest: pl.Series, odd: str, rewrite: Rewrite) -> pl.Series:
    """Values cut to `longest` characters; those that contain the pattern `odd`, mostly few, by way of `rewrite`."""
    plain = shortened(values, longest)
    rows = values.str.contains(odd).arg_true()
    return plain.scatter(rows, rewrite(values.gather(rows), longest.gather(rows))) if len(rows) else plain


def shortened(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Without white space around (Unicode's too, which readers trim or not), at most `longest` characters (never half of
    one); null for what is empty.

    Characters are Unicode code points of the value as a reader gets it back.
    """
    trimmed = values.str.strip_chars()
    sizes = trimmed.str.len_bytes()
    longer = sizes > longest  # no text has more characters than bytes
    if longer.any():
        rows = longer.arg_true()
        heads = pl.select(pl.lit(trimmed.gather(rows)).str.head(pl.lit(longest.gather(rows)))).to_series()
        trimmed = trimmed.scatter(rows, heads.str.strip_chars_end())
    empty = sizes == 0
    return trimmed.set(empty, None) if empty.any() else trimmed


def replaced(values: pl.Series, replacements: dict[str, str]) -> pl.Series:
    """Each of some characters by what stands for it, in one pass."""
    return values.str.replace_many(list(replacements), list(replacements.values()))
