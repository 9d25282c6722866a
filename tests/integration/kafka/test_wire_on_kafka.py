"""Real brokers keep what `collector.kafka.wire` promises."""

from __future__ import annotations

import secrets

import pytest

from collector.kafka.confluent import ConfluentWire
from counterparts.kafka import Kafka
from counterparts.wire_contract import *  # noqa: F403  the tests
from counterparts.wire_contract import PREFIX, spec


@pytest.fixture
def wire(kafka: Kafka) -> ConfluentWire:
    brisk = {"log_level": 0, "topic.metadata.propagation.max.ms": 1000}
    return ConfluentWire(brisk | {"bootstrap.servers": kafka.address}, PREFIX)


@pytest.fixture
def topic(wire: ConfluentWire) -> str:
    name = f"contract.{secrets.token_hex(4)}"
    wire.admin().create([spec(name)], 1)
    return name
