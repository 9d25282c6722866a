"""One declaration of a table of counts by minute: what SQLite and D1 run to add to it and to forget.

A table has `domain`, `minute` (since 1970, by `time_unix_nano`) and `level` in front, then its texts, then `n`, how many sent records there
are of them. What components made is counted nowhere. The counts are written in the transaction of the rows, for those that were really
inserted, in one of two ways:

    many rows, all of them new    counted in columns before the transaction (`counted`), added by `add_counted`
    few rows, or some not new     the rows that this transaction inserted are read again: they have the last rowids (`add_inserted`)

A key that is new to a minute that has `MOST_KEYS` loses its `bounded` text, so that a sender who writes ids into it makes no row a
record; the counts of everything else stay exact. Texts stand with their first 200 characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from collector.levels import SQL as LEVEL
from collector.store.retention import MINUTE_NS

if TYPE_CHECKING:
    import polars as pl

MOST_KEYS = 500
"""Of a domain and minute; above it the bounded text is `OTHER`."""
OTHER = "(other)"
FEW = 256
"""Up to so many rows, reading them again (1.5 µs each) costs less than counting columns, whose price begins at 0.2 ms."""

KEEP_INSERTED = "UPDATE logboom_store SET inserted = changes()"
"""Behind the statement that inserted rows, where several tables count them: its own count is gone with the next statement."""
_KEPT = "(SELECT inserted FROM logboom_store)"
_LAST = "rowid > (SELECT max(rowid) FROM logs) - {}"


@dataclass(frozen=True, eq=False)
class Rollup:
    """A table of counts by minute.

    Args:
        name: of the table.
        texts: column of the table → column of `logs`.
        bounded: the text that a key loses in a full minute.
        needed: rows of `logs` without this column are not counted; empty: all are.
    """

    name: str
    texts: Mapping[str, str]
    bounded: str
    needed: str = ""

    @cached_property
    def keys(self) -> Sequence[str]:
        """The primary key."""
        return ("domain", "minute", "level", *self.texts)

    @cached_property
    def _levelled(self) -> Sequence[str]:
        """What the level is found from, and is no text of the table."""
        return [name for name in ("triage_level", "severity_number", "error_type") if name not in self.texts.values()]

    @cached_property
    def read(self) -> Sequence[str]:
        """Columns of what is added: `n`, and what the keys are made of."""
        return ("domain", "minute", *self._levelled, *self.texts.values(), "n")

    def concerns(self, frame: pl.DataFrame) -> bool:
        """Whether any of these rows of `logs` is counted here."""
        return not self.needed or frame.get_column(self.needed).null_count() < frame.height

    def counted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows of `collector.store.rows.rows`, counted: columns `read`, in any order. The level is found in SQL, as for rows of `logs`."""
        import polars as pl  # `schema` reads the names only, also where nothing is counted

        if frame.get_column("generation").null_count() < frame.height:
            frame = frame.filter(pl.col("generation").is_null())
        if self.needed:
            frame = frame.filter(pl.col(self.needed).is_not_null())
        minute = (pl.col("time_unix_nano") // MINUTE_NS).alias("minute")
        return frame.group_by("domain", minute, *self._levelled, *self.texts.values()).len("n").select(self.read)

    def add_counted(self, height: int) -> str:
        """The statement that adds `height` rows of `counted`, flat parameters in row order."""
        return _add_counted(self, height)

    @cached_property
    def add_inserted(self) -> str:
        """Parameter: how many rows the transaction inserted. Nothing was deleted in it, so theirs are the last rowids."""
        return self.adding(self.rows(_LAST.format("?1")))

    @cached_property
    def add_changed(self) -> str:
        """The same behind the one statement that inserted them: its own count of rows, not a parameter."""
        return self.adding(self.rows(_LAST.format("changes()")))

    @cached_property
    def add_kept(self) -> str:
        """The same behind `KEEP_INSERTED`."""
        return self.adding(self.rows(_LAST.format(_KEPT)))

    @cached_property
    def delete(self) -> str:
        """Parameters: domains as JSON, a minute, rows that are looked for: minutes go whole."""
        return f"""DELETE FROM {self.name} WHERE (domain, minute) IN (
    SELECT domain, minute FROM {self.name} WHERE domain IN (SELECT value FROM json_each(?1)) AND minute < ?2
    ORDER BY domain, minute LIMIT ?3) RETURNING 1"""  # noqa: S608 - constants

    def rows(self, among: str) -> str:
        """The rows of `logs` that are counted, as `adding` takes them."""
        named = ", ".join([*self._levelled, *self.texts.values()])
        needed = f" AND {self.needed} IS NOT NULL" if self.needed else ""
        return (
            f"SELECT domain, time_unix_nano / {MINUTE_NS}, {named}, 1 FROM logs"  # noqa: S608 - constants
            f" WHERE {among} AND generation IS NULL{needed}"
        )

    def adding(self, source: str) -> str:
        """The statement that adds what `source` selects: columns `read`."""
        named, places = ", ".join(self.keys), ", ".join(str(at + 1) for at in range(len(self.keys)))
        texts = ", ".join(f"substr(ifnull({column}, ''), 1, 200)" for column in self.texts.values())
        same = " AND ".join(f"m.{key} = given.{key}" for key in self.keys)
        placed = ", ".join(f"iif(place <= {MOST_KEYS}, {k}, '{OTHER}')" if k == self.bounded else k for k in self.keys)
        return f"""WITH read({", ".join(self.read)}) AS NOT MATERIALIZED ({source}),
given({named}, n) AS (SELECT domain, minute, {LEVEL}, {texts}, sum(n) FROM read GROUP BY {places}),
told AS MATERIALIZED (SELECT given.*, EXISTS (SELECT 1 FROM {self.name} AS m WHERE {same}) AS known FROM given),
size(domain, minute, keys) AS MATERIALIZED (
    SELECT domain, minute, (SELECT count(*) FROM (SELECT 1 FROM {self.name} AS m
        WHERE m.domain = told.domain AND m.minute = told.minute LIMIT {MOST_KEYS}))
    FROM told WHERE NOT known GROUP BY 1, 2),
placed AS (
    SELECT told.*, keys + row_number() OVER (PARTITION BY domain, minute ORDER BY n DESC, {self.bounded}) AS place
    FROM told JOIN size USING (domain, minute) WHERE NOT known)
INSERT INTO {self.name}
SELECT {named}, n FROM told WHERE known
UNION ALL
SELECT {placed}, sum(n)
    FROM placed GROUP BY {places}
ON CONFLICT DO UPDATE SET n = n + excluded.n"""  # noqa: S608 - constants


@cache
def _add_counted(rollup: Rollup, height: int) -> str:
    row = f"({', '.join('?' * len(rollup.read))})"
    return rollup.adding("VALUES " + ", ".join([row] * height))
