"""The elasticsearch exporter against a real OpenSearch. Maven and Java 17 are needed; these tests are never skipped."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from collector.component import Context, Erasure, NotErasable, Subject
from collector.outcomes import Blocked, Ok, Reject, Split
from collector.testing.row_batch import Nested, Row, batch_of
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import ElasticsearchExporter
from otlp_wire import any_from_python

pytestmark = pytest.mark.timeout(600)
SETUP = {"enabled": True, "replicas": 0}


def exporter_of(url, **options):
    quick = {"retry_on_failure": {"initial_interval": "50ms", "max_interval": "500ms"}, "timeout": "20s"}
    config = ElasticsearchConfig.model_validate({"endpoint": url, "setup": SETUP, **quick, **options})
    return ElasticsearchExporter(config, Context("elasticsearch", Path())), config


def send(url, *batches, **options):
    """Send each batch; the verdicts of each, and what was sent."""

    async def main():
        exporter, _ = exporter_of(url, **options)
        await exporter.start()
        try:
            requests = [exporter.encode(batch) for batch in batches]
            return [list(exporter.classify(await exporter.send(request))) for request in requests], requests
        finally:
            await exporter.shutdown()

    return asyncio.run(main())


def rows(*bodies, **fields):
    return batch_of(
        [Row(f"{fields.pop('prefix', 'r')}{n:025d}", fields={"body": body, **fields}) for n, body in enumerate(bodies)]
    )


@pytest.mark.parametrize("mode", ["otel", "ecs", "none", "raw"])
def test_documents_are_found_as_they_were_sent(opensearch, mode):
    """Every mapping mode: created in its data stream under the record id, found by id, time and attribute."""
    odd = Nested(any_from_python({"a": [1, {"b.c": None}], "n": b"\x01", "x": float("nan")}))
    batch = batch_of(
        [
            Row(
                f"{mode:026}",
                [
                    ("data_stream.dataset", mode),
                    ("http.route", '/a\n"b"'),
                    ("n", 1.5),
                    ("odd", odd),
                    ("inf", float("inf")),
                ],
                resource=[("service.name", "shop"), ("host.name", "h1")],
                scope=("lib", "1", [("k", b"\xff")]),
                fields={"time_unix_nano": 1_710_273_641_123_000_789, "trace_id": b"\1" * 16},
            )
        ]
    )
    [verdicts], [request] = send(opensearch.url, batch, mapping={"mode": mode}, compression="none")
    assert verdicts == [Ok()]
    source = json.loads(request.body.splitlines()[1])
    stream = f"logs-{mode}{'.otel' * (mode == 'otel')}-default"
    opensearch.call("POST", f"/{stream}/_refresh")
    key = {"otel": "resource.attributes.service.name", "ecs": "service.name"}.get(mode, "Resource.service.name")
    query = {"bool": {"filter": [{"term": {key: "shop"}}, {"range": {"@timestamp": {
        "gte": "2024-03-12T20:00:41.123000789Z", "lte": "2024-03-12T20:00:41.123000789Z"}}}]}}  # fmt: skip
    status, found = opensearch.call("POST", f"/{stream}/_search", {"query": query})
    assert status == 200, found
    [hit] = found["hits"]["hits"]
    assert (hit["_id"], hit["_source"]) == (f"{mode:026}", source)
    assert opensearch.call("GET", f"/_data_stream/{stream}")[0] == 200


def test_documents_for_elastic_security(opensearch):
    """The template's types hold: networks find addresses, ranges find numbers; no value is refused, labels are text."""
    setup = {**SETUP, "name": "security", "index_patterns": ["logs-security-*"], "priority": 310}
    stream = ("data_stream.dataset", "security")
    odd = Nested(any_from_python([{"a": 1}, "b", None]))
    batch = batch_of(
        [
            Row("a" * 26, [stream, ("client.address", "10.1.2.3"), ("http.response.status_code", 503), ("odd", odd)]),
            Row(
                "b" * 26, [stream, ("client.ip", "web"), ("client.port", "x"), ("odd", 7), ("event.kind", odd), ("", 1)]
            ),
            Row("c" * 26, [stream, ("client.address", "::1"), ("event.start", "2024-02-30T00:00:00Z"), ("odd", True)]),
        ]
    )
    [verdicts], _ = send(opensearch.url, batch, mapping={"mode": "ecs", "security": True}, setup=setup)
    assert verdicts == [Ok()]
    opensearch.call("POST", "/logs-security-default/_refresh")
    queries = {
        "ab": {"terms": {"labels.odd": ["7", '[{"a":1},"b",null]']}},
        "a": {
            "bool": {
                "filter": [
                    {"term": {"source.ip": "10.0.0.0/8"}},
                    {"range": {"http.response.status_code": {"gte": 500}}},
                ]
            }
        },
        "ac": {"exists": {"field": "client.ip"}},
        "b": {"term": {"labels.client_port": "x"}},
        "c": {"term": {"labels.event_start": "2024-02-30T00:00:00Z"}},
    }
    for expected, query in queries.items():
        status, found = opensearch.call("POST", "/logs-security-default/_search", {"query": query})
        assert status == 200, found
        assert "".join(sorted(hit["_id"][0] for hit in found["hits"]["hits"])) == expected, query


