"""The kafka receiver without a broker: options, values, and which messages share an entry. With one: tests/integration/kafka, tests/faults/test_kafka_kills.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer
from pydantic import ValidationError

from collector.component import Context, LacksSources
from collector.receivers.kafka import FACTORY
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.consuming import Consuming
from collector.receivers.kafka.facts import MessageFacts
from collector.receivers.kafka.handing import Handing
from collector.receivers.kafka.messages import NEVER_PROTOBUF, Reader
from collector.receivers.kafka.partition import Partition, PlacedMessage, offset_of, position_of, source_of
from collector.testing.contract import misfits
from collector.testing.payloads import payload
from counterparts.received_otlp import records


def config(**options):
    return KafkaReceiverConfig.model_validate(options)


def test_it_is_a_receiver_that_tells_what_it_lacks():
    assert misfits(FACTORY) == []
    assert isinstance(FACTORY.create(config(), Context("kafka", Path())), LacksSources)


REFUSED = {
    "an encoding of an extension": ({"logs": {"encoding": "avro"}}, "one of otlp_proto"),
    "an unknown character set": ({"logs": {"encoding": "text_klingon"}}, "klingon is no character set"),
    "topics twice": ({"logs": {"topic": "a", "topics": ["b"]}}, "keep topics alone"),
    "an old name and the new one": ({"topic": "a", "logs": {"topic": "b"}}, "keep logs.topic alone"),
    "exclusion without a pattern": ({"logs": {"topics": ["a"], "exclude_topics": ["b"]}}, "begins with"),
    "no regular expression": ({"logs": {"topics": ["^(a"]}}, "no regular expression"),
    "a comma in a pattern": ({"logs": {"topics": ["^a{1,2}"]}}, "holds a comma"),
    "a heart that beats too slowly": ({"session_timeout": "3s", "heartbeat_interval": "3s"}, "less than session_timeout"),
    "strategies that exclude each other": ({"group_rebalance_strategies": ["range", "sticky"]}, "exclude each other"),
    "a domain of nothing": ({"domain_from": "value"}, "match"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        config(**options)


COLLECTORS = {
    "old names": ({"topic": "t", "encoding": "raw", "group_rebalance_strategy": "roundrobin"}, (["t"], "raw", "roundrobin")),
    "one topic": ({"logs": {"topic": "t"}}, (["t"], "otlp_proto", "cooperative-sticky")),
    "several": ({"logs": {"topics": ["a", "^b"]}, "group_rebalance_strategies": ["range", "roundrobin"]}, (["a", "^b"], "otlp_proto", "range,roundrobin")),
    "none": ({}, (["otlp_logs"], "otlp_proto", "cooperative-sticky")),
}  # fmt: skip


@pytest.mark.parametrize(("options", "read"), COLLECTORS.values(), ids=COLLECTORS)
def test_the_collectors_options(options, read):
    made = config(**options)
    assert (made.logs.subscribed, made.logs.encoding, made.strategies) == read


def test_what_is_accepted_and_does_nothing_is_told():
    told = config(
        message_marking={"after": True}, autocommit={"enable": False}, error_backoff={"enabled": True}
    ).cautions()
    assert set(told) == {"message_marking", "autocommit"}
    assert config(autocommit={"interval": "5s"}).cautions() == {}


def test_librdkafka_takes_what_the_consumer_is_told():
    options = config(
        logs={"topics": ["^a"], "exclude_topics": ["^ab"]}, group_instance_id="one", max_fetch_size=200 << 20,
        group_rebalance_strategies="range", properties={"queued.max.messages.kbytes": 100},
    )  # fmt: skip
    from collector.kafka.client import client_settings

    settings = Consuming(options, "kafka", Handing("kafka"), None, lambda: client_settings(options))._settings()
    assert settings["enable.auto.commit"] is False
    assert settings["queued.max.messages.kbytes"] == "100"
    assert settings["topic.blacklist"] == "^ab"
    Consumer({**settings, "log_level": 0}).close()


@pytest.mark.parametrize("encoding", ["otlp_proto", "otlp_json", "json", "raw", "text"])
def test_a_tombstone_is_no_record(encoding):
    assert Reader(encoding).read(b"", 1, ()).records == 0


def test_bytes_that_a_parser_would_take_are_marked():
    """So that they are a dead letter, and not a request without records."""
    taken = Reader("json").read(b"\x0a\x00", 1, ())
    assert (taken.records, taken.body) == (1, NEVER_PROTOBUF + b"\x0a\x00")
    assert taken.why


def facts(host="", **headers):
    return MessageFacts(host, "t", 0, tuple(headers.items()), ())


def runs(*messages):
    """Bodies of each run, and the offset behind it."""
    reader, partition = Reader("text"), Partition("t", 0, b"s", 10)
    for at, (value, of) in enumerate(messages, 10):
        partition.put(PlacedMessage(reader.read(value, 1, ()), of, at + 1, len(value)))
    found = []
    while (run := partition.run()) is not None:
        assert partition.run() is run, "the same until it is kept"
        found.append(([one["record"]["body"]["stringValue"] for one in records([run.received.body])], run.behind))
        partition.kept()
        assert partition.durable == run.behind
    assert partition.waiting_bytes == 0
    return found


A, B = facts("a"), facts("b")
RUNS = {
    "alike": ([(b"1", A), (b"2", A)], [(["1", "2"], 12)]),
    "of two domains": ([(b"1", A), (b"2", B), (b"3", A)], [(["1"], 11), (["2"], 12), (["3"], 13)]),
    "with other headers": ([(b"1", A), (b"2", facts("a", x="1"))], [(["1"], 11), (["2"], 12)]),
    "a tombstone among them": ([(b"1", A), (b"", A), (b"3", A)], [(["1", "3"], 13)]),
    "a tombstone alone": ([(b"", A)], [([], 11)]),
    "large ones": ([(b"x" * (700 << 10), A), (b"y" * (700 << 10), A)], [(["x" * (700 << 10)], 11), (["y" * (700 << 10)], 12)]),
}  # fmt: skip


@pytest.mark.parametrize(("messages", "expected"), RUNS.values(), ids=RUNS)
def test_messages_that_are_alike_share_an_entry(messages, expected):
    assert runs(*messages) == expected


def test_requests_are_joined_and_what_is_broken_stands_alone():
    reader, partition = Reader("otlp_proto"), Partition("t", 0, b"s", 0)
    for at, value in enumerate([payload(1, "a"), payload(2, "b"), b"\xff", payload(1, "c")]):
        partition.put(PlacedMessage(reader.read(value, 1, ()), A, at + 1, len(value)))
    found = []
    while (run := partition.run()) is not None:
        found.append((run.received.records, run.behind))
        partition.kept()
    assert found == [(3, 2), (1, 3), (1, 4)]


def test_no_message_reaches_into_the_one_behind_it():
    """One that breaks off, and whose missing bytes stand at the beginning of the next."""
    whole = payload(1, "a")
    reader, partition = Reader("otlp_proto"), Partition("t", 0, b"s", 0)
    for at, value in enumerate([payload(1, "x"), whole[:-10], whole[-10:] + payload(1, "b"), payload(1, "y")]):
        partition.put(PlacedMessage(reader.read(value, 1, ()), A, at + 1, len(value)))
    found = []
    while (run := partition.run()) is not None:
        found.append((run.received.records, run.behind, bool(run.why)))
        partition.kept()
    assert found == [(1, 1, False), (1, 2, True), (1, 3, True), (1, 4, False)]


def test_what_is_wrong_within_a_request_is_found_among_others():
    wrong = b"\x0a\x04\x12\x02\x12\xff"
    reader, partition = Reader("otlp_proto"), Partition("t", 0, b"s", 0)
    for at, value in enumerate([payload(1, "x"), wrong, payload(1, "y"), payload(1, "z")]):
        partition.put(PlacedMessage(reader.read(value, 1, ()), A, at + 1, len(value)))
    found = []
    while (run := partition.run()) is not None:
        found.append((run.received.records, run.behind, bool(run.why)))
        partition.kept()
    assert found == [(1, 1, False), (1, 2, True), (2, 4, False)]
    assert partition.waiting_bytes == 0


def test_what_another_leader_wrote_is_another_source():
    """At the same offset, when the message of before was lost in an unclean election; read again it is the same."""
    told = []
    for epochs in ((4, 4, 5), (4, 5, 5), (4, 4, 5)):
        partition = Partition("t", 0, b"s", 0)
        for at, epoch in enumerate(epochs):
            partition.put(PlacedMessage(Reader("text").read(b"1", 1, ()), A, at + 1, 1, 7, epoch))
        sources = []
        while (run := partition.run()) is not None:
            sources += [partition.arrival("kafka", run).provenance.source] * len(run.places)
            partition.kept()
        told.append(sources)
    first, second, again = told
    assert first == again
    assert first[0] == first[1] == second[0]
    assert first[2] == second[1] == second[2] != first[0]


def test_what_was_taken_from_us_is_dropped():
    partition = Partition("t", 0, b"s", 0)
    partition.put(PlacedMessage(Reader("text").read(b"1", 1, ()), A, 1, 1))
    partition.drop()
    assert partition.run() is None
    assert partition.durable == 0


def test_another_group_or_topic_is_another_source():
    assert (
        len(
            {
                source_of("g", b"1" * 16, 0),
                source_of("h", b"1" * 16, 0),
                source_of("g", b"2" * 16, 0),
                source_of("g", b"1" * 16, 1),
            }
        )
        == 4
    )
    assert offset_of(position_of(b"s", 1 << 40).position) == 1 << 40
    assert offset_of(None) == -1


def test_what_is_known_of_a_message():
    known = MessageFacts("h", "t", 3, (("Env", "a"), ("env", "b")), ())
    assert (known.header("env"), known.values("env"), known.header("none")) == ("b", ("a", "b"), None)
    assert (known.values("kafka.topic"), known.values("kafka.partition"), known.peer()) == (("t",), ("3",), "")
