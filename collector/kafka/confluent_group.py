"""The real `Group`: a consumer that reads nothing, on a thread of its own, so that no step and no restore keeps it from its heartbeats.

    classic protocol, cooperative-sticky, static membership: a member that comes back within the session has its numbers at once, and only
    those that move are put down

What is asked back stays ours while its callback waits: brokers give it to nobody before that returns. Who puts nothing down for
`RELEASE_SECS` loses it all the same.

A static member that died between the two halves of a move comes back with its old share, and brokers begin no second half: what was to
move is nobody's. A member that finds so (`share_out`) names one topic more for a while, which makes them share out anew.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from collector.kafka.wire import Changes, Place

RELEASE_SECS = 120.0
"""Longer than a step may take, and its calls to destinations behind it."""
_POLL_SECS = 0.2
_STATISTICS_MS = 500
_AGAIN_SECS = 2.0
_HEARTBEAT_SECS = 1.0  # members hear of a move by the answer to one, each time that numbers are shared out
_DOUBT = 0.4  # of a session: the coordinator has answered a heartbeat by then
_JOIN_SECS = 10.0
_BESIDE_SECS = 5.0
_ENDS = (
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError._FATAL,
)  # an error that is told of a fatal one does not say itself that it is
_COORDINATOR = "GroupCoordinator"  # what librdkafka calls its connection to it
_log = logging.getLogger("logboom.cluster")


class ConfluentGroup:
    """See `collector.kafka.wire.Group`.

    Args:
        settings: librdkafka's, of the connection.
        group: its name.
        member: who this is, also after a restart; two that live at a time throw each other out.
        session_secs: so long after its last heartbeat a member's numbers are given to others.
        beside: another topic that there is, for `share_out`.
    """

    def __init__(
        self, settings: Mapping[str, Any], group: str, member: str, topic: str, session_secs: float, beside: str = ""
    ) -> None:
        heartbeat_secs = min(_HEARTBEAT_SECS, session_secs / 5)
        self._settings = {
            **settings, "group.id": group, "group.instance.id": member, "session.timeout.ms": round(session_secs * 1000),
            "heartbeat.interval.ms": round(heartbeat_secs * 1000), "max.poll.interval.ms": 600_000,
            "partition.assignment.strategy": "cooperative-sticky", "enable.auto.commit": False,
            "enable.auto.offset.store": False, "statistics.interval.ms": _STATISTICS_MS, "stats_cb": self._heard,
            "allow.auto.create.topics": False,
        }  # fmt: skip
        self._member, self._topic, self._beside = member, topic, beside
        self._sharing_out, self._until, self._settled_at = False, 0.0, 0.0
        self._session_secs = session_secs
        self._lock = threading.Condition()
        self._told: deque[Changes] = deque()
        self._owned: set[int] = set()
        self._leaving: set[int] = set()
        self._closing = False
        self._contact = time.monotonic() - session_secs
        self._awake_at, self._doubted_until = time.monotonic(), 0.0
        self._trouble = ""
        self._noted: Mapping[Place, int] = {}
        self._thread = threading.Thread(target=self._run, name="group", daemon=True)
        self._thread.start()

    # --- any thread

    def changes(self) -> Changes:
        """See `Group.changes`: what happened first of what was not told."""
        with self._lock:
            return self._told.popleft() if self._told else Changes()

    def released(self, numbers: Sequence[int]) -> None:
        """See `Group.released`."""
        with self._lock:
            self._leaving.difference_update(numbers)
            self._lock.notify_all()

    def share_out(self) -> None:
        """See `Group.share_out`."""
        self._sharing_out = bool(self._beside)

    def note(self, positions: Mapping[Place, int]) -> None:
        """See `Group.note`: told from the group's thread, without waiting."""
        self._noted = dict(positions)

    @property
    def last_contact(self) -> float:
        """See `Group.last_contact`. Who came back too late has a fresh connection, and what others deliver by now: that ends the touch until
        the worker has been told. A process that stood still finds answers that came meanwhile, and they are no sign of life of now: it
        is in touch again when the coordinator had the time for another one."""
        with self._lock:
            now = time.monotonic()
            torn = any(each.gone for each in self._told) or now < self._doubted_until
        return now - self._session_secs if torn else min(self._contact, self._awake_at)

    def close(self) -> None:
        """See `Group.close`."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._thread.join(_JOIN_SECS)

    # --- the group's thread

    def _run(self) -> None:
        while not self._closing:
            try:
                self._serve()
            except KafkaException as error:
                self._say(str(error.args[0]))
            except Exception:  # noqa: BLE001  whatever it is, numbers must be shared out
                _log.exception("the group's thread fails, and begins anew")
            self._all_gone()
            with self._lock:
                if not self._closing:
                    self._lock.wait(_AGAIN_SECS)

    def _serve(self) -> None:
        """As one member, until it is thrown out or closes."""
        consumer = Consumer(self._settings)
        try:
            self._subscribe(consumer, [self._topic])
            self._until = 0.0
            while not self._closing:
                self._awake()
                self._vary(consumer)
                self._tell(consumer)
                message = consumer.poll(_POLL_SECS)
                if message is not None and message.error() is not None and self._ends(message):
                    return
        finally:
            consumer.close()

    def _subscribe(self, consumer: Consumer, topics: list[str]) -> None:
        consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _vary(self, consumer: Consumer) -> None:
        """Name one topic more where that is asked for, and none after a while; what is asked for before that has settled is one with it."""
        now, asked, self._sharing_out = time.monotonic(), self._sharing_out, False
        if asked and now >= self._settled_at:
            self._until, self._settled_at = now + _BESIDE_SECS, now + 3 * _BESIDE_SECS
            self._subscribe(consumer, [self._topic, self._beside])
        elif self._until and now >= self._until:
            self._until = 0.0
            self._subscribe(consumer, [self._topic])

    def _tell(self, consumer: Consumer) -> None:
        """The group, how far it is; while numbers are shared out brokers don't listen, and the next time is soon."""
        noted, self._noted = self._noted, {}
        if noted:
            with suppress(KafkaException):
                consumer.commit(
                    offsets=[TopicPartition(*place, offset) for place, offset in noted.items()], asynchronous=True
                )

    def _numbers(self, partitions: Sequence[TopicPartition]) -> list[int]:
        return sorted(each.partition for each in partitions if each.topic == self._topic)

    def _awake(self) -> None:
        """Note that this thread runs, and whether all of the process stood still before."""
        with self._lock:
            now = time.monotonic()
            if now - self._awake_at >= self._session_secs / 2:
                self._doubted_until = now + _DOUBT * self._session_secs
            self._awake_at = now

    def _ends(self, message: Message) -> bool:
        """Whether it is a member no more."""
        error = message.error()
        assert error is not None
        if error.code() in _ENDS or error.fatal():
            self._say(
                f"{self._member} is thrown out, and joins anew: it came back twice from an interrupted network, or another process has "
                f"its instance_id, which each logboom needs for itself: {error}"
            )
            return True
        if error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._PARTITION_EOF):
            self._say(str(error))
        return False

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        places = [TopicPartition(each.topic, each.partition, OFFSET_END) for each in partitions]
        consumer.incremental_assign(places)
        consumer.pause(places)  # it reads nothing
        numbers = self._numbers(partitions)
        with self._lock:
            self._contact = time.monotonic()
            self._owned.update(numbers)
            self._trouble = ""
            if numbers:
                self._told.append(Changes(gained=numbers))

    def _revoked(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Those that others are to have; it returns when they are put down."""
        numbers = sorted(self._owned.intersection(self._numbers(partitions)))
        if numbers and not self._closing:
            self._put_down(numbers)
        self._owned.difference_update(numbers)
        consumer.incremental_unassign(list(partitions))

    def _put_down(self, numbers: Sequence[int]) -> None:
        with self._lock:
            self._leaving.update(numbers)
            self._told.append(Changes(lost=numbers))
            until = time.monotonic() + RELEASE_SECS
            while self._leaving.intersection(numbers) and not self._closing and time.monotonic() < until:
                self._lock.wait(_POLL_SECS)
                self._awake()
            late = sorted(self._leaving.intersection(numbers))
            self._leaving.difference_update(numbers)
            if late and not self._closing:
                self._told.append(Changes(lost=late, gone=late))

    def _lost(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """The session ended: others may have them already."""
        _log.warning("the brokers have not heard of %s for too long: what it had is free for others", self._member)
        self._all_gone()
        consumer.incremental_unassign(list(partitions))

    def _all_gone(self) -> None:
        with self._lock:
            numbers = sorted(self._owned)
            self._owned.clear()
            self._leaving.clear()
            if numbers and not self._closing:
                self._told.append(Changes(lost=numbers, gone=numbers))

    def _heard(self, text: str) -> None:
        """Of librdkafka, twice a second: how long the coordinator has been silent."""
        brokers = json.loads(text).get("brokers", {}).values()
        for broker in brokers:
            if broker.get("name", "").startswith(_COORDINATOR) and broker.get("state") == "UP":
                silent_us = broker.get("rxidle", -1)
                if silent_us >= 0:
                    self._contact = max(self._contact, time.monotonic() - silent_us / 1e6)

    def _say(self, reason: str) -> None:
        if reason != self._trouble:
            _log.error("the group of this cluster: %s", reason)
        self._trouble = reason
