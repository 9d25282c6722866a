"""The real `Group`: who of several members owns which number, over a real Kafka."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from collector.kafka.client import connection_settings
from collector.kafka.confluent_group import ConfluentGroup
from collector.kafka.options import KafkaConnection
from collector.kafka.wire import Place
from counterparts.kafka import Kafka

SECONDS, SESSION_SECS = 120.0, 6.0
LONG_SECS = 2 * SESSION_SECS
NUMBERS = set(range(4))


class Member:
    """One that follows what it is told, and puts down what is asked back when it is told to."""

    def __init__(self, kafka: Kafka, topic: str, name: str, session_secs: float = SESSION_SECS) -> None:
        settings = connection_settings(KafkaConnection(brokers=[kafka.address]))
        self.group = ConfluentGroup(settings, f"group-{topic}", name, topic, session_secs, f"{topic}-beside")
        self.owned: set[int] = set()
        self.asked: set[int] = set()
        self.moves = 0

    def look(self) -> None:
        changes = self.group.changes()
        self.moves += bool(changes.gained or changes.lost)
        self.owned |= set(changes.gained)
        self.asked |= set(changes.lost) - set(changes.gone)
        self.owned -= set(changes.gone)

    def put_down(self) -> None:
        self.owned -= self.asked
        self.group.released(sorted(self.asked))
        self.asked = set()


@pytest.fixture
def topic(kafka: Kafka, request: pytest.FixtureRequest) -> str:
    name = request.node.name
    kafka.make(name, partitions=len(NUMBERS))
    kafka.make(f"{name}-beside", partitions=len(NUMBERS))
    return str(name)


@pytest.fixture
def members(kafka: Kafka, topic: str) -> Iterator[list[Member]]:
    made = [Member(kafka, topic, "one")]
    yield made
    for member in made:
        member.group.close()


def until(members: list[Member], holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, [(each.owned, each.asked) for each in members]
        for member in members:
            member.look()
        time.sleep(0.05)


def test_what_is_asked_back_stays_until_it_is_put_down(kafka: Kafka, topic: str, members: list[Member]) -> None:
    """A newcomer gets its share then, and nobody has what another one has."""
    [first] = members
    until(members, lambda: first.owned == NUMBERS)
    second = Member(kafka, topic, "two")
    members.append(second)
    until(members, lambda: len(first.asked) == 2)
    for _ in range(20):
        second.look()
        time.sleep(0.05)
    assert second.owned == set(), "it has what the first one still works on"
    first.put_down()
    until(members, lambda: len(second.owned) == 2)
    assert first.owned | second.owned == NUMBERS
    assert not first.owned & second.owned
    assert time.monotonic() - first.group.last_contact < SESSION_SECS * 10


def test_tools_see_how_far_members_have_come(kafka: Kafka, topic: str, members: list[Member]) -> None:
    """Of topics, too, that the group shares nothing of."""
    admin, group = AdminClient({"bootstrap.servers": kafka.address}), f"group-{topic}"
    until(members, lambda: members[0].owned == NUMBERS)
    told = {Place(topic, 0): 7, Place(topic, 3): 1 << 33, Place(f"{topic}-beside", 1): 3}

    def seen() -> dict[Place, int]:
        members[0].group.note(told)
        (asked,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        return {Place(each.topic, each.partition): each.offset for each in asked.result().topic_partitions}

    until(members, lambda: seen() == told)


def test_a_member_that_comes_back_in_time_has_what_it_had(kafka: Kafka, topic: str, members: list[Member]) -> None:
    """A restart moves nothing of the others."""
    [first] = members
    until(members, lambda: first.owned == NUMBERS)
    second = Member(kafka, topic, "two")
    members.append(second)
    until(members, lambda: len(first.asked) == 2)
    first.put_down()
    until(members, lambda: len(second.owned) == 2)
    had, moves = set(second.owned), first.moves
    second.group.close()
    members[1] = again = Member(kafka, topic, "two")
    until(members, lambda: again.owned == had)
    assert first.moves == moves


_MORTAL = """
import sys, time
from collector.kafka.client import connection_settings
from collector.kafka.confluent_group import ConfluentGroup
from collector.kafka.options import KafkaConnection
address, group, topic, session = sys.argv[1:]
settings = connection_settings(KafkaConnection(brokers=[address]))
member = ConfluentGroup(settings, group, "one", topic, float(session))
while True:
    changes = member.changes()
    if changes.gained:
        print("gained", *changes.gained, flush=True)
    if changes.lost:
        print("asked", *changes.lost, flush=True)
    time.sleep(0.05)
"""


def test_what_a_member_died_with_in_the_middle_of_a_move_is_shared_out_anew(kafka: Kafka, topic: str) -> None:
    """It comes back within its session with its old share; what it was to put down has to find an owner all the same."""
    command = [sys.executable, "-c", _MORTAL, kafka.address, f"group-{topic}", topic, str(LONG_SECS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mortal:
        assert mortal.stdout is not None
        try:
            assert mortal.stdout.readline().startswith("gained")
            other = Member(kafka, topic, "two", LONG_SECS)
            assert mortal.stdout.readline().startswith("asked")
        finally:
            mortal.kill()
    members = [other, Member(kafka, topic, "one", LONG_SECS)]
    try:

        def all_have_an_owner() -> bool:
            for member in members:
                member.put_down()
            members[0].group.share_out()
            return members[0].owned | members[1].owned == NUMBERS and bool(members[0].owned and members[1].owned)

        until(members, all_have_an_owner)
        assert not members[0].owned & members[1].owned
    finally:
        for member in members:
            member.group.close()
