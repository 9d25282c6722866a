"""`log_minutes`: how many sent records there are of a domain, minute, level, service, component, endpoint, environment and error type.

The counts are written in the transaction of the rows, for those that were really inserted, in one of two ways:

    many rows, all of them new    counted in columns before the transaction (`counted`), added by `add_counted`
    few rows, or some not new     the rows that this transaction inserted are read again: they have the last rowids (`ADD_INSERTED`)

What components made is counted nowhere. A key that is new to a minute that has `MOST_KEYS` loses its endpoint, so that a sender who
writes ids into paths makes no row a record; the counts of everything else stay exact. Texts stand with their first 200 characters.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from collector.levels import SQL as LEVEL
from collector.store.retention import MINUTE_NS

MOST_KEYS = 500
"""Of a domain and minute; above it `endpoint` is `OTHER`."""
OTHER = "(other)"
FEW = 256
"""Up to so many rows, reading them again (1.5 µs each) costs less than counting columns, whose price begins at 0.2 ms."""

_KEYS = ("domain", "minute", "level", "service", "component", "endpoint", "environment", "error_type")
_TEXTS = ("service_name", "component", "endpoint", "environment", "error_type")
_READ = ("domain", "minute", "triage_level", "severity_number", *_TEXTS, "n")
_NAMED = ", ".join(_KEYS)
_PLACES = ", ".join(str(at + 1) for at in range(len(_KEYS)))


def _adding(source: str) -> str:
    """The statement that adds what `source` selects: columns `_READ`."""
    texts = ", ".join(f"substr(ifnull({name}, ''), 1, 200)" for name in _TEXTS)
    same = " AND ".join(f"m.{key} = given.{key}" for key in _KEYS)
    return f"""WITH read({", ".join(_READ)}) AS NOT MATERIALIZED ({source}),
given({_NAMED}, n) AS (SELECT domain, minute, {LEVEL}, {texts}, sum(n) FROM read GROUP BY {_PLACES}),
told AS MATERIALIZED (SELECT given.*, EXISTS (SELECT 1 FROM log_minutes AS m WHERE {same}) AS known FROM given),
size(domain, minute, keys) AS MATERIALIZED (
    SELECT domain, minute, (SELECT count(*) FROM (SELECT 1 FROM log_minutes AS m
        WHERE m.domain = told.domain AND m.minute = told.minute LIMIT {MOST_KEYS}))
    FROM told WHERE NOT known GROUP BY 1, 2),
placed AS (
    SELECT told.*, keys + row_number() OVER (PARTITION BY domain, minute ORDER BY n DESC, endpoint) AS place
    FROM told JOIN size USING (domain, minute) WHERE NOT known)
INSERT INTO log_minutes
SELECT {_NAMED}, n FROM told WHERE known
UNION ALL
SELECT domain, minute, level, service, component, iif(place <= {MOST_KEYS}, endpoint, '{OTHER}'), environment, error_type, sum(n)
    FROM placed GROUP BY {_PLACES}
ON CONFLICT DO UPDATE SET n = n + excluded.n"""  # noqa: S608 - constants


def _rows(among: str) -> str:
    texts = ", ".join(_TEXTS)
    return (
        f"SELECT domain, time_unix_nano / {MINUTE_NS}, triage_level, severity_number, {texts}, 1 FROM logs"  # noqa: S608
        f" WHERE {among} AND generation IS NULL"
    )


_LAST = "rowid > (SELECT max(rowid) FROM logs) - {}"
ADD_INSERTED = _adding(_rows(_LAST.format("?1")))
"""Parameter: how many rows the transaction inserted. Nothing was deleted in it, so theirs are the last rowids."""
ADD_CHANGED = _adding(_rows(_LAST.format("changes()")))
"""The same behind the one statement that inserted them: its own count of rows, not a parameter."""

_THROUGH = "(SELECT through FROM log_minutes_uncounted)"
_BEGIN = f"ifnull((SELECT rowid FROM logs WHERE rowid <= {_THROUGH} ORDER BY rowid DESC LIMIT 1 OFFSET ?1), 0)"  # noqa: S608
ADD_PIECE = _adding(_rows(f"rowid > {_BEGIN} AND rowid <= {_THROUGH}"))
"""Parameter: how many rows, the newest of those that are not counted."""
MARK_PIECE = f"UPDATE log_minutes_uncounted SET through = {_BEGIN} WHERE through > 0 RETURNING through"  # noqa: S608
"""Goes behind `ADD_PIECE` in its transaction, with the same parameter. No row, or 0: there is no past to count."""

DELETE = """DELETE FROM log_minutes WHERE (domain, minute) IN (
    SELECT domain, minute FROM log_minutes WHERE domain IN (SELECT value FROM json_each(?1)) AND minute < ?2
    ORDER BY domain, minute LIMIT ?3) RETURNING 1"""
"""Parameters: domains as JSON, a minute, rows that are looked for: minutes go whole."""


@cache
def add_counted(height: int) -> str:
    """The statement that adds `height` rows of `counted`, flat parameters in row order."""
    row = f"({', '.join('?' * len(_READ))})"
    return _adding("VALUES " + ", ".join([row] * height))


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `collector.store.rows.rows`, counted: columns `_READ`, in any order. The level is found in SQL, as for rows of `logs`."""
    if rows.get_column("generation").null_count() < rows.height:
        rows = rows.filter(pl.col("generation").is_null())
    minute = (pl.col("time_unix_nano") // MINUTE_NS).alias("minute")
    return rows.group_by("domain", minute, "triage_level", "severity_number", *_TEXTS).len("n")
