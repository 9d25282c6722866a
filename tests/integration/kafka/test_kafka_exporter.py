"""The kafka exporter and a real Kafka, request by request: what stands in topics, and what each refusal leads to."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.client_info import SENT_WITH, ClientInfo
from collector.component import Context
from collector.errors import LogboomError
from collector.outcomes import Blocked, Reject, Retry, Split
from collector.testing.row_batch import Row, batch_of
from counterparts import sending
from exporters.kafka import FACTORY

pytestmark = pytest.mark.slow
_numbers = itertools.count()
ROWS = [Row("id-1", fields={"body": "one"}), Row("id-2", fields={"body": "two", "domain": "b.example"})]


@pytest.fixture
def topic(kafka):
    name = f"written-{next(_numbers)}"
    kafka.make(name, partitions=2)
    return name


def sent(kafka, topic, rows, tmp_path, **options):
    given = {"brokers": [kafka.address], **options}
    given["logs"] = {"topic": topic, **given.get("logs", {})}
    return sending.verdicts(FACTORY, given, tmp_path, batch_of(rows))


def test_records_are_written_with_their_domain_as_key(kafka, topic, tmp_path):
    assert sent(kafka, topic, ROWS, tmp_path, record_headers={"env": "test"}) == []
    messages = sorted(kafka.messages(topic), key=lambda message: message.key())
    assert [message.key() for message in messages] == [b"b.example", b"tamyla.com"]
    assert messages[0].headers() == [("env", b"test"), ("logboom.record.id", b"id-2"), ("logboom.records", b"1")]
    (resource,) = ExportLogsServiceRequest.FromString(messages[1].value()).resource_logs
    assert resource.scope_logs[0].log_records[0].body.string_value == "one"


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_each_compression_is_readable(kafka, topic, tmp_path, compression):
    rows = [Row(str(n), fields={"body": f"text {n}"}) for n in range(300)]
    options = {
        "producer": {"compression": compression, "compression_params": {"level": 3}},
        "logs": {"encoding": "raw"},
    }
    assert sent(kafka, topic, rows, tmp_path, **options) == []
    assert {message.value() for message in kafka.messages(topic)} == {f'"text {n}"'.encode() for n in range(300)}


def test_what_came_with_the_request_says_topic_key_and_headers(kafka, topic, tmp_path):
    came = ClientInfo({"x-topic": [topic], "x-key": ["k"], "x-env": ["a", "b"]})
    logs = {"topic": "another", "topic_from_metadata_key": "X-Topic", "message_key_from_metadata_key": "x-key"}
    token = SENT_WITH.set(came)
    try:
        assert (
            sent(kafka, "another", ROWS, tmp_path, logs=logs, include_metadata_keys=["X-Env"], record_id_header=False)
            == []
        )
    finally:
        SENT_WITH.reset(token)
    (message,) = kafka.messages(topic)
    assert (message.key(), message.headers()) == (b"k", [("x-env", b"a"), ("x-env", b"b")])


def test_a_topic_that_is_not_there_blocks(kafka, tmp_path):
    (verdict,) = sent(kafka, "nowhere", ROWS, tmp_path, properties={"topic.metadata.propagation.max.ms": 100})
    assert isinstance(verdict, Blocked)
    assert "Unknown topic" in verdict.reason


def test_a_topic_that_records_name_stops_nobody(kafka, topic, tmp_path):
    rows = [Row("1", fields={"body": "one"}), Row("2", resource=[("to", "nowhere")], fields={"body": "two"})]
    properties = {"topic.metadata.propagation.max.ms": 100}
    (verdict,) = sent(kafka, topic, rows, tmp_path, topic_from_attribute="to", properties=properties)
    assert isinstance(verdict, Retry)
    assert (verdict.items.tolist(), verdict.at_most) == ([1], 5)
    assert len(kafka.messages(topic)) == 1


def test_messages_that_a_topic_does_not_take_are_split(kafka, tmp_path):
    kafka.make("small", settings={"max.message.bytes": "2000"})
    rows = [Row(str(n), fields={"body": f"{n}" * 400}) for n in range(8)]
    (verdict,) = sent(kafka, "small", rows, tmp_path)
    assert isinstance(verdict, Split)
    assert verdict.too_large
    assert sent(kafka, "small", rows[:2], tmp_path) == []


def test_records_without_a_key_can_not_be_compacted(kafka, tmp_path):
    kafka.make("compacted", settings={"cleanup.policy": "compact"})
    (verdict,) = sent(kafka, "compacted", ROWS, tmp_path, message_key="none")
    assert isinstance(verdict, Reject)
    assert sent(kafka, "compacted", ROWS, tmp_path) == []


def test_who_is_not_let_in_is_told_soon(kafka, topic, authority, tmp_path):
    sasl = {"mechanism": "SCRAM-SHA-512", "username": "ada", "password": "a wrong one"}
    options = {"brokers": [kafka.sasl_address], "tls": {"ca_file": str(authority.ca_file)}, "auth": {"sasl": sasl}}
    (verdict,) = sent(kafka, topic, ROWS, tmp_path, timeout="10m", **options)
    assert isinstance(verdict, Blocked)
    assert "uthentication failed" in verdict.reason
    assert "a wrong one" not in verdict.reason


def test_nobody_at_the_address_is_no_end(tmp_path, kafka):
    (verdict,) = sent(kafka, "any", ROWS, tmp_path, brokers=["127.0.0.1:1"], timeout="500ms")
    assert isinstance(verdict, Retry)
    assert verdict.items.tolist() == [0, 1]


class NoTokens:
    """An extension whose token service is away."""

    async def headers(self):
        raise OSError("nobody there")


def test_a_token_that_can_not_be_had_now_is_no_end(kafka, topic, authority, tmp_path):
    """The process starts, and the records wait."""
    sasl = {"mechanism": "OAUTHBEARER", "oauthbearer_token_source": "tokens"}
    options = {"brokers": [kafka.sasl_address], "tls": {"ca_file": str(authority.ca_file)}, "auth": {"sasl": sasl}}
    context = Context("kafka", tmp_path, extensions={"tokens": NoTokens()})

    async def main():
        exporter = FACTORY.create(FACTORY.config.model_validate(options), context)
        await exporter.start()
        try:
            return await exporter.send(exporter.encode(batch_of(ROWS)))
        except LogboomError as error:
            return exporter.classify(error)
        finally:
            await exporter.shutdown()

    (verdict,) = asyncio.run(main())
    assert isinstance(verdict, Retry)
    assert "OAuth token" in verdict.reason
