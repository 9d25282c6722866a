"""The splunk_hec receiver over HTTP: client libraries, our own exporter, credentials, refusals in HEC's texts and codes."""

from __future__ import annotations

import asyncio
import gzip
import logging
from pathlib import Path

import polars as pl
import pytest
from splunk_handler import SplunkHandler
from splunk_hec_handler import SplunkHecHandler

from collector.batch import LogBatch
from collector.component import Context
from collector.domains.resolver import DomainRules
from collector.errors import Exhausted, Unavailable
from collector.extensions.bearertokenauth import FACTORY as BEARER
from collector.outcomes import Ok
from collector.receivers.splunk_hec import FACTORY
from collector.testing.intake import MemoryIntake
from collector.transport.probe import ask
from counterparts.json_door import door
from exporters.splunk_hec import FACTORY as EXPORTER

TOKEN = "11111111-2222-3333-4444-555555555555"
CHANNEL = "fe0ecfad-13d5-401b-847d-77833bd77131"
ACK = {"ack": {"extension": "ack"}}
ONE = '{"event":"boom"}'
BUSY = {"text": "Server is busy", "code": 9}


def hec(options=None, **around):
    return door(FACTORY, "splunk_hec", {"endpoint": "127.0.0.1:0", **(options or {})}, **around)


def tokens():
    return BEARER.create(
        BEARER.config.model_validate({"scheme": "Splunk", "token": TOKEN}), Context("bearertokenauth", Path())
    )


@pytest.fixture
def logger():
    found = logging.getLogger("hec-client")
    found.setLevel(logging.INFO)
    found.propagate = False
    yield found
    for handler in list(found.handlers):
        found.removeHandler(handler)


def test_splunk_handler(logger):
    """Its queue is flushed at once; the token is asked for."""
    with hec({"auth": {"authenticator": "bearertokenauth"}}, extensions={"bearertokenauth": tokens()}) as running:
        host, port = running.address.rsplit(":", 1)
        logger.addHandler(
            SplunkHandler(
                host,
                int(port),
                TOKEN,
                "main",
                protocol="http",
                verify=False,
                flush_interval=0,
                source="shop",
                sourcetype="json",
                hostname="web-1",
                retry_count=0,
            )
        )
        logger.warning("slow query")
        [record] = running.records
    assert record["body"] == "slow query"
    assert record["resource"] == {
        "host.name": "web-1", "com.splunk.source": "shop", "com.splunk.sourcetype": "json", "com.splunk.index": "main",
    }  # fmt: skip
    assert record["time"] > 1.7e18


def test_splunk_hec_handler(logger):
    """An object stays one; its fields are attributes."""
    with hec() as running:
        host, port = running.address.rsplit(":", 1)
        logger.addHandler(SplunkHecHandler(host, TOKEN, port=port, proto="http", sourcetype="_json", hostname="web-1"))
        logger.error({"time": 1_764_411_072, "fields": {"color": "yellow"}, "user": "foobar", "codes": [1, 23]})
        [record] = running.records
    assert record["time"] == 1_764_411_072 * 10**9
    assert record["attributes"] == {"color": "yellow"}
    assert record["body"] == {"log_level": "ERROR", "time": 1_764_411_072, "user": "foobar", "codes": [1, 23]}


def test_our_own_exporter_is_acknowledged():
    """With its channel and its numbers: what it hears is that all is indexed."""
    with hec(ACK) as running:
        options = {
            "endpoint": f"http://{running.address}",
            "token": TOKEN,
            "acknowledgement": {"enabled": True, "interval": "5ms"},
        }

        async def send():
            exporter = EXPORTER.create(EXPORTER.config.model_validate(options), Context("splunk_hec", Path()))
            await exporter.start()
            batch = LogBatch.of(
                {"time_unix_nano": [1_764_411_072_123_000_000] * 3, "body": ["a", "b", "c"]},
                resource={"host.name": "h"},
            )
            batch = batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(3)], dtype=pl.String)})
            try:
                return exporter.classify(await exporter.send(exporter.encode(batch)))
            finally:
                await exporter.shutdown()

        assert all(isinstance(verdict, Ok) for verdict in asyncio.run(send()))
        assert [(record["body"], record["resource"]) for record in running.records] == [
            (body, {"host.name": "h"}) for body in "abc"
        ]


