"""The thread that polls the consumer: messages into partitions, partitions paused while too much of them waits, gaps told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from collector.admission.admission import Admission
from collector.errors import LogboomError
from collector.kafka.client import millis
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.facts import OURS, MessageFacts
from collector.receivers.kafka.group import Group, Settings
from collector.receivers.kafka.handing import Handing
from collector.receivers.kafka.messages import Reader, text_of
from collector.receivers.kafka.partition import PlacedMessage

_log = logging.getLogger(__name__)
_POLL_SECS, _BATCH = 0.2, 1000
_FULL_BYTES, _LESS_BYTES, _ALL_BYTES = 4 << 20, 1 << 20, 64 << 20
_FAILED_SECS, _ASK_SECS, _SAY_AGAIN_SECS = 5.0, 10.0, 60.0
_BROKERS = "brokers"
_AWAY = frozenset({"_ALL_BROKERS_DOWN", "_AUTHENTICATION", "_SSL", "SASL_AUTHENTICATION_FAILED", "_RESOLVE"})


class Consuming:
    """One consumer at a time, made anew when it fails.

    Args:
        connection: how brokers are reached, in librdkafka's words. Raises LogboomError.
    """

    def __init__(
        self, config: KafkaReceiverConfig, receiver: str, handing: Handing, admission: Admission, connection: Settings
    ) -> None:
        self._config, self._id, self._handing = config, receiver, handing
        self._group = Group(config, receiver, handing, admission, connection)
        self._connection = connection
        self._reader = Reader(config.logs.encoding, config.extracted)
        self._stop = threading.Event()
        self._said: dict[str, float] = {}
        self._told_at = self._asked_at = 0.0
        self.beat = time.monotonic()
        self.lacking: dict[str, str] = {}
        """Topic, or the brokers → why nothing comes of it."""
        self._thread = threading.Thread(target=self._run, name=f"kafka of {receiver}", daemon=True)

    def start(self) -> None:
        """Join the group, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Read nothing any more; what is on its way to the disk gets its answer, and the group is told."""
        self._stop.set()

    def join(self, secs: float) -> None:
        """Until the group was left, or so long."""
        if self._thread.is_alive():
            self._thread.join(secs)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._life()
            except KafkaException as error:
                self._fails(error.args[0].str() if isinstance(error.args[0], KafkaError) else str(error))
            except LogboomError as error:
                self._fails(str(error))
            except Exception as defect:  # noqa: BLE001 - one defect must not end the reading for good
                _log.exception("%s: reading failed, and is tried again", self._id)
                self._fails(type(defect).__name__)
            self._stop.wait(0 if self._stop.is_set() else _FAILED_SECS)

    def _fails(self, why: str) -> None:
        self.lacking[_BROKERS] = why
        self._say(f"nothing is read: {why}")

    def _life(self) -> None:
        consumer = Consumer(self._settings())
        try:
            self._group.join(consumer)
            while not self._stop.is_set():
                self._round(consumer)
        finally:
            self._group.leave(consumer)

    def _round(self, consumer: Consumer) -> None:
        self.beat = time.monotonic()
        first = consumer.poll(_POLL_SECS)
        if first is not None:
            for message in (first, *consumer.consume(_BATCH, 0)):
                self._take(message)
            self._handing.woken()
        self._pace(consumer)
        if self.beat - self._told_at >= self._config.autocommit.interval:
            self._told_at = self.beat
            self._group.tell(consumer)
        self._look_again(consumer)

    def _take(self, message: Message) -> None:
        error, topic = message.error(), message.topic() or ""
        partition = self._handing.partitions.get((topic, message.partition() or 0))
        if error is not None:
            self._trouble_with(topic, error)
            return
        offset = message.offset()
        if partition is None or offset is None or offset < partition.next:
            return
        if self.lacking:
            self.lacking.pop(_BROKERS, None)
            self.lacking.pop(topic, None)
        part = self._part(message, topic, partition.number, offset)
        with self._handing.changed:
            if not partition.gone:
                partition.put(part)

    def _part(self, message: Message, topic: str, number: int, offset: int) -> PlacedMessage:
        value, given = message.value() or b"", _headers(message)
        headers = tuple((name, text_of(value)) for name, value in given if not name.startswith(OURS))
        carried = self._reader.carried(given)
        facts = MessageFacts(self._domain(message, topic, headers), topic, number, headers, carried)
        kind, stamp = message.timestamp()
        unix_ms = stamp if kind and stamp > 0 else 0
        unix_nano = unix_ms * 1_000_000 or time.time_ns()
        read, epoch = self._reader.read(value, unix_nano, carried), message.leader_epoch()
        return PlacedMessage(read, facts, offset + 1, len(value), unix_ms, -1 if epoch is None else epoch)

    def _domain(self, message: Message, topic: str, headers: tuple[tuple[str, str], ...]) -> str:
        match self._config.domain_from.partition("."):
            case ("key", _, _):
                named = text_of(message.key())
            case ("topic", _, _):
                named = topic
            case ("header", _, name):
                named = next((value for key, value in reversed(headers) if key.lower() == name.lower()), "")
            case _:
                named = ""
        return named or self._config.domain

    def _trouble_with(self, topic: str, error: KafkaError) -> None:
        if error.fatal() or error.code() in (KafkaError._FATAL, KafkaError._AUTO_OFFSET_RESET):
            raise KafkaException(error)  # the next consumer begins where there is something
        if error.code() != KafkaError._MAX_POLL_EXCEEDED and not error.retriable():
            self.lacking[topic or _BROKERS] = error.str()
        self._say(f"{topic or 'Kafka'}: {error.str()}", error.name())

    def _pace(self, consumer: Consumer) -> None:
        """Pause what is full, and let go on what has room again."""
        with self._handing.changed:
            ours = list(self._handing.partitions.values())
            full = sum(one.waiting_bytes for one in ours) > _ALL_BYTES
            stop = [
                one
                for one in ours
                if not one.paused and (one.waiting_bytes > _FULL_BYTES or (full and one.waiting_bytes))
            ]
            go = [one for one in ours if one.paused and one.waiting_bytes < _LESS_BYTES and not full]
            for one in (*stop, *go):
                one.paused = not one.paused
        if stop:
            consumer.pause([TopicPartition(one.topic, one.number) for one in stop])
        if go:
            consumer.resume([TopicPartition(one.topic, one.number) for one in go])

    def _look_again(self, consumer: Consumer) -> None:
        """What was wrong may be right, though nothing comes."""
        if not self.lacking or self.beat - self._asked_at < _ASK_SECS:
            return
        self._asked_at = self.beat
        try:
            there = consumer.list_topics(timeout=1).topics
        except KafkaException:
            return
        self.lacking = {name: why for name, why in self.lacking.items() if name != _BROKERS and name not in there}

    def _away(self, error: KafkaError) -> None:
        """librdkafka's callback: it goes on by itself."""
        if error.name() in _AWAY or error.fatal():
            self.lacking[_BROKERS] = error.str()
            self._say(f"Kafka: {error.str()}", error.name())

    def _settings(self) -> dict[str, Any]:
        config = self._config
        mine: Mapping[str, Any] = {
            "group.id": config.group_id, "session.timeout.ms": millis(config.session_timeout),
            "heartbeat.interval.ms": millis(config.heartbeat_interval), "auto.offset.reset": "error",
            "enable.auto.commit": False, "enable.auto.offset.store": False, "isolation.level": "read_committed",
            "partition.assignment.strategy": config.strategies, "fetch.min.bytes": config.min_fetch_size,
            "fetch.max.bytes": config.max_fetch_size or 50 << 20, "fetch.wait.max.ms": millis(config.max_fetch_wait),
            "max.partition.fetch.bytes": config.max_partition_fetch_size, "allow.auto.create.topics": False,
            "queued.max.messages.kbytes": 4096, "fetch.queue.backoff.ms": 50, "retry.backoff.ms": millis(config.metadata.retry.backoff),
            "receive.message.max.bytes": max(100_000_000, config.max_fetch_size + 512),
            "on_commit": self._group.told, "error_cb": self._away,
        }  # fmt: skip
        static = {"group.instance.id": config.group_instance_id} if config.group_instance_id else {}
        excluded = {"topic.blacklist": ",".join(config.logs.excluded)} if config.logs.excluded else {}
        return {**mine, **static, **excluded, **self._connection()}

    def _say(self, sentence: str, what: str = "") -> None:
        """In the log, once a minute for each kind of sentence."""
        now, kind = time.monotonic(), what or sentence
        if now - self._said.get(kind, -_SAY_AGAIN_SECS) >= _SAY_AGAIN_SECS:
            self._said[kind] = now
            _log.warning("%s: %s", self._id, sentence)


def _headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    given = message.headers() or []
    return list(given.items()) if isinstance(given, dict) else given
