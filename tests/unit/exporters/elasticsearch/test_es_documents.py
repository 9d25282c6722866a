"""Documents and action lines: layout, values, routing, ids; beside the conformance cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.nested import layout
from collector.outcomes import Reject
from collector.testing.row_batch import Nested, Row, batch_of
from exporters.elasticsearch.config import ElasticsearchConfig, Mapping
from exporters.elasticsearch.exporter import BulkAnswer, ElasticsearchExporter
from exporters.elasticsearch.mappings import mappings
from otlp_wire import any_from_python


def encoded(batch, **options):
    given = {"endpoint": "http://127.0.0.1:9200", "compression": "none", **options}
    exporter = ElasticsearchExporter(ElasticsearchConfig.model_validate(given), Context("elasticsearch", Path()))
    return exporter, exporter.encode(batch)


def lines(batch, **options):
    """(action, document) of each record."""
    parsed = [json.loads(line) for line in encoded(batch, **options)[1].body.splitlines()]
    return [(action["create"], document) for action, document in zip(parsed[::2], parsed[1::2], strict=True)]


def mode(name):
    return {"mapping": {"mode": name}}


FIELDS = {
    "a value beside an object": ([("a", "1"), ("a.b", "2")], {"a": {"value": 1, "b": 2}}),
    "and its new name is taken": ([("a", "1"), ("a.b", "2"), ("a.value", "3")], {"a": {"value": 3, "b": 2}}),
    "and its new name is an object": ([("a", "1"), ("a.value.x", "2")], {"a": {"value": {"value": 1, "x": 2}}}),
    "a key between them in order": ([("a", "1"), ("a-b", "2"), ("a.b", "3")], {"a": {"value": 1, "b": 3}, "a-b": 2}),
    "the last of equal keys": ([("a", "1"), ("b", "2"), ("a", "3")], {"a": 3, "b": 2}),
    "a protected key": ([("p", "1"), ("p.x", "2"), ("p.x.y", "3")], {"p": 1}),
    "below a protected key that is not there": ([("p.x", "2")], {"p": {"x": 2}}),
    "nothing": ([], {}),
}


@pytest.mark.parametrize("name", FIELDS)
def test_layout(name):
    """No key is value and object at once, and none stands twice."""
    fields, expected = FIELDS[name]
    assert json.loads("".join(layout.nested(fields, {"p"}))) == expected


ODD = [
    ("bytes", b"\x01\xff"),
    ("nan", float("nan")),
    ("inf", float("-inf")),
    ("empty", None),
    ("text", 'a"\n\\'),
    ("big", 2**63 - 1),
    ("nested", Nested(any_from_python({"list": [1, {"k.l": b"\x02"}], "none": None, "x": float("inf")}))),
    ("list", Nested(any_from_python([]))),
]


def test_values_that_json_does_not_have():
    """Bytes are hex, numbers that are none are null; the other modes leave empty values out."""
    batch = batch_of([Row("r" * 26, ODD, resource=[("b", b"\x03")])])
    [(_, document)] = lines(batch)
    assert document["attributes"] == {
        "bytes": "01ff", "nan": None, "inf": None, "empty": None, "text": 'a"\n\\', "big": 2**63 - 1,
        "nested": {"list": [1, {"k.l": "02"}], "none": None, "x": None}, "list": [],
    }  # fmt: skip
    assert document["resource"]["attributes"] == {"b": "03"}
    [(_, flat)] = lines(batch, **mode("raw"))
    assert {key: flat[key] for key in ("bytes", "text", "big", "nested.list", "Resource.b")} == {
        "bytes": "01ff", "text": 'a"\n\\', "big": 2**63 - 1, "nested.list": [1, {"k": {"l": "02"}}], "Resource.b": "03",
    }  # fmt: skip
    assert not flat.keys() & {"nan", "inf", "empty", "list", "nested.none", "nested.x"}


TIMES = [
    (1, "0.000001"),
    (1_000_000, "1.0"),
    (1_123_456_780, "1123.456780"),
    (10**18, "1000000000000.0"),
    (1_796_075_173_675_978_746, "1796075173675.978746"),
    (1_796_075_000_600_000_000, "1796075000600.0"),
    (1_796_075_000_600_000_001, "1796075000600.000001"),
    (10**19 - 1, "9999999999999.999999"),
    (10**19, "10000000000000.0"),
]


@pytest.mark.parametrize(("nanos", "text"), TIMES)
def test_times_are_milliseconds_with_six_digits(nanos, text):
    """`.000001` is one nanosecond."""
    [(_, document)] = lines(batch_of([Row("r" * 26, fields={"time_unix_nano": nanos})]))
    assert document["@timestamp"] == text


def test_what_was_kept_of_a_resource_is_that_of_an_equal_one_alone():
    """The JSON of resources is kept over batches: numbers that Python calls equal are not the same here."""
    for value in (1, True, "1", 1.0, 0.0, -0.0, 1, b"1"):
        for row in (Row("r" * 26, resource=[("v", value)]), Row("r" * 26, scope=("s", "1", [("v", value)]))):
            [(_, document)] = lines(batch_of([row]))
            owner = document["resource"] if "attributes" in document["resource"] else document["scope"]
            expected = value.hex() if isinstance(value, bytes) else value
            assert repr(owner["attributes"]["v"]) == repr(expected)


def test_points():
    """A pair of doubles is one point; half a pair stays."""
    attributes = [("x.geo.location.lat", 1.5), ("x.geo.location.lon", 2.5), ("geo.location.lat", 3.5)]
    [(_, document)] = lines(batch_of([Row("r" * 26, attributes)]))
    assert document["attributes"] == {"x.geo.location": [2.5, 1.5], "geo.location.lat": 3.5}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["otel", "ecs", "none", "raw"])
def test_many_records_keep_their_order_and_their_own_fields(name):
    """Records of many shapes, resources and scopes in one batch: each line is what the record alone would be."""
    rows = [
        Row(
            f"{n:026d}",
            [(f"k{n % 3}", n), ("s", f"v{n}")][: n % 4],
            resource=[("service.name", f"s{n % 2}")],
            scope=(f"scope{n % 5}", "1", [("a", n % 2)]),
            fields={"body": None if n % 7 == 0 else f"b{n}", "severity_text": "INFO" * (n % 2), "severity_number": n % 3,
                    "trace_id": bytes([n]) * 16 if n % 2 else b"", "event_name": "e" * (n % 2)},
        )
        for n in range(40)
    ]  # fmt: skip
    together = lines(batch_of(rows), **mode(name))
    alone = [line for row in rows for line in lines(batch_of([row]), **mode(name))]
    assert together == alone
    assert [action["_id"] for action, _ in together] == [row.record_id for row in rows]


def test_derived_attributes_are_in_the_document():
    """What processors found out leaves the house like other attributes."""
    batch = LogBatch.of({"body": ["a", "b"], "record_id": ["1", "2"]}, {"logboom.triage.level": ["critical", None]})
    documents = [document for _, document in lines(batch)]
    assert documents[0]["attributes"] == {"logboom.triage.level": "critical"}
    assert "attributes" not in documents[1]
    assert [d.get("logboom.triage.level") for _, d in lines(batch, **mode("raw"))] == ["critical", None]


def test_an_empty_batch():
    """No record, no body."""
    for name in ("otel", "ecs", "none", "raw", "bodymap"):
        assert encoded(LogBatch.empty(), **mode(name))[1].body == b""


def test_where_documents_go():
    """Record before scope before resource; `elasticsearch.index` before a data stream; a static index before all."""
    batch = batch_of(
        [
            Row("1", [("data_stream.dataset", "Rec-1")], scope=("", "", [("data_stream.dataset", "scope")])),
            Row("2", scope=("x/receiver/hostmetricsreceiver/y", "", [])),
            Row("3", scope=("", "", [("encoding.format", "cloudtrail")]), resource=[("data_stream.namespace", "NS")]),
            Row("4", [("elasticsearch.index", "mine")]),
        ]
    )
    found = [action["_index"] for action, _ in lines(batch)]
    assert found == [
        "logs-rec_1.otel-default",
        "logs-hostmetricsreceiver.otel-default",
        "logs-cloudtrail.otel-ns",
        "mine",
    ]
    assert {action["_index"] for action, _ in lines(batch, logs_index="all")} == {"all"}
    assert "data_stream" not in lines(batch, logs_index="all")[0][1]


def test_logstash_format_takes_the_records_date():
    """A record that is sent again the next day finds its own index."""
    batch = batch_of([Row("1", fields={"time_unix_nano": 1_710_273_641_000_000_000})])
    options = {"logs_index": "app", "logstash_format": {"enabled": True, "prefix_separator": "_"}}
    assert lines(batch, **options)[0][0]["_index"] == "app_2024.03.12"


def test_ids_and_pipelines_of_attributes():
    """Escaped; empty is none; they are not in the document."""
    attributes = [("elasticsearch.document_id", 'a"b'), ("elasticsearch.document_pipeline", "p"), ("k", 1)]
    batch = batch_of([Row("1", attributes), Row("2", [("elasticsearch.document_id", "")])])
    options = {"logs_dynamic_id": {"enabled": True}, "logs_dynamic_pipeline": {"enabled": True}}
    (first, document), (second, _) = lines(batch, **options)
    assert (first["_id"], first["pipeline"]) == ('a"b', "p")
    assert not second.keys() & {"_id", "pipeline"}
    assert document["attributes"] == {"k": 1}


def test_a_scope_chooses_its_mapping_mode():
    """Modes in one batch, in record order; a mode that is unknown or not allowed is a dead letter."""
    asked = ["ecs", "", "RAW", "none", "nonsense"]
    scopes = [("", "", [("elastic.mapping.mode", name)] if name else []) for name in asked]
    batch = batch_of([Row(str(n), scope=scope) for n, scope in enumerate(scopes)])
    exporter, request = encoded(batch, mapping={"mode": "otel", "allowed_modes": ["otel", "ecs", "raw"]})
    documents = [json.loads(line) for line in request.body.splitlines()[1::2]]
    assert [next(key for key in ("message", "body", "Body") if key in d) for d in documents] == [
        "message",
        "body",
        "Body",
    ]
    rejects = [v for v in exporter.classify(BulkAnswer(request, None)) if isinstance(v, Reject)]
    assert sorted(int(item) for reject in rejects for item in reject.items) == [3, 4]


def test_bodymap_takes_maps_only():
    """Other bodies and other types of data stream are dead letters; the rest is sent."""
    body = any_from_python({"a": 1})
    batch = batch_of(
        [
            Row("1", fields={"body": None, "body_any": body}),
            Row("2", fields={"body": "text"}),
            Row("3", [("data_stream.type", "traces")], fields={"body": None, "body_any": body}),
            Row("4", [("data_stream.type", "metrics")], fields={"body": None, "body_any": body}),
        ]
    )
    _, request = encoded(batch, **mode("bodymap"))
    assert [json.loads(line) for line in request.body.splitlines()[1::2]] == [{"a": 1}, {"a": 1}]
    assert list(request.items) == [0, 3]
    assert [(list(items), reason) for items, reason in request.refused] == [
        ([2], "data_stream.type cannot be other than logs or metrics"),
        ([1], "invalid log record body type for 'bodymap' mapping mode"),
    ]


def test_documents_for_elastic_security():
    """`security` writes typed fields of ECS and labels, with the data stream's dataset; the template maps each type."""
    attributes = [("client.address", "10.0.0.1"), ("my.own", 7), ("data_stream.dataset", "shop")]
    batch = batch_of([Row("r" * 26, attributes, fields={"event_name": "user.login"})])
    [(action, document)] = lines(batch, mapping={"mode": "ecs", "security": True})
    assert action["_index"] == "logs-shop-default"
    assert document["source"]["ip"] == "10.0.0.1"
    assert document["labels"]["my_own"] == "7"
    assert (document["event"]["category"], document["event"]["dataset"]) == (["authentication"], "shop")
    assert document["data_stream"] == {"type": "logs", "dataset": "shop", "namespace": "default"}
    [(_, plain)] = lines(batch, mapping={"mode": "ecs"})
    assert "category" not in plain["event"]


@pytest.mark.parametrize(("opensearch", "labels"), [(False, "flattened"), (True, "flat_object")])
def test_the_template_for_elastic_security(opensearch, labels):
    """Addresses are addresses, numbers numbers, and no sender exhausts the limit of fields with labels."""
    properties = mappings(Mapping(mode="ecs", security=True), opensearch)["properties"]
    assert properties["source"]["properties"]["ip"] == {"type": "ip"}
    assert properties["http"]["properties"]["response"]["properties"]["status_code"] == {"type": "long"}
    assert properties["labels"] == {"type": labels}
    assert properties["@timestamp"]["type"] == "date_nanos"
    assert str(properties).count("'type': ") < 500
