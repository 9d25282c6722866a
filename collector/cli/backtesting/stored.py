"""Sent records of a store in event time, as batches: what was received within ten seconds is one step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch, concat
from collector.samples import batch_of_groups

STEP_NS = 10 * 10**9
_MOST_RECORDS = 5000
_OWN = "logboom."
_GIVEN = "logboom.issue.fingerprint"
"""Of the attributes that begin so, the one that senders give; the others are what was decided."""
_COLUMNS = (
    "record_id", "domain", "time_unix_nano", "severity_number", "severity_text", "body", "body_is_json", "event_name", "trace_id",
    "span_id", "scope_name", "attributes", "resource", "triage_level", "issue_id",
)  # fmt: skip

Row = sqlite3.Row


@dataclass(frozen=True, slots=True)
class Slice:
    """The records of a step, and what was decided about each: `levels` and `issues` in the order of the batch."""

    at_unix_nano: int
    batch: LogBatch
    levels: pl.Series
    issues: pl.Series


def slices(connection: sqlite3.Connection, since: int, until: int) -> Iterator[Slice]:
    """All sent records of that time, the oldest first."""
    connection.row_factory = sqlite3.Row
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM logs WHERE time_unix_nano >= ? AND time_unix_nano < ? AND generation IS NULL"  # noqa: S608
        " ORDER BY time_unix_nano, rowid",
        (since, until),
    )
    for _, step in groupby(rows, key=lambda row: row["time_unix_nano"] // STEP_NS):
        waiting = list(step)
        for first in range(0, len(waiting), _MOST_RECORDS):
            yield _slice(waiting[first : first + _MOST_RECORDS])


def _slice(rows: Sequence[Row]) -> Slice:
    at = rows[-1]["time_unix_nano"]
    ordered = sorted(rows, key=lambda row: (row["domain"], row["resource"], row["scope_name"] or ""))
    batches = [_of_domain(domain, list(own), at) for domain, own in groupby(ordered, key=lambda row: row["domain"])]
    said = {name: pl.Series(name, [row[name] for row in ordered], pl.String) for name in ("triage_level", "issue_id")}
    return Slice(at, concat(batches), said["triage_level"], said["issue_id"])


def _of_domain(domain: str, rows: Sequence[Row], at: int) -> LogBatch:
    groups = [
        ({"resource": _resource(resource), "scope": scope or ""}, [_sample(row) for row in own])
        for (resource, scope), own in groupby(rows, key=lambda row: (row["resource"], row["scope_name"]))
    ]
    batch = batch_of_groups(groups, domain)
    ids = pl.Series([row["record_id"] for row in rows], dtype=pl.String)
    payloads = batch.payloads.with_columns(
        received_unix_ms=pl.lit(at // 1_000_000).cast(batch.payloads["received_unix_ms"].dtype)
    )
    return replace(batch.with_fields({"record_id": ids}), payloads=payloads)


def _sample(row: Row) -> dict[str, Any]:
    attributes = orjson.loads(row["attributes"])
    body = row["body"]
    return {
        "time_unix_nano": row["time_unix_nano"],
        "body": orjson.loads(body) if row["body_is_json"] and body else body,
        "severity": row["severity_number"] or 0,
        "severity_text": row["severity_text"] or "",
        "attributes": {key: value for key, value in attributes.items() if key == _GIVEN or not key.startswith(_OWN)},
        "event_name": row["event_name"] or "",
        "trace_id": row["trace_id"] or "",
        "span_id": row["span_id"] or "",
    }


@lru_cache(maxsize=1024)
def _resource(document: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(document)
    return found
