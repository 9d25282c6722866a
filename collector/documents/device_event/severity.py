"""Severity on the scales of CEF (0..10) and LEEF (1..10)."""

from __future__ import annotations

import polars as pl

_OF_NUMBER = [3] + [1] * 8 + [3] * 4 + [6] * 4 + [8] * 4 + [10] * 4
"""SeverityNumber 0 (unset) to 24. Unset counts as INFO, as in the syslog priority."""
_OF_LEVEL = {"critical": 9, "warning": 6, "info": 3, "debug": 1}


def cef_severity(severity_number: pl.Series, level: pl.Series | None = None) -> pl.Series:
    """0..10 (UInt8, no null): 0-3 low, 4-6 medium, 7-8 high, 9-10 very high.

    Args:
        severity_number: OpenTelemetry's 1..24; everything else counts as unset.
        level: `logboom.triage.level`; where it is set it decides, except that a FATAL stays 10.
    """
    known = severity_number.is_between(1, 24)
    number = severity_number.set(~known.fill_null(False), 0)
    own = pl.Series("severity", _OF_NUMBER, dtype=pl.UInt8).gather(number.cast(pl.UInt32))
    if level is None:
        return own
    decided = level.replace_strict(_OF_LEVEL, default=None, return_dtype=pl.UInt8)
    kept = decided.is_null() | ((own == 10) & (level == "critical"))
    return own.zip_with(kept, decided).alias("severity")


def leef_severity(severity_number: pl.Series, level: pl.Series | None = None) -> pl.Series:
    """1..10 (UInt8, no null), otherwise as `cef_severity`, which gives no 0."""
    return cef_severity(severity_number, level).clip(lower_bound=1)
