"""The simulated cluster keeps what `collector.kafka.wire` promises."""

from __future__ import annotations

import pytest

from collector.kafka.wire import Wire
from collector.testing.log_cluster import LogCluster
from counterparts.wire_contract import *  # noqa: F403  the tests
from counterparts.wire_contract import PREFIX, spec


@pytest.fixture
def wire() -> Wire:
    return LogCluster().wire(PREFIX)


@pytest.fixture
def topic(wire: Wire) -> str:
    wire.admin().create([spec("contract.rows")], 1)
    return "contract.rows"
