"""The kafka exporter without a broker: which records share a message, its topic, key and value, what each error means. With one:
tests/integration/kafka, tests/faults/test_kafka_exporter.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import ValidationError

from collector.client_info import Wanted
from collector.component import Context
from collector.outcomes import Blocked, Reject, Retry, Split
from collector.testing.contract import misfits
from collector.testing.row_batch import Nested, Row, batch_of
from exporters.kafka import FACTORY
from exporters.kafka.answers import Failure, Produced, verdicts
from exporters.kafka.config import KafkaExporterConfig
from exporters.kafka.messages import Encoder, Message, Messages
from otlp_wire import any_from_python

TRACE = bytes(range(16))


def config(**options):
    return KafkaExporterConfig.model_validate(options)


def encoded(rows, **options):
    return Encoder(config(**options)).encode(batch_of(rows))


def bodies(message) -> list[str]:
    request = ExportLogsServiceRequest.FromString(message.value)
    return [
        record.body.string_value
        for each in request.resource_logs
        for scope in each.scope_logs
        for record in scope.log_records
    ]


def row(body, domain="a.example", resource=(), trace=b"", **fields):
    return Row(body, resource=list(resource), fields={"body": body, "domain": domain, "trace_id": trace, **fields})


def test_it_is_an_exporter():
    assert misfits(FACTORY) == []


ROWS = [row("1"), row("2", "b.example", trace=TRACE), row("3", trace=TRACE), row("4", resource=[("to", "audit")])]
GROUPS = {
    "the domain is the key": ({}, [(None, b"a.example", ["1", "3", "4"]), (None, b"b.example", ["2"])]),
    "no key": ({"message_key": "none"}, [(None, None, ["1", "2", "3", "4"])]),
    "the trace is the key": (
        {"partition_logs_by_trace_id": True},
        [(None, None, ["1", "4"]), (None, TRACE.hex().encode(), ["2", "3"])],
    ),
    "a resource names the topic": (
        {"message_key": "none", "topic_from_attribute": "to"},
        [(None, None, ["1", "2", "3"]), ("audit", None, ["4"])],
    ),
    "unless attributes may not": (
        {"message_key": "none", "topic_from_attribute": "to", "routing_attributes": "none"},
        [(None, None, ["1", "2", "3", "4"])],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "groups"), GROUPS.values(), ids=GROUPS)
def test_records_of_a_topic_and_key_share_a_message(options, groups):
    made = encoded(ROWS, **options)
    assert [(message.topic, message.key, bodies(message)) for message in made.messages] == groups
    assert all(message.first == bodies(message)[0] for message in made.messages)
    assert sorted(np.concatenate([message.rows for message in made.messages]).tolist()) == [0, 1, 2, 3]


def test_the_resource_is_the_key():
    made = encoded([*ROWS, row("5", resource=[("to", "audit")])], partition_logs_by_resource_attributes=True).messages
    assert [bodies(message) for message in made] == [["1", "2", "3"], ["4", "5"]]
    assert {len(message.key) for message in made} == {16}


@pytest.mark.parametrize("name", ["..", "a b", "a/b", "x" * 250, ""])
def test_what_can_be_no_topic_goes_to_the_configured_one(name):
    assert [
        message.topic for message in encoded([row("1", resource=[("to", name)])], topic_from_attribute="to").messages
    ] == [None]


BODIES = {
    "a string": ({"body": 'a "b"'}, b'"a \\"b\\""'), "none": ({"body": None}, None),
    "a map": ({"body": None, "body_any": any_from_python({"a": [1, True]})}, b'{"a":[1,true]}'),
    "bytes": ({"body": None, "body_any": any_from_python(b"\x00" * 200 + b"\xff")}, b"\x00" * 200 + b"\xff"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "value"), BODIES.values(), ids=BODIES)
def test_raw_is_what_the_collector_writes(fields, value):
    made = encoded([Row("1", fields={"body": "x"}), Row("2", fields=fields)], logs={"encoding": "raw"})
    assert [message.value for message in made.messages] == [b'"x"', *([value] if value is not None else [])]


@pytest.mark.parametrize("encoding", ["json", "ocsf", "ecs"])
def test_documents_have_a_message_each(encoding):
    made = encoded([row("1"), row("2", "b.example")], logs={"encoding": encoding})
    assert [isinstance(json.loads(message.value), dict) for message in made.messages] == [True, True]
    assert [(message.key, message.first, message.rows.tolist()) for message in made.messages] == [
        (b"a.example", "1", [0]), (b"b.example", "2", [1]),
    ]  # fmt: skip


def test_otlp_json_is_otlp():
    (message,) = encoded([row("1")], logs={"encoding": "otlp_json"}).messages
    assert json.loads(message.value)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] == {"stringValue": "1"}


def test_messages_are_cut_to_the_size_that_is_allowed():
    made = encoded([row(str(n) * 300) for n in range(8)], producer={"max_message_bytes": 1000})
    assert [len(bodies(message)) for message in made.messages] == [2] * 4
    assert max(len(message.value) for message in made.messages) < 1000
    made = encoded([row("small"), row("x" * 2000)], producer={"max_message_bytes": 1000})
    assert [bodies(message) for message in made.messages] == [["small"]]
    assert made.unfit.tolist() == [1]
    assert verdicts(Produced(made)) == [Reject("larger than producer.max_message_bytes", made.unfit)]


def test_nested_attributes_pass():
    made = encoded([Row("1", [("m", Nested(any_from_python({"k": 1})))])])
    assert ExportLogsServiceRequest.FromString(made.messages[0].value).resource_logs


def request(*topics):
    rows = [np.array([at], np.uint32) for at in range(len(topics))]
    return Messages(
        [Message(topic, None, b"v", "", rows[at]) for at, topic in enumerate(topics)],
        np.empty(0, np.uint32),
        len(topics),
    )


def told(topics, failed, **more):
    given = {at: Failure(name, name.lower()) for at, name in failed.items()}
    return [
        (
            type(verdict),
            getattr(verdict, "items", None) if getattr(verdict, "items", None) is None else verdict.items.tolist(),
            getattr(verdict, "at_most", None),
        )
        for verdict in verdicts(Produced(request(*topics), given, **more))
    ]


ANSWERS = {
    "all written": ((None, None), {}, []),
    "too large": ((None,), {0: "MSG_SIZE_TOO_LARGE"}, [(Split, None, None)]),
    "one of two too large": ((None, None), {1: "MSG_SIZE_TOO_LARGE"}, [(Retry, [1], None)]),
    "no topic": ((None, None), {0: "UNKNOWN_TOPIC_OR_PART", 1: "_UNKNOWN_TOPIC"}, [(Blocked, None, None)]),
    "no right": ((None,), {0: "TOPIC_AUTHORIZATION_FAILED"}, [(Blocked, None, None)]),
    "no right to one of two": ((None, None), {0: "TOPIC_AUTHORIZATION_FAILED"}, [(Retry, [0], None)]),
    "no such topic, which a sender named": (("x",), {0: "UNKNOWN_TOPIC_OR_PART"}, [(Retry, [0], 5)]),
    "a record that is wrong": ((None, None), {0: "INVALID_RECORD"}, [(Reject, [0], None)]),
    "its neighbour": ((None, None), {0: "INVALID_RECORD", 1: "_INVALID_DIFFERENT_RECORD"}, [(Reject, [0], None), (Retry, [1], None)]),
    "no time": ((None, None), {0: "_MSG_TIMED_OUT", 1: "_MSG_TIMED_OUT"}, [(Retry, [0, 1], None)]),
    "too few replicas": ((None,), {0: "NOT_ENOUGH_REPLICAS_AFTER_APPEND"}, [(Retry, [0], None)]),
    "given up": ((None,), {0: "_PURGE_QUEUE"}, [(Retry, [0], None)]),
}  # fmt: skip


@pytest.mark.parametrize(("topics", "failed", "meaning"), ANSWERS.values(), ids=ANSWERS)
def test_what_an_error_means(topics, failed, meaning):
    assert told(topics, failed) == meaning


def test_who_is_not_let_in_is_blocked_whatever_becomes_of_messages():
    assert told((None,), {0: "_PURGE_QUEUE"}, refused="broker: SASL authentication failed") == [(Blocked, None, None)]


def test_a_full_producer_is_throttled():
    (verdict,) = verdicts(Produced(request(None), {0: Failure("_QUEUE_FULL", "full")}))
    assert verdict.throttled


def test_a_topic_that_a_request_named_blocks_nobody():
    assert told((None,), {0: "UNKNOWN_TOPIC_OR_PART"}, all_named=True) == [(Retry, [0], 5)]


def test_what_comes_with_requests_keeps_records_apart():
    options = config(
        include_metadata_keys=["X-A"], logs={"topic_from_metadata_key": "X-B", "message_key_from_metadata_key": "X-C"}
    )
    assert options.asks_of_clients() == Wanted.headers(["x-a", "x-b", "x-c"])


REFUSED = {
    "two keys": ({"partition_logs_by_resource_attributes": True, "partition_logs_by_trace_id": True}, "cannot both be enabled"),
    "a key of requests and of traces": (
        {"partition_logs_by_trace_id": True, "logs": {"message_key_from_metadata_key": "k"}}, "keep one of them",
    ),
    "a topic with a space": ({"logs": {"topic": "a b"}}, "letters, digits"),
    "two partitioners": ({"record_partitioner": {"sticky_key": {}, "round_robin": None}}, "one of sticky_key"),
    "a partitioner of an extension": ({"record_partitioner": {"extension": "x"}}, "not available"),
    "a topic twice": ({"topic": "a", "logs": {"topic": "b"}}, "keep logs.topic alone"),
    "an encoding of an extension": ({"logs": {"encoding": "avro"}}, "otlp_proto"),
    "a wait longer than the time": ({"timeout": "1s", "producer": {"linger": "2s"}}, "less than timeout"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        config(**options)


SETTINGS = {
    "ours": ({}, {"enable.idempotence": True, "acks": -1, "message.timeout.ms": 30000, "linger.ms": 10, "compression.type": "none",
                  "allow.auto.create.topics": False, "partitioner": "fnv1a_random", "batch.num.messages": 10000}),
    "the Collector's": (
        {"timeout": "5s", "producer": {"required_acks": "1", "compression": "zstd", "compression_params": {"level": 6},
         "flush_max_messages": 7, "allow_auto_topic_creation": True}, "record_partitioner": {"sticky_key": {"hasher": "murmur2"}}},
        {"enable.idempotence": False, "acks": 1, "message.timeout.ms": 5000, "compression.type": "zstd", "compression.level": 6,
         "batch.num.messages": 7, "allow.auto.create.topics": True, "partitioner": "murmur2_random"},
    ),
    "anywhere": ({"record_partitioner": {"round_robin": None}}, {"partitioner": "random", "sticky.partitioning.linger.ms": 0}),
}  # fmt: skip


@pytest.mark.parametrize(("options", "settings"), SETTINGS.values(), ids=SETTINGS)
def test_what_the_producer_is_told(options, settings):
    exporter = FACTORY.create(config(**options), Context("kafka", Path()))
    assert settings.items() <= exporter._settings().items()


def test_acknowledgements_that_lose_are_told():
    assert list(config(producer={"required_acks": 1}).notes())
    assert not list(config(producer={"required_acks": "all"}).notes())


def test_old_names_are_taken():
    options = config(topic="t", encoding="raw", auth={"plain_text": {"username": "u", "password": "p"}})
    assert (options.logs.topic, options.logs.encoding) == ("t", "raw")
