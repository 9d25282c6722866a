"""PRI: facility and severity of a record, `8 * facility + severity` (RFC 5424, section 6.2.1)."""

from __future__ import annotations

import numpy as np
import polars as pl

from exporters.syslog.config import FACILITIES, SyslogConfig

_MOST = 8 * 23 + 7
_FATAL = {"emerg": 0, "alert": 1, "crit": 2}
_BELOW_FATAL = [7] * 8 + [6] + [5] * 3 + [4] * 4 + [3, 2, 1, 1]
"""Syslog severity of SeverityNumber 1 (TRACE) to 20 (ERROR4): the inverse of what otelcol's syslog parser reads."""


def priorities(config: SyslogConfig) -> pl.Series:
    """`<PRI>` for each SeverityNumber 0..24; 0 = no severity."""
    facility = 8 * FACILITIES.index(config.facility)
    severities = _BELOW_FATAL + [_FATAL[config.fatal_severity]] * 4
    numbers = [config.defaults.priority, *(facility + severity for severity in severities)]
    return pl.Series([f"<{number}>" for number in numbers], dtype=pl.String)


def pri(table: pl.Series, severity_number: pl.Series, attribute: pl.Series | None) -> pl.Series:
    """`<PRI>` of each record: its attribute `priority` where that is a number of 0..191, else by severity."""
    numbers = severity_number.to_numpy()
    known = np.where((numbers > 0) & (numbers < len(table)), numbers, 0)
    by_severity = table.gather(pl.Series(known, dtype=pl.UInt32))
    if attribute is None:
        return by_severity
    given = attribute.filter(attribute.str.contains(r"^[0-9]{1,3}$").fill_null(False)).unique()
    valid = given.filter(given.cast(pl.Int32) <= _MOST).to_list()
    texts = [f"<{int(value)}>" for value in valid]
    own = attribute.replace_strict(valid, texts, default=None, return_dtype=pl.String)
    return own.zip_with(own.is_not_null(), by_severity)
