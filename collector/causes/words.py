"""What records say beside the fields that everybody has: attributes of their own (`user_type`), and `key=value` in their lines. Columns of a frame,
named `said.<key>`, so that only what is `premium` can be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

PREFIX = "said."
FEWEST = 20
"""Others that must say such a word at all, before it is told that they say another."""
_FEW, _MOST_KEYS, _LONGEST = 3, 16, 60
_MOST_VALUES = 1000
_PAIR = r"(?:^|[\s,;{(\[&|])([A-Za-z_][\w.-]{1,39})=(\"[^\"\n]{1,60}\"|[^\s,;&|\"'(){}\[\]]{1,60})"


def of_attributes(rows: Sequence[Mapping[str, Any]], without: Iterable[str]) -> list[pl.Series]:
    """The attributes that most records give as words, with few values.

    Args:
        rows: attributes of each record.
        without: keys that are fields already.
    """
    given = Counter(key for row in rows for key, value in row.items() if _is_word(value))
    left_out = {*without}
    keys = [
        key for key, n in given.most_common() if n >= _FEW and key not in left_out and not key.startswith("logboom.")
    ]
    columns = (
        pl.Series(f"{PREFIX}{key}", [_word(row.get(key)) for row in rows], pl.String) for key in keys[: 4 * _MOST_KEYS]
    )
    return [column for column in columns if _tells(column)][:_MOST_KEYS]


def of_lines(lines: pl.Series, without: Iterable[str]) -> list[pl.Series]:
    """The same of `key=value` in lines; of a key that stands twice in a line the first."""
    pairs = lines.str.extract_all(_PAIR).alias("pair")
    said = pl.DataFrame([pl.int_range(len(lines), eager=True).alias("row"), pairs]).explode("pair").drop_nulls("pair")
    parts = said.select("row", pl.col("pair").str.extract_groups(_PAIR).alias("part")).unnest("part")
    first = parts.rename({"1": "key", "2": "word"}).unique(["row", "key"], keep="first", maintain_order=True)
    counted = first.group_by("key").len().filter(pl.col("len") >= _FEW).sort(["len", "key"], descending=[True, False])
    left_out = {*without}
    keys = [key for key in counted.get_column("key").to_list() if key not in left_out][: 4 * _MOST_KEYS]
    columns = (_column(first.filter(pl.col("key") == key), key, len(lines)) for key in keys)
    return [column for column in columns if _tells(column)][:_MOST_KEYS]


def names(frame: pl.DataFrame) -> list[str]:
    """Those columns of a frame."""
    return [name for name in frame.columns if name.startswith(PREFIX)]


def _column(first: pl.DataFrame, key: str, height: int) -> pl.Series:
    column = pl.Series(f"{PREFIX}{key}", [None], dtype=pl.String).new_from_index(0, height)
    return column.scatter(first.get_column("row"), first.get_column("word").str.strip_chars('"'))


def _tells(column: pl.Series) -> bool:
    """No ids."""
    known = column.len() - column.null_count()
    return column.drop_nulls().n_unique() <= min(_MOST_VALUES, known // 2)


def _is_word(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and 0 < len(value) <= _LONGEST)


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST else None
