"""Records as people write and read them: out of JSON, back into it, and what changed between two stages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from collector.batch import LogBatch
from collector.rowwise import rows
from collector.samples import SEVERITIES, SampleError, batch_of, batch_of_json

Record = dict[str, Any]
_NAMES = {number: name for name, number in SEVERITIES.items()}
_MORE = ("event_name", "time_unix_nano", "observed_time_unix_nano", "trace_id", "span_id", "flags")
_MAPS = ("attributes", "resource", "scope_attributes")


def batch_of_text(text: str, domain: str) -> LogBatch:
    """Records of a JSON document, a list of them, or one a line: as `logboom explain` takes them, or OTLP requests.

    Raises:
        SampleError: it is neither.
    """
    return batch_of_documents(list(_documents(text)), domain)


def batch_of_documents(documents: list[Any], domain: str) -> LogBatch:
    """As `batch_of_text`, of what is parsed already; one batch, in order. Raises `SampleError`."""
    strangers = [one for one in documents if not isinstance(one, dict)]
    if strangers:
        raise SampleError(f"a record is an object, such as {{body: text}}; not {strangers[0]!r}")
    requests = [one for one in documents if "resourceLogs" in one]
    if not requests:
        return batch_of(documents, domain)
    if len(requests) < len(documents):
        raise SampleError("records and OTLP requests do not mix: write one or the other")
    groups = [group for one in requests for group in one["resourceLogs"] or []]
    return batch_of_json(json.dumps({"resourceLogs": groups}).encode(), domain)


def _documents(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text := text.rstrip()):
        at += len(text[at:]) - len(text[at:].lstrip())
        try:
            found, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise SampleError(f"no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
        yield from found if isinstance(found, list) else [found]


def records_of(batch: LogBatch) -> list[Record]:
    """Each record as it is written, without what it does not say."""
    versions = batch.scope_field("version").to_list()
    return [_record(row, version) for row, version in zip(rows(batch), versions, strict=True)]


def _record(row: Mapping[str, Any], version: str) -> Record:
    severity = row["severity_number"]
    said: Record = {
        "body": row["body"], "severity": _NAMES.get(severity, severity), "severity_text": row["severity_text"],
        "attributes": row["attributes"], "resource": row["resource"], "scope": row["scope_name"], "scope_version": version,
        "scope_attributes": row["scope_attributes"], **{name: row[name] for name in _MORE},
    }  # fmt: skip
    return {name: value for name, value in said.items() if (value is not None if name == "body" else value)}


def as_shown(record: Mapping[str, Any]) -> Record:
    """A record that somebody wrote, with the severity as `records_of` has it."""
    number = record.get("severity_number", record.get("severity"))
    given = {name: value for name, value in record.items() if name not in ("severity", "severity_number")}
    return given if number is None else {**given, "severity": _NAMES.get(number, number)}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(field, value before, value after), by field; None = absent. Attributes are fields of their own."""
    old, new = dict(_fields(before)), dict(_fields(after))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name) or type(old.get(name)) is not type(new.get(name)):
            yield name, old.get(name), new.get(name)


def _fields(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if name in _MAPS and isinstance(value, Mapping):
            yield from ((f'{name}["{key}"]', each) for key, each in value.items())
        else:
            yield name, value
