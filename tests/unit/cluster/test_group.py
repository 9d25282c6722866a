"""What throws a member out of its group: librdkafka says it in two ways, and in one of them the error does not say that it is fatal."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import KafkaError

from collector.kafka.confluent_errors import UNREACHABLE
from collector.kafka.confluent_group import ConfluentGroup


class Told:
    """What a consumer is given in the place of a message."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code)

    def error(self) -> KafkaError:
        return self._error


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        (KafkaError._FATAL, True),  # a member that was cut off, and whose two requests to join arrive together
        (KafkaError.FENCED_INSTANCE_ID, True),
        (KafkaError._ALL_BROKERS_DOWN, False),
        (KafkaError._TRANSPORT, False),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, False),
    ],
)
def test_a_member_that_is_thrown_out_joins_anew_and_no_other_does(code: int, ends: bool) -> None:
    group: Any = ConfluentGroup.__new__(ConfluentGroup)
    group._member, group._trouble = "n0-0", ""
    assert group._ends(Told(code)) is ends


@pytest.mark.parametrize("code", [KafkaError.FENCED_LEADER_EPOCH, KafkaError.UNKNOWN_LEADER_EPOCH])
def test_what_a_broker_says_after_its_restart_ends_no_worker(code: int) -> None:
    assert code in UNREACHABLE


def test_who_came_back_too_late_is_out_of_touch_until_the_worker_knows() -> None:
    """The coordinator answers again, but what is on its way to destinations is others' to deliver by now."""
    session_secs = 600.0
    group: Any = ConfluentGroup(
        {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, "g", "n0-0", "topic", session_secs
    )
    try:
        group._owned = {1, 2}
        group._contact = time.monotonic()
        assert time.monotonic() - group.last_contact < session_secs
        group._all_gone()
        group._contact = time.monotonic()
        assert time.monotonic() - group.last_contact >= session_secs - 1  # the margin of `ClusterOwnership`
        assert group.changes().gone == [1, 2]
        assert time.monotonic() - group.last_contact < session_secs
    finally:
        group.close()


def test_who_stood_still_is_out_of_touch_until_another_answer_may_have_come() -> None:
    """What lay in the socket when a process was stopped is read when it goes on, and says nothing of now."""
    session_secs = 600.0
    group: Any = ConfluentGroup(
        {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, "g", "n0-0", "topic", session_secs
    )
    try:
        group._contact = time.monotonic()
        assert time.monotonic() - group.last_contact < session_secs / 2
        with group._lock:
            group._awake_at -= session_secs  # so long nothing ran
        assert time.monotonic() - group.last_contact >= session_secs - 1
        group._awake()  # whichever thread runs first
        group._contact = time.monotonic()
        assert time.monotonic() - group.last_contact >= session_secs - 1
        group._doubted_until = 0.0
        assert time.monotonic() - group.last_contact < session_secs / 2
    finally:
        group.close()
