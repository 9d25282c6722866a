"""The same records give the same events of the HTTP Event Collector as a real OpenTelemetry Collector's splunk_hec exporter.

Its requests are kept in tests/golden/otelcol/splunk_hec (`make compare` makes them anew, by a Collector of the release that
VERSION names). Compared are values: a whole number is the same with and without `.0`, for Go leaves it out.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import orjson
import polars as pl
import pytest

from counterparts.kept_results import Differences, read_lines
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.events import events
from exporters.splunk_hec.raw import lines
from otlp_wire import decode_payloads, json_to_protobuf

KEPT = Path(__file__).parents[1] / "golden" / "otelcol"
VARIANTS = json.loads((KEPT / "splunk_hec" / "variants.json").read_text())
DIFFERENCES = Differences(KEPT / "splunk_hec" / "differences.yaml", VARIANTS)
RUNS = [(variant, file) for variant, told in VARIANTS.items() for file in told["inputs"]]
ALIKE = {"otel_to_hec_fields": {"record_id": "", "name": ""}, "raw_newlines": "keep"}
"""Options that switch off what the Collector does not have (its `name` does nothing)."""


@cache
def results(variant: str, file: str) -> dict[str, tuple[list[str], list[str]]]:
    """By input logboom's events (or raw lines), and the Collector's."""
    inputs = read_lines(KEPT / "inputs" / file)
    kept = read_lines(KEPT / "splunk_hec" / f"{variant}-{file.partition('.')[0]}.jsonl.gz")
    assert [line["name"] for line in kept] == [line["name"] for line in inputs], (
        "run `make compare`: inputs have changed"
    )
    found = ours(variant, [line["request"] for line in inputs])
    read = split_lines if variant == "raw" else split_events
    theirs = [[event for sent in line["sent"] for event in read(sent["body"])] for line in kept]
    return {line["name"]: (own, other) for line, own, other in zip(kept, found, theirs, strict=True)}


def ours(variant: str, requests: list[dict]) -> list[list[str]]:
    """What logboom makes of each request, all of them in one batch."""
    options = {"endpoint": "http://127.0.0.1:8088", "token": "t", **ALIKE, **VARIANTS[variant]["options"]}
    config = SplunkHecConfig.model_validate(options)
    batch = decode_payloads([json_to_protobuf(orjson.dumps(request)) for request in requests])
    batch = batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(len(batch))], dtype=pl.String)})
    texts = lines(batch, config) if config.export_raw else events(batch, config)
    found: list[list[str]] = [[] for _ in requests]
    read = split_lines if config.export_raw else split_events
    for payload, text in zip(batch.column("payload"), texts, strict=True):
        found[payload] += read(text or "")
    return found


def split_events(body: str) -> list[str]:
    """Joined JSON objects, each with its members sorted and none twice; fields that are null say nothing."""
    found, at = [], 0
    while at < len(body):
        document, at = DECODER.raw_decode(body, at)
        document["fields"] = {key: value for key, value in document.get("fields", {}).items() if value is not None}
        found.append(_text(document))
        at += len(body[at:]) - len(body[at:].lstrip())
    return found


def split_lines(body: str) -> list[str]:
    """Lines, for what is JSON its value; Splunk passes over empty ones."""
    return [_canonical(line) for line in body.splitlines() if line]


def _canonical(line: str) -> str:
    try:
        return _text(DECODER.decode(line))
    except ValueError:
        return line


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _number(text: str) -> object:
    number = float(text)
    return int(number) if number.is_integer() else number


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else {"a member twice": pairs}


DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_number)


@pytest.mark.parametrize(("variant", "file"), RUNS, ids=[f"{variant}-{file}" for variant, file in RUNS])
def test_events_are_the_collectors(variant, file):
    """Each input's events are equal, but for the differences that are meant."""
    assert DIFFERENCES.unmeant(variant, results(variant, file)) == {}


def test_each_difference_is_one():
    """What stands on the list of differences does differ, in one variant at least: it cannot hide anything else."""
    assert DIFFERENCES.idle({variant: results(variant, "edges.jsonl") for variant in VARIANTS}) == []
