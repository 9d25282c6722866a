"""Bad days between delivery and a real Kafka: twelve thousand records, none missing; none doubled while the idempotent producer lives."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from counterparts.bad_days import DOMAINS, QUICK, RECORDS, SMALL, Load
from counterparts.kafka import Kafka
from exporters.kafka import FACTORY

ROUNDS = int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "1"))
PATIENT = {**QUICK, "timeout": "2m"}
SLOW = {**PATIENT, "sending_queue": SMALL, "producer": {"linger": "50ms"}}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    one = Kafka(tmp_path_factory.mktemp("kafka"))
    one.start()
    yield one
    one.kill()


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


def to(kafka: Kafka, topic: str, options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "brokers": [kafka.address], "logs": {"topic": topic}}


def came(kafka: Kafka, topic: str) -> Counter[str]:
    """How often each body stands in the topic; a domain is in one partition."""
    found: Counter[str] = Counter()
    homes: dict[bytes, set[int]] = {}
    for message in kafka.messages(topic):
        homes.setdefault(message.key() or b"", set()).add(message.partition() or 0)
        for resource in ExportLogsServiceRequest.FromString(message.value() or b"").resource_logs:
            found.update(record.body.string_value for scope in resource.scope_logs for record in scope.log_records)
    assert {key.decode() for key in homes} == set(DOMAINS)
    assert all(len(partitions) == 1 for partitions in homes.values())
    return found


def once(load: Load) -> Counter[str]:
    return Counter(load.bodies)


@contextmanager
def meanwhile(load: Load, trouble: Any) -> Iterator[None]:
    """`trouble` happens in the middle of delivery."""

    def run() -> None:
        load.await_some()
        trouble()

    thread = Thread(target=run)
    thread.start()
    yield
    thread.join()


def test_a_broker_that_dies(kafka: Kafka, load: Load) -> None:
    """It comes back within the time of a message: each record once."""
    kafka.make("dies", partitions=4)

    def trouble() -> None:
        for _ in range(ROUNDS):
            kafka.kill()
            time.sleep(random.random())
            kafka.start()

    with meanwhile(load, trouble):
        load.deliver(to(kafka, "dies", SLOW))
    assert came(kafka, "dies") == once(load)


def test_a_broker_that_hangs_for_longer_than_a_message_may_take(kafka: Kafka, load: Load) -> None:
    """Requests are given up and come again: some may stand twice, none is missing."""
    kafka.make("hangs", partitions=4)

    def trouble() -> None:
        kafka.pause()
        load.await_trouble("timed out")
        kafka.resume()

    with meanwhile(load, trouble):
        load.deliver(to(kafka, "hangs", {**SLOW, "timeout": "1s", "producer": {"linger": "20ms"}}))
    assert came(kafka, "hangs").keys() == once(load).keys()


def test_a_topic_that_is_made_later(kafka: Kafka, load: Load) -> None:
    properties = {"topic.metadata.propagation.max.ms": 100, "topic.metadata.refresh.fast.interval.ms": 50}
    load.start(to(kafka, "later", {**PATIENT, "properties": properties}))
    load.await_trouble("Unknown topic")
    assert load.queued == RECORDS
    kafka.make("later")
    load.finish()
    assert came(kafka, "later") == once(load)


def test_a_topic_that_takes_small_messages_only(kafka: Kafka, load: Load) -> None:
    kafka.make("small", settings={"max.message.bytes": "20000"})
    load.deliver(to(kafka, "small", PATIENT))
    assert came(kafka, "small") == once(load)


def test_a_process_that_ends_in_the_middle(kafka: Kafka, load: Load) -> None:
    """What was written and not yet acknowledged comes again, by the same name."""
    kafka.make("two-lives")
    load.deliver_in_two_lives(to(kafka, "two-lives", SLOW))
    assert came(kafka, "two-lives").keys() == once(load).keys()
