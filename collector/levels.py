"""The level of records that triage has not judged: one answer for columns and for SQL.

The level that was given stands. Without one the severity speaks, as triage's last rules do (`severity/…`):

| `severity_number` | level |
| --- | --- |
| 18 and above (ERROR2 to ERROR4: critical, alert; FATAL) | critical |
| 17 (ERROR) | warning; with an exception critical |
| 13 to 16 (WARN) | warning |
| 9 to 12 (INFO) | info |
| 1 to 8 (TRACE, DEBUG) | debug |
| none (0 and below) | info; with an exception warning |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LEVELS = ("critical", "warning", "info", "debug")
"""Triage levels, most urgent first."""

TRACE, INFO, WARN, ERROR, CRITICAL, FATAL = 1, 9, 13, 17, 18, 21
"""The first severity number of each; CRITICAL is ERROR2, by which syslog, Windows and zap say it."""

_EXCEPTION = "exception"


def level(given: pl.Expr, number: pl.Expr, error_type: pl.Expr) -> pl.Expr:
    """The level of each record. A `given` level of another name counts as none."""
    import polars as pl  # the supervisor reads options that need the names only, and stays small

    number = number.fill_null(0)
    exception = error_type.eq_missing(_EXCEPTION)
    by_severity = (
        pl.when((number >= CRITICAL) | (exception & (number >= ERROR)))
        .then(pl.lit("critical"))
        .when((number >= WARN) | (exception & (number < TRACE)))
        .then(pl.lit("warning"))
        .when((number >= INFO) | (number < TRACE))
        .then(pl.lit("info"))
        .otherwise(pl.lit("debug"))
    )
    return pl.when(given.is_in(LEVELS)).then(given).otherwise(by_severity)


SQL = f"""CASE WHEN triage_level IN ('critical', 'warning', 'info', 'debug') THEN triage_level
    WHEN severity_number >= {CRITICAL} OR (error_type = '{_EXCEPTION}' AND severity_number >= {ERROR}) THEN 'critical'
    WHEN severity_number >= {WARN} OR (error_type = '{_EXCEPTION}' AND ifnull(severity_number, 0) < {TRACE}) THEN 'warning'
    WHEN severity_number >= {INFO} OR ifnull(severity_number, 0) < {TRACE} THEN 'info' ELSE 'debug' END"""
"""The same of a row of `logs` (columns `triage_level`, `severity_number`, `error_type`), for SQLite and D1."""
