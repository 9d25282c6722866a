"""One Kafka for the tests of a process; each test has topics of its own."""

from __future__ import annotations

import pytest

from counterparts.certificates import Authority
from counterparts.kafka import Kafka

USERS = {"ada": "ada's word"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory, authority):
    settings = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500"}
    folder, certificate = tmp_path_factory.mktemp("kafka"), authority.issue("localhost")
    one = Kafka(folder, settings=settings, users=USERS, certificate=certificate)
    one.start()
    yield one
    one.kill()
