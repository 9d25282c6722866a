"""From Kafka to SQLite exactly once: the service is killed at any moment while messages are written, and so is the broker.

A round; `make faults` sets LOGBOOM_FAULT_ROUNDS.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from collector.testing.service import Service
from counterparts.kafka import Kafka

pytestmark = pytest.mark.timeout(7200)
ROUNDS = max(1, int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "9")) // 9)
CONFIG = """
receivers:
  kafka:
    brokers: ["BROKER"]
    logs: {{topics: [numbers], encoding: text}}
    group_id: GROUP
    group_instance_id: STATIC
    initial_offset: earliest
    session_timeout: 6s
    heartbeat_interval: 1s
exporters: {{sqlite: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  ledger: {{partitions: 1}}
  pipelines: {{logs: {{receivers: [kafka], exporters: [sqlite]}}}}
"""


class Numbers:
    """Writes numbered messages to all partitions, each once, until it is stopped."""

    def __init__(self, kafka: Kafka, seed: int) -> None:
        self.written = 0
        self._chance = random.Random(seed)
        self._producer = Producer(
            {"bootstrap.servers": kafka.address, "enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 0}
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """All that was begun is written."""
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(150) == 0

    def _run(self) -> None:
        while not self._stop.wait(self._chance.random() * 0.05):
            for _ in range(self._chance.randrange(1, 20)):
                self._producer.produce("numbers", f"number {self.written}".encode())
                self.written += 1
            self._producer.poll(0)


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    folder = tmp_path / "kafka"
    folder.mkdir()
    one = Kafka(folder)
    one.start()
    one.make("numbers", partitions=4)
    yield one
    one.kill()


def service(folder: Path, kafka: Kafka, group: str, static: str = "") -> Service:
    folder.mkdir()
    config = CONFIG.replace("BROKER", kafka.address).replace("GROUP", group).replace("STATIC", f'"{static}"')
    return Service(folder, config=config)


def test_each_message_is_stored_once_over_kills(tmp_path: Path, kafka: Kafka) -> None:
    chance = random.Random(7)
    numbers, one = Numbers(kafka, 7), service(tmp_path / "one", kafka, "once", "one")
    try:
        for _ in range(ROUNDS):
            for number in range(2):
                one.start()
                one.await_ready()
                before = one.stored()
                while one.stored() == before:
                    threading.Event().wait(0.02)
                threading.Event().wait(chance.uniform(0, 1.0))
                if number == 1:
                    kafka.kill()
                    kafka.start()
                one.kill()
        one.start()
        one.await_ready()
        numbers.stop()
        one.await_rows("SELECT count(*), count(DISTINCT body) FROM sent", [(numbers.written, numbers.written)], 150)
    finally:
        numbers.stop()
        one.kill()


def test_two_that_share_a_topic_store_each_message_once(tmp_path: Path, kafka: Kafka) -> None:
    """The second comes while messages are written, and the first goes in good order."""
    numbers = Numbers(kafka, 8)
    first, second = (service(tmp_path / name, kafka, "shared") for name in ("first", "second"))
    try:
        with first:
            first.await_rows("SELECT count(*) > 100 FROM sent", [(1,)], 150)
            with second:
                second.await_rows("SELECT count(*) > 100 FROM sent", [(1,)], 150)
                assert first.terminate(150) == 0
                numbers.stop()
                count = numbers.written - first.stored()
                second.await_rows("SELECT count(*), count(DISTINCT body) FROM sent", [(count, count)], 150)
        bodies = [row[0] for one in (first, second) for row in one.rows("SELECT body FROM sent")]
        assert sorted(bodies) == sorted(f"number {number}" for number in range(numbers.written))
    finally:
        numbers.stop()
        first.kill()
        second.kill()
