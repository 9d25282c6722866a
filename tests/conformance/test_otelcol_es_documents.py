"""The same records give the same documents as a real OpenTelemetry Collector's elasticsearch exporter.

Its documents are kept in tests/golden/otelcol/elasticsearch (`make compare` makes them anew, by a Collector of the release
that VERSION names). Compared are action line and document, field by field and with the kind of each number: 1 is not 1.0.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import orjson
import polars as pl
import pytest

from collector.component import Context
from counterparts.kept_results import Differences, read_lines
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import ElasticsearchExporter
from otlp_wire import decode_payloads, json_to_protobuf

KEPT = Path(__file__).parents[1] / "golden" / "otelcol"
VARIANTS = json.loads((KEPT / "elasticsearch" / "variants.json").read_text())
DIFFERENCES = Differences(KEPT / "elasticsearch" / "differences.yaml", VARIANTS)
RUNS = [(variant, file) for variant, told in VARIANTS.items() for file in told["inputs"]]
NOTHING = {"observed_timestamp": "0.0", "SeverityNumber": 0, "message": "", "Body": "", "body": {"text": ""}}
"""How the Collector writes what a record does not say; it is left out here."""
TIMES = re.compile(r"^(\d+)\.(\d+)$")

EVERYWHERE = (
    # the record id, which makes delivery repeatable; the Collector has none
    ("create", "_id"),
    # an option here: OpenSearch does not know it
    ("create", "require_data_stream"),
    # names of the release that the conformance cases are of: later ones have the first and no longer the second
    ("service", "language"),
    ("host", "os", "type"),
    # said in the action line, so not in the document
    ("attributes", "elasticsearch.document_pipeline"),
)


@cache
def results(variant: str, file: str) -> dict[str, tuple[list[str], list[str]]]:
    """By input logboom's action lines and documents, and the Collector's."""
    stem = file.partition(".")[0]
    inputs = read_lines(KEPT / "inputs" / file)
    kept = read_lines(KEPT / "elasticsearch" / f"{variant}-{stem}.jsonl.gz")
    assert [line["name"] for line in kept] == [line["name"] for line in inputs], (
        "run `make compare`: inputs have changed"
    )
    found = ours(variant, [line["request"] for line in inputs])
    theirs = [[canonical(each, variant) for each in line["lines"]] for line in kept]
    return {line["name"]: (own, other) for line, own, other in zip(kept, found, theirs, strict=True)}


def ours(variant: str, requests: list[dict]) -> list[list[str]]:
    """What logboom makes of each request, all of them in one batch."""
    options = {"endpoint": "http://127.0.0.1:9200", "compression": "none", **VARIANTS[variant]["options"]}
    exporter = ElasticsearchExporter(ElasticsearchConfig.model_validate(options), Context("elasticsearch", Path()))
    batch = decode_payloads([json_to_protobuf(orjson.dumps(request)) for request in requests])
    batch = batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(len(batch))], dtype=pl.String)})
    request = exporter.encode(batch)
    lines = [canonical(line, variant) for line in request.body.splitlines()]
    found: list[list[str]] = [[] for _ in requests]
    for at, payload in enumerate(batch.column("payload").gather(request.items)):
        found[payload] += lines[2 * at : 2 * at + 2]
    return found


def canonical(line: str | bytes, variant: str) -> str:
    """Members sorted, none twice, numbers as they were: text that is equal when the documents are."""
    try:
        document = json.loads(line, object_pairs_hook=_once, parse_constant=_no_json)
    except ValueError as error:
        return f"no JSON: {error}"
    for path in EVERYWHERE:
        if path != ("create", "_id") or variant != "dynamic":
            _without(document, path)
    for name, nothing in NOTHING.items():
        if document.get(name) == nothing:
            del document[name]
    for name in ("@timestamp", "observed_timestamp"):  # of mode otel: the Collector leaves out zeros after the point
        if isinstance(value := document.get(name), str) and (parts := TIMES.match(value)):
            document[name] = f"{parts[1]}.{parts[2]:0>6}"
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _without(document: dict, path: tuple[str, ...]) -> None:
    first, *rest = path
    inner = document.get(first)
    if not rest:
        document.pop(first, None)
    elif isinstance(inner, dict):
        _without(inner, tuple(rest))
        if not inner and first in ("service", "host", "os"):
            del document[first]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else {"a member twice": pairs}


def _no_json(constant: str) -> object:
    raise ValueError(constant)


@pytest.mark.parametrize(("variant", "file"), RUNS, ids=[f"{variant}-{file}" for variant, file in RUNS])
def test_documents_are_the_collectors(variant, file):
    """Each input's lines are equal, but for the differences that are meant."""
    assert DIFFERENCES.unmeant(variant, results(variant, file)) == {}


def test_each_difference_is_one():
    """What stands on the list of differences does differ, in one variant at least: it cannot hide anything else."""
    assert DIFFERENCES.idle({variant: results(variant, "edges.jsonl") for variant in VARIANTS}) == []