def test_numbers_are_true_and_others_false():
    """At once, in any channel; before they are given they are not."""
    with hec(ACK) as running:
        given = running.post("/services/collector", ONE, x_splunk_request_channel=CHANNEL).json["ackId"]
        asked = running.post(f"/services/collector/ack?channel={CHANNEL}", f'{{"acks":[{given},7]}}').json
    assert asked == {"acks": {str(given): True, "7": False}}
    with hec() as running:
        assert running.post("/services/collector/ack", '{"acks":[1]}').json == {"text": "ACK is disabled", "code": 14}


@pytest.mark.parametrize(
    ("headers", "status", "answer"),
    [
        ({}, 401, {"text": "Token is required", "code": 2}),
        ({"authorization": "Splunk nonsense"}, 403, {"text": "Invalid token", "code": 4}),
        ({"authorization": f"Splunk {TOKEN}"}, 200, {"text": "Success", "code": 0}),
    ],
)  # fmt: skip
def test_tokens(headers, status, answer):
    """Asked before the body is read; health is told to whoever asks."""
    with hec({"auth": {"authenticator": "bearertokenauth"}}, extensions={"bearertokenauth": tokens()}) as running:
        found = running.post("/services/collector", ONE, **headers)
        assert (found.status, found.json) == (status, answer)
        assert ("www-authenticate" in found.headers) == (status in (401, 403))
        assert running.post("/services/collector/health", b"", "GET").json == {"text": "HEC is healthy", "code": 17}
        assert len(running.records) == (status == 200)


def test_a_foreign_domain():
    """Is told what a token is told that is not good for it."""
    with hec(rules=DomainRules(names=["a.com"], default=None)) as running:
        found = running.post("/services/collector", ONE, host="b.com")
        assert (found.status, found.json) == (403, {"text": "Invalid token", "code": 4})


def test_busy():
    """The journal, and a limit of the domain: the sender keeps what it has, and hears when to come again."""
    with hec(intake=MemoryIntake(Unavailable("full"))) as running:
        found = running.post("/services/collector", ONE)
        assert (found.status, found.json, "retry-after" in found.headers) == (503, BUSY, True)

    def limit(_arrival):
        raise Exhausted("too fast", 2.0)

    with hec(before=[limit]) as running:
        found = running.post("/services/collector", ONE)
        assert (found.status, found.json, "retry-after" in found.headers) == (429, BUSY, True)


def test_sizes_and_encodings():
    """Also after decompression; what is cut within is refused."""
    bomb = gzip.compress(b'{"event":"' + b"x" * (5 << 20) + b'"}')
    with hec() as running:
        assert running.post("/services/collector", bomb, content_encoding="gzip").status == 413
        assert running.post("/services/collector", bomb[:200], content_encoding="gzip").json["code"] == 6
        assert running.post("/services/collector", ONE, content_encoding="gzip").json["code"] == 6
        found = running.post("/services/collector", ONE, content_encoding="br")
        assert (found.status, found.json) == (415, "unsupported Content-Encoding: br")
        assert running.records == []


def test_metric_events_are_refused_by_name(caplog):
    """And the operator hears of them, once a sender."""
    body = '{"event":"metric","fields":{"metric_name:cpu":1}}'
    with hec() as running:
        for _ in range(3):
            found = running.post("/services/collector", body)
            assert (found.status, found.json) == (400, "Unsupported metric event")
        assert caplog.messages == [
            "splunk_hec: requests of 127.0.0.1 are refused: they hold metric events, and logboom takes logs"
        ]
        assert running.admission.statistics().refused_requests


def test_whole_text():
    """`splitting: none`."""
    with hec({"splitting": "none", "raw_path": "/r"}) as running:
        assert running.post("/r?host=h&time=5", "a\nb\n").status == 200
        assert running.records == [{"body": "a\nb\n", "time": 5 * 10**9, "resource": {"host.name": "h"}}]


def test_equal_text_with_another_source_is_no_duplicate():
    """By the digests of their payloads; nor are the same bytes as events."""
    with hec() as running:
        for path in ("raw?host=a", "raw?host=b", "raw?time=5", "event"):
            assert running.post(f"/services/collector/{path}", ONE).status == 200
        assert len({payload.digest for payload in running.intake.payloads}) == 4


def test_our_own_probe_is_no_refusal():
    """It asks for health, as a load balancer does."""
    config = FACTORY.config.model_validate({"endpoint": "127.0.0.1:0"})
    with hec() as running:
        assert ask(config.probes()["splunk_hec"], running.address, 10.0) == ""
        assert running.admission.statistics().refused_requests == {}
