"""The kafka receiver and a real Kafka: each message once into the journal, whoever reads, refuses, comes and goes."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Unavailable
from collector.journal.accompanied import parted
from collector.journal.entry import Entry
from collector.ledger.plan import PipelinePlan
from collector.pipeline.decode import decode
from collector.receivers.kafka import FACTORY
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.receiver import KafkaReceiver
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload
from counterparts.partition_bench import PartitionBench, plan
from counterparts.received_otlp import records

pytestmark = pytest.mark.slow
_numbers = itertools.count()
QUICK = {
    "session_timeout": "6s",
    "heartbeat_interval": "500ms",
    "autocommit": {"interval": "100ms"},
    "initial_offset": "earliest",
}
PATIENCE_SECS = 200.0


@pytest.fixture
def topic(kafka):
    name = f"read-{next(_numbers)}"
    kafka.make(name, partitions=3)
    return name


@contextlib.contextmanager
def reading(kafka, topic: str, intake: MemoryIntake, **options: Any) -> Iterator[KafkaReceiver]:
    given = {"brokers": [kafka.address], "group_id": f"group of {topic}", **QUICK, **options}
    given["logs"] = {"topics": [topic], **given.get("logs", {})}
    rules = DomainRules(names=("a.example", "b.example"))
    receiver = FACTORY.create(KafkaReceiverConfig.model_validate(given), Context("kafka", Path()))
    receiver.start(Admission(checks(DomainResolver(rules)), intake))
    try:
        yield receiver
    finally:
        receiver.shutdown(60.0)


def until(what: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def bodies(*intakes: MemoryIntake) -> Counter[Any]:
    """How often each body is in the journals."""
    found = records(body for intake in intakes for body in payloads(intake))
    return Counter(next(iter(one["record"]["body"].values())) for one in found)


def payloads(intake: MemoryIntake) -> list[bytes]:
    """Without what tells where they stood."""
    return [parted(one.body)[0] if one.with_client else one.body for one in intake.payloads]


def entries(intake: MemoryIntake, journal: str = "0" * 16) -> list[Entry]:
    """As a journal would give them."""
    given = [(one, *(parted(one.body) if one.with_client else (one.body, "", ""))) for one in intake.payloads]
    return [
        Entry(
            journal, at, one.domain, one.receiver, body, one.records, one.received_unix_ms, one.digest, client=client,
            provenance=provenance,
        )
        for at, (one, body, client, provenance) in enumerate(given)
    ]  # fmt: skip


def texts(first: int, behind: int) -> list[bytes]:
    return [f"text {number}".encode() for number in range(first, behind)]


def expected(behind: int) -> Counter[str]:
    return Counter(value.decode() for value in texts(0, behind))


TEXT = {"logs": {"encoding": "text"}}


def test_requests_are_taken_as_they_are(kafka, topic):
    sent = [payload(1, f"record {number}") for number in range(20)]
    kafka.send(topic, *sent)
    intake = MemoryIntake()
    with reading(kafka, topic, intake):
        until(lambda: intake.records == 20)
    assert bodies(intake) == Counter(f"record {number} 0" for number in range(20))
    assert {one.domain for one in intake.payloads} == {"default"}


def test_messages_share_entries_and_keep_their_order(kafka, topic):
    kafka.send(topic, *texts(0, 5000), partition=1)
    intake = MemoryIntake()
    with reading(kafka, topic, intake, **TEXT):
        until(lambda: intake.records == 5000)
    assert [one["record"]["body"]["stringValue"] for one in records(payloads(intake))] == [
        value.decode() for value in texts(0, 5000)
    ]
    assert len(intake.payloads) < 500


VALUES = {
    "raw": (b"\x00\xff", {"bytesValue": "AP8="}), "text": (b"gr\xc3\xbcn", {"stringValue": "grün"}),
    "text_latin-1": (b"gr\xfcn", {"stringValue": "grün"}),
    "json": (b'{"a": [1, true]}', {"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"boolValue": True}]}}}]}}),
}  # fmt: skip


@pytest.mark.parametrize("encoding", VALUES)
def test_values_become_bodies(kafka, topic, encoding):
    value, body = VALUES[encoding]
    before = time.time_ns()
    kafka.send(topic, value, headers={"env": "test", "other": "x"})
    intake = MemoryIntake()
    extraction = {"extract_headers": True, "headers": ["env", "missing"]}
    with reading(kafka, topic, intake, logs={"encoding": encoding}, header_extraction=extraction):
        until(lambda: intake.records == 1)
    (one,) = records(payloads(intake))
    assert one["record"]["body"] == body
    assert one["resource"]["attributes"] == [{"key": "kafka.header.env", "value": {"stringValue": "test"}}]
    assert abs(int(one["record"]["observedTimeUnixNano"]) - before) < 60e9


def test_headers_are_carried_by_requests_of_otlp(kafka, topic):
    kafka.send(topic, payload(1, "one"), headers={"env": "test"})
    intake = MemoryIntake()
    with reading(kafka, topic, intake, header_extraction={"extract_headers": True, "headers": ["env"]}):
        until(lambda: intake.records == 1)
    (one,) = records(payloads(intake))
    assert {"key": "kafka.header.env", "value": {"stringValue": "test"}} in one["resource"]["attributes"]


DOMAINS = {
    "the option": ({"domain": "b.example"}, "b.example"), "the key": ({"domain_from": "key"}, "a.example"),
    "a header": ({"domain_from": "header.Tenant", "domain": "a.example"}, "b.example"),
    "nobody that is known": ({"domain_from": "header.env"}, "default"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOMAINS)
def test_whose_records_they_are(kafka, topic, name):
    options, domain = DOMAINS[name]
    kafka.send(topic, payload(1, "one"), key=b"a.example", headers={"tenant": "b.example", "env": "nowhere"})
    intake = MemoryIntake()
    with reading(kafka, topic, intake, **options):
        until(lambda: intake.records == 1)
    assert [one.domain for one in intake.payloads] == [domain]


BROKEN = {
    "otlp_proto": b"\xff\xff no protobuf", "otlp_json": b"{no json", "json": b"[1]",
    "otlp_json 2": b"\x0a\x00",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_can_not_be_decoded_is_kept_as_it_was(kafka, topic, name):
    """It is an entry of its own, which no decoder takes; what stands beside it is taken."""
    encoding = name.partition(" ")[0]
    good = {"otlp_proto": payload(1, "good"), "otlp_json": b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"good"}}]}]}]}',
            "json": b'{"a":1}'}[encoding]  # fmt: skip
    kafka.send(topic, good, BROKEN[name], good, partition=0)
    intake = MemoryIntake()
    with reading(kafka, topic, intake, logs={"encoding": encoding}):
        until(lambda: intake.records == 3)
    decoded = decode(entries(intake))
    assert len(decoded.batch) == 2
    (letter,) = decoded.dead_letters
    assert letter.reason.startswith("undecodable")
    assert letter.entry.body.endswith(BROKEN[name])


def test_where_it_stopped_it_goes_on(kafka, topic):
    """By the journal, though the group was told nothing; and by the group, where there is no journal."""
    kafka.send(topic, *texts(0, 100))
    intake = MemoryIntake()
    with reading(kafka, topic, intake, autocommit={"interval": "1h"}, **TEXT) as receiver:
        until(lambda: intake.records == 100)
        receiver._consuming._group._give_up = lambda *_: None  # as if it had died
    kafka.send(topic, *texts(100, 200))
    with reading(kafka, topic, intake, **TEXT):
        until(lambda: intake.records >= 200)
    kafka.send(topic, *texts(200, 300))
    another = MemoryIntake()
    with reading(kafka, topic, another, **TEXT):
        until(lambda: another.records >= 100)
    assert bodies(intake, another) == expected(300)


@pytest.mark.parametrize("encoding", ["text", "otlp_proto"])
def test_what_another_machine_reads_again_has_the_same_ids_and_is_processed_once(kafka, topic, encoding, tmp_path):
    """The first one dies before the group is told. Both write what they read into one journal, as in a cluster."""
    make = {"text": lambda number: f"text {number}".encode(), "otlp_proto": lambda number: payload(2, f"text {number}")}
    values, each = [make[encoding](number) for number in range(60)], 1 + (encoding != "text")
    one, other = MemoryIntake(), MemoryIntake()
    options = {"logs": {"encoding": encoding}}
    for at in range(0, 40, 4):
        kafka.send(topic, *values[at : at + 4], partition=0)
    with reading(kafka, topic, one, autocommit={"interval": "1h"}, **options) as receiver:
        until(lambda: one.records == 40 * each)
        receiver._consuming._group._give_up = lambda *_: None
    kafka.send(topic, *values[40:], partition=0)
    with reading(kafka, topic, other, **options):
        until(lambda: other.records == 60 * each)
    ids = [
        set(decode(entries(each, journal)).batch.column("record_id"))
        for each, journal in ((one, "1" * 16), (other, "2" * 16))
    ]
    assert (len(ids[0]), len(ids[1]), ids[0] < ids[1]) == (40 * each, 60 * each, True)
    bench = PartitionBench(tmp_path, plan(PipelinePlan("logs", frozenset({"kafka"}), ("sqlite",))))
    bench.put_all([*one.payloads, *other.payloads])
    while bench.step():
        pass
    assert len(bench.drain()) == 60 * each
    bench.close()


def test_a_group_that_begins_at_the_latest_misses_nothing_later(kafka, topic):
    kafka.send(topic, b"before")
    intake = MemoryIntake()
    with reading(kafka, topic, intake, initial_offset="latest", **TEXT):
        until(lambda: kafka.committed(f"group of {topic}", topic) >= 0)
    kafka.send(topic, *texts(0, 10))
    with reading(kafka, topic, intake, initial_offset="latest", **TEXT):
        until(lambda: intake.records == 10)
    assert bodies(intake) == expected(10)


def test_what_the_journal_refuses_comes_again_and_the_group_is_told_nothing(kafka, topic):
    kafka.send(topic, *texts(0, 50), partition=2)
    intake = MemoryIntake(Unavailable("full", 0.1))
    with reading(kafka, topic, intake, **TEXT) as receiver:
        until(lambda: receiver.lacking().get(f"{topic} 2") == "full")
        assert kafka.committed(f"group of {topic}", topic, 2) <= 0
        intake.answer = None
        until(lambda: intake.records == 50)
        until(lambda: kafka.committed(f"group of {topic}", topic, 2) == 50)
        assert receiver.lacking() == {}
    assert bodies(intake) == expected(50)


def test_a_full_partition_is_paused_and_goes_on(kafka, topic):
    """20 MB, and a journal that takes nothing for a while: a part of it is fetched."""
    values = [b"%06d " % number + b"x" * 100_000 for number in range(200)]
    kafka.send(topic, *values, partition=0)
    intake = MemoryIntake(Unavailable("full", 0.05))
    with reading(kafka, topic, intake, **TEXT) as receiver:
        until(lambda: receiver.gauges()["kafka"]["waiting_bytes"] > 2 << 20)
        time.sleep(1)
        assert receiver.gauges()["kafka"]["waiting_bytes"] < 12 << 20
        intake.answer = None
        until(lambda: intake.records >= 200)
    assert bodies(intake) == Counter(value.decode() for value in values)


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_two_share_the_partitions_and_read_each_message_once(kafka, strategy):
    """One comes in the middle, and the first goes."""
    name = f"shared-{strategy}"
    kafka.make(name, partitions=6)
    options = {"group_rebalance_strategies": strategy, **TEXT}
    one, other = MemoryIntake(), MemoryIntake()
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        kafka.send(name, *texts(sent, sent + count))
        sent += count

    with reading(kafka, name, one, **options) as first:
        send(300)
        until(lambda: one.records == 300)
        with reading(kafka, name, other, **options) as second:
            until(lambda: second.gauges()["kafka"]["partitions"] == first.gauges()["kafka"]["partitions"] == 3)
            for _ in range(10):
                send(100)
            until(lambda: other.records and one.records + other.records >= sent)
            first.shutdown(60.0)
            send(300)
            until(lambda: one.records + other.records >= sent)
    assert bodies(one, other) == expected(sent)


def test_what_retention_took_is_passed_over(kafka, topic):
    from confluent_kafka import TopicPartition

    kafka.send(topic, *texts(0, 20), partition=0)
    intake = MemoryIntake()
    with reading(kafka, topic, intake, **TEXT):
        until(lambda: intake.records == 20)
    kafka.send(topic, *texts(20, 60), partition=0)
    admin = kafka.admin()
    for done in admin.delete_records([TopicPartition(topic, 0, 40)]).values():
        done.result()
    with reading(kafka, topic, intake, **TEXT):
        until(lambda: intake.records == 40)
    assert bodies(intake) == Counter(value.decode() for value in (*texts(0, 20), *texts(40, 60)))


def test_topics_by_a_pattern(kafka):
    kafka.make("shop-eu", "shop-us", "shop-us-audit", "other-shop")
    for name in ("shop-eu", "shop-us", "shop-us-audit", "other-shop"):
        kafka.send(name, name.encode())
    intake = MemoryIntake()
    logs = {"topics": ["^shop-.*"], "exclude_topics": ["^shop-.*-audit$"], "encoding": "text"}
    with reading(kafka, "shop", intake, logs=logs):
        until(lambda: intake.records == 2)
    assert bodies(intake) == Counter(["shop-eu", "shop-us"])


def test_a_topic_that_is_not_there_is_told_and_read_once_it_is(kafka):
    intake = MemoryIntake()
    with reading(kafka, "later-made", intake, metadata={"refresh_interval": "500ms"}, **TEXT) as receiver:
        until(lambda: "Unknown topic" in receiver.lacking().get("later-made", ""))
        kafka.make("later-made")
        kafka.send("later-made", b"text 0")
        until(lambda: intake.records == 1)
        assert receiver.lacking() == {}


def test_tombstones_and_aborted_transactions_are_no_records(kafka, topic):
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": kafka.address, "transactional.id": topic})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"aborted", partition=0)
    producer.abort_transaction(60)
    producer.begin_transaction()
    producer.produce(topic, None, key=b"k", partition=0)
    producer.produce(topic, b"text 0", partition=0)
    producer.commit_transaction(60)
    intake = MemoryIntake()
    with reading(kafka, topic, intake, **TEXT):
        until(lambda: intake.records == 1)
    assert bodies(intake) == expected(1)


def test_over_tls_with_a_password(kafka, topic, authority):
    kafka.send(topic, b"text 0")
    intake = MemoryIntake()
    sasl = {"mechanism": "SCRAM-SHA-256", "username": "ada", "password": "ada's word"}
    secured = {"brokers": [kafka.sasl_address], "tls": {"ca_file": str(authority.ca_file)}}
    with reading(kafka, topic, intake, auth={"sasl": {**sasl, "password": "no"}}, **secured, **TEXT) as receiver:
        until(lambda: "uthentication failed" in receiver.lacking().get("brokers", ""))
    with reading(kafka, topic, intake, auth={"sasl": sasl}, **secured, **TEXT):
        until(lambda: intake.records == 1)
    assert json.dumps(receiver.lacking()).find("ada's word") == -1