def test_a_conflict_is_delivered_and_a_wrong_document_is_not(opensearch):
    """The same batch again changes nothing; a mapping conflict is rejected alone, with a reason without its value."""
    index = {"logs_index": "strict", "mapping": {"mode": "raw"}, "setup": {"enabled": False}}
    properties = {"properties": {"count": {"type": "long"}}}
    assert opensearch.call("PUT", "/strict", {"mappings": properties})[0] == 200
    batch = batch_of([Row(f"{n:026}", [("count", value)]) for n, value in enumerate(["1", "secret-7", "3"])])
    first, second = send(opensearch.url, batch, batch, **index)[0]
    for verdicts in (first, second):
        [ok, reject] = verdicts
        assert ok == Ok()
        assert isinstance(reject, Reject)
        assert list(reject.items) == [1]
        assert reject.reason.startswith("400 mapper_parsing_exception: failed to parse field [count] of type [long]")
        assert "secret-7" not in reject.reason.partition("For input string")[0]
    assert sorted(opensearch.ids("strict")) == [f"{n:026}" for n in (0, 2)]


def test_a_write_block_and_a_large_body(opensearch):
    """A read-only index is an operator's matter: blocked. A body over the server's limit: halved."""
    plain = {"setup": {"enabled": False}, "mapping": {"mode": "raw"}}
    assert opensearch.call("PUT", "/frozen", {"settings": {"index.blocks.write": True}})[0] == 200
    [[blocked]] = send(opensearch.url, rows("a"), logs_index="frozen", **plain)[0]
    assert isinstance(blocked, Blocked)
    assert blocked.reason.startswith("403 cluster_block_exception")
    large = rows(*("x" * 1_000_000 for _ in range(3)))
    [[split]] = send(opensearch.url, large, logs_index="large", compression="none", **plain)[0]
    assert isinstance(split, Split)
    [[own]] = send(opensearch.url, large, logs_index="large", max_bulk_bytes=2_000_000, **plain)[0]
    assert isinstance(own, Split)


@pytest.mark.parametrize("mode", ["otel", "ecs", "none"])
def test_documents_of_a_person_are_deleted_and_nobody_elses(opensearch, mode):
    """In each mapping mode, over pages; only where all documents are of one domain."""
    she, stream = f"anna.{mode}@example.test", f"logs-erased{mode}{'.otel' * (mode == 'otel')}-default"
    made = [
        Row(
            f"00{n:024d}",
            [("data_stream.dataset", f"erased{mode}"), ("user.email" if n % 2 else "seen.by", she if n % 3 else f"u{n}")],
            fields={"body": "x", "domain": "a.com"},
        )
        for n in range(450)
    ]  # fmt: skip
    hers = sum(bool(n % 2 and n % 3) for n in range(450))
    send(opensearch.url, batch_of(made), mapping={"mode": mode})
    opensearch.call("POST", f"/{stream}/_refresh")
    erasure = Erasure("e", "a.com", Subject(("user.email",), she), (1 << 62) - 1)

    async def main():
        exporter, _ = exporter_of(opensearch.url, mapping={"mode": mode}, select={"domains": ["a.com"]})
        await exporter.start()
        try:
            counted = await erased(exporter, replace(erasure, counts_only=True))
            found = await exporter.find_subject(erasure, "")
            return counted, len(found.records), await erased(exporter, erasure), await erased(exporter, erasure)
        finally:
            await exporter.shutdown()

    counted, found, gone, again = asyncio.run(main())
    assert (counted, gone, again) == (hers, hers, 0)
    assert found > 0
    assert opensearch.call("GET", f"/{stream}/_count")[1]["count"] == 450 - hers


async def erased(exporter, erasure):
    number, after = 0, ""
    while after is not None:
        done = await exporter.erase(erasure, after)
        number, after = number + done.records, done.after
    return number


def test_where_several_domains_share_indices_nothing_is_deleted():
    exporter, _ = exporter_of("http://127.0.0.1:1")
    with pytest.raises(NotErasable, match="do not say their domain"):
        asyncio.run(exporter.erase(Erasure("e", "a.com", None, 1), ""))
