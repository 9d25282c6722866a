"""Small batches for tests."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.batch import PAYLOADS, RECORDS, RESOURCES, SCOPES, LogBatch


def text_batch(bodies: Sequence[str], domain: str | Sequence[str] = "default") -> LogBatch:
    """One record for each body, of one resource and one scope; `domain` for all or one each."""
    count = len(bodies)
    zero = {"resource": 0, "scope": 0, "payload": 0, "severity_number": 9, "flags": 0, "dropped_attributes_count": 0}
    columns = {
        name: pl.Series([zero[name]], dtype=dtype).new_from_index(0, count)
        for name, dtype in RECORDS.items()
        if name in zero
    }
    domains = [domain] * count if isinstance(domain, str) else list(domain)
    records = pl.DataFrame(
        {
            "time_unix_nano": pl.Series(range(1, count + 1), dtype=pl.UInt64),
            "observed_time_unix_nano": pl.Series(range(1, count + 1), dtype=pl.UInt64),
            "severity_text": pl.Series(["INFO"] * count, dtype=pl.String),
            "body": pl.Series(list(bodies), dtype=pl.String),
            "body_any": pl.Series([None] * count, dtype=pl.Binary),
            "trace_id": pl.Series([b""] * count, dtype=pl.Binary),
            "span_id": pl.Series([b""] * count, dtype=pl.Binary),
            "event_name": pl.Series([""] * count, dtype=pl.String),
            "domain": pl.Series(domains, dtype=pl.String),
            "record_id": pl.Series([f"{n:026d}" for n in range(count)], dtype=pl.String),
            **columns,
        }
    ).select(RECORDS.names())
    return LogBatch(
        records,
        resources=pl.DataFrame([["", 0, b""]], schema=RESOURCES, orient="row"),
        scopes=pl.DataFrame([["", "", "", 0]], schema=SCOPES, orient="row"),
        payloads=pl.DataFrame([["default", "otlp", "0" * 16, 1, 0]], schema=PAYLOADS, orient="row"),
    )
