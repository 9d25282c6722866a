"""Records of a person as they are handed out: OTLP JSON, one request a line, each record once; and what is told beside them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Self

import orjson

from collector.batch import LogBatch
from collector.component import Erasure
from collector.privacy.subjects import held_by

_TEXT_FIELDS = {"severity_text": "severityText", "event_name": "eventName", "trace_id": "traceId", "span_id": "spanId"}


class HandedOut:
    """A file of them, 0600, and what is in it. Raises `FileExistsError`, `OSError`."""

    def __init__(self, path: Path, erasure: Erasure) -> None:
        self._erasure = erasure
        self._hash = hashlib.sha256()
        self._seen: set[str] = set()
        self.places: Counter[str] = Counter()
        self.not_searched: dict[str, str] = {}
        self._first, self._last = 0, 0
        self._file = self.private(path)

    @staticmethod
    def private(path: Path) -> IO[bytes]:
        """A new file that nobody else may read. Raises `FileExistsError`, `OSError`."""
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(self.places.values())

    def add_batch(self, place: str, batch: LogBatch) -> None:
        """Those of a batch."""
        from otlp_wire import encode_json

        theirs = batch.filter(held_by(batch, self._erasure))
        ids = theirs.column("record_id")
        theirs = theirs.filter(~ids.is_in(list(self._seen)).fill_null(False)).compact()
        if not len(theirs):
            return
        self._seen.update(theirs.column("record_id").drop_nulls().to_list())
        times = theirs.column("time_unix_nano")
        self._write(place, encode_json(theirs).strip(), len(theirs), [int(times.min() or 0), int(times.max() or 0)])  # type: ignore[arg-type]

    def add_rows(self, place: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """As a destination keeps them."""
        for row in rows:
            id_ = str(row.get("record_id", ""))
            if id_ in self._seen:
                continue
            self._seen.add(id_)
            self._write(place, orjson.dumps(request_of(row)), 1, [int(row.get("time_unix_nano") or 0)])

    def manifest(self, said: Mapping[str, object]) -> dict[str, object]:
        """What is in the file, and where nobody looked."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return {
            **said, "records": self.records, "places": dict(self.places), "first_unix_nano": str(self._first),
            "last_unix_nano": str(self._last), "sha256": self._hash.hexdigest(), "not_searched": self.not_searched,
        }  # fmt: skip

    def _write(self, place: str, line: bytes, records: int, times: list[int]) -> None:
        self._file.write(line + b"\n")
        self._hash.update(line + b"\n")
        self.places[place] += records
        known = [time for time in (*times, self._first, self._last) if time]
        self._first, self._last = min(known, default=0), max(known, default=0)


def request_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a store, or a document, as an ExportLogsServiceRequest of one record."""
    if "document" in row:
        body: dict[str, Any] = {"body": any_value(row["document"])}
        row = {**row, "attributes": {"logboom.index": row.get("index")}}
    else:
        text, is_json = row.get("body"), row.get("body_is_json")
        body = {} if text is None else {"body": any_value(orjson.loads(text) if is_json else text)}
    attributes, resource, scope = (_object(row.get(name)) for name in ("attributes", "resource", "scope_attributes"))
    record: dict[str, Any] = {
        "timeUnixNano": str(row.get("time_unix_nano") or 0), **body,
        "attributes": [*_pairs(attributes), *_pairs({"logboom.record.id": row.get("record_id")})],
    }  # fmt: skip
    if number := row.get("severity_number"):
        record["severityNumber"] = int(number)
    record |= {there: str(row[name]) for name, there in _TEXT_FIELDS.items() if row.get(name)}
    logs = {"scope": {"name": row.get("scope_name") or "", "attributes": _pairs(scope)}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": {"attributes": _pairs(resource)}, "scopeLogs": [logs]}]}


def any_value(value: object) -> dict[str, Any]:
    """A plain value as OTLP JSON writes it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _pairs(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    return {} if value is None else {"stringValue": str(value)}


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def _object(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = orjson.loads(value)
    return value if isinstance(value, dict) else {}
