"""Severity on the scales of CEF (0..10) and LEEF (1..10)."""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.columns.dictionary import encode

_OF_NUMBER = [3] + [1] * 8 + [3] * 4 + [6] * 4 + [8] * 4 + [10] * 4
"""SeverityNumber 0 (unset) to 24. Unset counts as INFO, as in the syslog priority."""
_TABLE = np.array(_OF_NUMBER, dtype=np.uint8)
_OF_LEVEL = {"critical": 9, "warning": 6, "info": 3, "debug": 1}


def cef_severity(severity_number: pl.Series, level: pl.Series | None = None) -> pl.Series:
    """0..10 (UInt8, no null): 0-3 low, 4-6 medium, 7-8 high, 9-10 very high.

    Args:
        severity_number: OpenTelemetry's 1..24; everything else counts as unset.
        level: `logboom.triage.level`; where it is set it decides, except that a FATAL stays 10.
    """
    number = severity_number.to_numpy()
    severity = _TABLE[np.where((number >= 1) & (number <= 24), number, 0).astype(np.intp)]
    if level is not None:
        coded = encode(level)
        of_values = np.array([_OF_LEVEL.get(value, 0) for value in coded.values.to_pylist()] + [0], dtype=np.uint8)
        decided = of_values[coded.codes]
        severity = np.where((decided == 0) | ((severity == 10) & (decided == 9)), severity, decided)
    return pl.Series("severity", severity)


def leef_severity(severity_number: pl.Series, level: pl.Series | None = None) -> pl.Series:
    """1..10 (UInt8, no null), as `cef_severity`, which gives no 0."""
    return cef_severity(severity_number, level)
