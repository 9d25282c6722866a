"""What KV has and this machine does not know, after a start with an empty disk (a container, a new machine).

A view that begins with nothing would write small counts over large ones, and number its records from 0 again. So before the
first record of a domain is added, the domain's chunks are read from KV and taken over; likewise the counts of hours that
had begun when the view was made. A view that was there before stays as it is.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

from collector.store.describing import Described
from exporters.kv.described import Documents, places_of
from exporters.kv.keys import counts_key, described_key, hour_of, recent_key
from exporters.kv.records import received_hours

_SCHEMA = """
CREATE TABLE IF NOT EXISTS born (hour TEXT);
CREATE TABLE IF NOT EXISTS adopted (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key whose value must be known before records of its domain are added: of an hour, a table of events, or a chunk."""

    key: str
    domain: str
    hour: str = ""
    table: str = ""


class Adoption:
    """Works on the view's connection, on its thread.

    Args:
        connection: of the view, its schema made.
        documents: what events describe, on the same connection.
        prefix: of all keys.
        slots: chunks of a domain.
    """

    def __init__(self, connection: sqlite3.Connection, documents: Documents, prefix: str, slots: int) -> None:
        self._connection, self._prefix, self._slots = connection, prefix, slots
        self._documents = documents
        connection.executescript(_SCHEMA)
        connection.execute(
            "INSERT INTO born SELECT CASE WHEN EXISTS (SELECT 1 FROM next) THEN '' ELSE ? END"
            " WHERE NOT EXISTS (SELECT 1 FROM born)",
            (hour_of(time.time_ns() // 1_000_000),),
        )
        self._born = str(connection.execute("SELECT hour FROM born").fetchone()[0])

    def wanted(self, frame: pl.DataFrame, described: Sequence[Described] = ()) -> list[Wanted]:
        """What these records (columns as `exporters.kv.records.viewed`), and what they describe, need and nobody has asked for."""
        if not self._born:
            return []
        columns = frame.select("domain", hour=received_hours(frame.get_column("record_id")))
        keys = [
            Wanted(counts_key(self._prefix, domain, hour), domain, hour)
            for domain, hour in columns.unique().sort("domain", "hour").iter_rows()
            if hour <= self._born
        ]
        for domain in columns.get_column("domain").unique().sort():
            keys += [Wanted(recent_key(self._prefix, domain, slot), domain) for slot in range(self._slots)]
        for domain, table in sorted(places_of(described)):
            keys.append(Wanted(described_key(self._prefix, domain, table), domain, table=table))
        return self._not_adopted(keys)

    def adopt(self, wanted: Sequence[Wanted], values: Mapping[str, str | None]) -> None:
        """Take the values over, each once, in one transaction. What is not of version 1 counts as not there."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for one in self._not_adopted(wanted):
                value = _parsed(values.get(one.key))
                if one.hour:
                    self._adopt_counts(one, value)
                elif one.table:
                    self._documents.adopt((one.domain, one.table), value)
                else:
                    self._adopt_chunk(one.domain, value)
                self._connection.execute("INSERT INTO adopted VALUES (?)", (one.key,))
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _not_adopted(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        asked = orjson.dumps([one.key for one in wanted]).decode()
        found = self._connection.execute(
            "SELECT key FROM adopted WHERE key IN (SELECT value FROM json_each(?))", (asked,)
        )
        known = {key for (key,) in found}
        return [one for one in wanted if one.key not in known]

    def _adopt_counts(self, one: Wanted, value: Mapping[str, object]) -> None:
        components = value.get("components")
        for component, levels in components.items() if isinstance(components, dict) else ():
            self._connection.executemany(
                "INSERT INTO counts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET records = records + excluded.records",
                [(one.domain, one.hour, level, component, records) for level, records in levels.items()],
            )

    def _adopt_chunk(self, domain: str, value: Mapping[str, object]) -> None:
        first, records = value.get("first"), value.get("records")
        if not (isinstance(first, int) and isinstance(records, list)):
            return
        lines = [(domain, first + at, orjson.dumps(record).decode()) for at, record in enumerate(records)]
        self._connection.executemany("INSERT INTO recent VALUES (?, ?, ?) ON CONFLICT DO NOTHING", lines)
        self._connection.execute(
            "INSERT INTO next VALUES (?, ?) ON CONFLICT DO UPDATE SET number = max(number, excluded.number)",
            (domain, first + len(records)),
        )


def _parsed(value: str | None) -> Mapping[str, object]:
    try:
        parsed = orjson.loads(value or "")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) and parsed.get("v") == 1 else {}
