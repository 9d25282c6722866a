"""The receiver splunk_hec answers as a real OpenTelemetry Collector's does, and makes the same records of what it takes.

The Collector's answers and records are kept in tests/golden/otelcol/hec_door (`make compare` makes them anew, by a Collector of the release
that VERSION names). Compared are values: a whole number is the same with and without `.0`, and times are to the microsecond, for those of
the Collector are products of doubles.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from collector.receivers.splunk_hec import FACTORY
from counterparts.hec_requests import OPTIONS, REQUESTS
from counterparts.json_door import door, records
from counterparts.kept_results import Differences, read_lines
from otlp_wire import json_to_protobuf

KEPT = Path(__file__).parents[1] / "golden" / "otelcol" / "hec_door"
DIFFERENCES = Differences(KEPT / "differences.yaml", {"hec": None})


def said(body: str) -> Any:
    """The document of an answer; a number that was given is one."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return {**found, "ackId": type(found["ackId"]).__name__} if isinstance(found, dict) and "ackId" in found else found


def to_microseconds(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records with their times rounded."""
    return [{**record, "time": round(record.get("time", 0), -3)} for record in found]


@cache
def pairs() -> dict[str, tuple[object, object]]:
    """By request what logboom says and keeps, and what the Collector does."""
    kept = {line["name"]: line for line in read_lines(KEPT / "results.jsonl.gz")}
    assert list(kept) == list(REQUESTS), "run `make compare`: requests have changed"
    found = {}
    with door(FACTORY, "splunk_hec", {"endpoint": "127.0.0.1:0", **OPTIONS}) as running:
        for name, (method, path, headers, body) in REQUESTS.items():
            before = len(running.records)
            answer = running.post(
                path, body, method, **{key.replace("-", "_"): value for key, value in headers.items()}
            )
            ours = (answer.status, said(answer.body.decode()), to_microseconds(running.records[before:]))
            line = kept[name]
            written = records(json_to_protobuf(orjson.dumps(line["written"]))) if line["written"] else []
            found[name] = (ours, (line["status"], said(line["body"]), to_microseconds(written)))
    return found


def test_answers_and_records_are_the_collectors():
    """But for what is meant to differ."""
    assert DIFFERENCES.unmeant("hec", pairs()) == {}


def test_each_difference_that_is_meant_is_one():
    """None of them hides anything."""
    assert DIFFERENCES.idle({"hec": pairs()}) == []
