"""Texts that every record has for itself: when it happened, its message, its ids."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.bodies import body_text
from collector.documents.facts.names import MESSAGE

_NO_DOMAIN = "default"
"""What the receivers put down for senders without a tenant: to a SIEM it would look like the name of one."""


def epoch_ms(batch: LogBatch) -> pl.Series:
    """Time of the event, else when it was seen, in milliseconds since 1970 as text; null when both are unknown."""
    time = batch.column("time_unix_nano")
    if (time == 0).any():
        time = time.zip_with(time != 0, batch.column("observed_time_unix_nano"))
    return (time.set(time == 0, None) // 1_000_000).cast(pl.String)


def message(batch: LogBatch) -> pl.Series:
    """The body: text as it is, anything else as JSON; without a body what the exception says."""
    body = body_text(batch)
    for name in MESSAGE if body.null_count() else ():
        body = body.zip_with(body.is_not_null(), batch.attribute(name))
    return body


def domain(batch: LogBatch) -> pl.Series:
    """The tenant; null for records that came without one."""
    domains = batch.column("domain")
    return domains.set(domains == _NO_DOMAIN, None)


def hexadecimal(ids: pl.Series) -> pl.Series:
    """Trace and span ids; null where there is none."""
    text = ids.bin.encode("hex")
    return text.set(text == "", None)
