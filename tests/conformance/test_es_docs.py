"""Documents of otelcol's elasticsearch exporter, by its own tests: the same record gives the same document."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context
from counterparts.conformance import cases, demand
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import ElasticsearchExporter
from otlp_wire import decode_payloads, json_to_protobuf

CASES = cases("es_docs*.json")


def batch_of(case: dict) -> LogBatch:
    """The records with ids, as they come out of the journal."""
    batch = decode_payloads([json_to_protobuf(json.dumps(case["input"]).encode())])
    return batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(len(batch))], dtype=pl.String)})


def lines_of(case: dict) -> list[dict]:
    options = {"endpoint": "http://127.0.0.1:9200", **case["config"], "compression": "none"}
    config = ElasticsearchConfig.model_validate(options)
    exporter = ElasticsearchExporter(config, Context("elasticsearch", Path()))
    request = exporter.encode(batch_of(case))
    assert request.refused == []
    assert request.body.endswith(b"\n")
    return [json.loads(line) for line in request.body.splitlines()]


def without(document: dict, dotted: list[str]) -> dict:
    for path in dotted:
        *parents, last = path.split(".")
        at = document
        for name in parents:
            at = at.get(name, {})
        at.pop(last, None)
    return document


def absent(case: dict, documents: list[dict]) -> list[str]:
    """Members that differ on purpose: a record without a time happened when it came, not in 1970, and a severity that was
    not said is not 0. Only where the case says so, and only if the document does not."""
    said = {name: value for document in case["expected_documents"] for name, value in document.items()}
    found = []
    if said.get("@timestamp") in ("0.0", "1970-01-01T00:00:00.000000000Z"):
        assert all(document["@timestamp"] != said["@timestamp"] for document in documents)
        found.append("@timestamp")
    for name, absence in (("SeverityNumber", 0), ("observed_timestamp", "0.0")):
        if said.get(name) == absence:
            assert not any(name in document for document in documents)
            found.append(name)
    return found


def test_there_are_cases():
    """The folder is found."""
    demand(CASES, "es_docs.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    """Document, index, id and pipeline are as the case says."""
    lines = lines_of(case)
    actions, documents = [line["create"] for line in lines[::2]], lines[1::2]
    if "expected_documents" in case:
        ignored = [*case.get("ignore", []), *absent(case, documents)]
        expected = [without(document, ignored) for document in case["expected_documents"]]
        assert [without(document, ignored) for document in documents] == expected
    for key, value in case.get("expected_subset", {}).items():
        assert documents[0].get(key) == value, key
    assert not documents[0].keys() & set(case.get("expected_absent", []))
    if "expected_action" in case:
        [(name, expected)] = case["expected_action"].items()
        assert name == "create"
        assert {key: value for key, value in actions[0].items() if key != "_id"} == expected
    if "expected_index" in case:
        assert actions[0]["_index"] == case["expected_index"]
    assert case.get("expected_index_contains", "") in actions[0]["_index"]
    if "expected_doc_id" in case:
        assert actions[0].get("_id") == case["expected_doc_id"]
    if "expected_pipeline" in case:
        assert actions[0].get("pipeline") == case["expected_pipeline"]
