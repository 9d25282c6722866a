"""The `Reader` on librdkafka's consumer: places are assigned by hand, offsets are nobody's but the caller's, and it never starts anywhere by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from collector.errors import StorageError
from collector.kafka.confluent_errors import FORBIDDEN, MISSING, UNREACHABLE, error_of, said
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Unreachable

_SLICE_SECS = 0.1  # how long a wait is deaf to `wake`
_ANSWER_SECS = 5.0
_LEADER_SECS = 1.0
_SILENCE_SECS = 10.0
_BATCH = 1000
_MOST_BYTES = 16 << 20  # of one `read`, about


class ConfluentReader:
    """See `collector.kafka.wire.Reader`.

    Args:
        settings: librdkafka's, of the connection and what all clients share.
        group: a name that brokers account for; nothing is kept under it.
        prompt: see `Wire.reader`.
    """

    def __init__(self, settings: Mapping[str, Any], group: str, *, prompt: bool = False) -> None:
        self._consumer: Consumer | None = Consumer(
            {
                **settings,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                "allow.auto.create.topics": False,
                "check.crcs": True,
                "fetch.wait.max.ms": 10 if prompt else 100,
                "queued.max.messages.kbytes": 16384,
                "error_cb": self._noted,
            }
        )
        self._places: dict[tuple[str | None, int | None], Place] = {}
        self._paused: set[Place] = set()
        self._waiting: list[LogError] = []
        self._woken = threading.Event()
        self._heard_at = time.monotonic()
        self._trouble = ""

    def follow(self, places: Mapping[Place, int]) -> None:
        """See `Reader.follow`."""
        moved = [TopicPartition(*place) for place in places if place in self._places]
        if moved:
            self._open().incremental_unassign(moved)
        self._ask_who_leads({place.topic for place in places})
        self._open().incremental_assign([TopicPartition(*place, offset) for place, offset in places.items()])
        self._places.update({(place.topic, place.partition): place for place in places})
        self._waiting = [each for each in self._waiting if getattr(each, "place", None) not in places]
        if paused := self._paused.intersection(places):
            self._open().pause([TopicPartition(*place) for place in paused])

    def _ask_who_leads(self, topics: set[str]) -> None:
        """Of topics that are new to a reader which has others already: librdkafka itself looks only once a second whose leaders it lacks."""
        known = {place.topic for place in self._places.values()}
        for topic in topics - known if known else ():
            with suppress(KafkaException):
                self._open().list_topics(topic, timeout=_LEADER_SECS)

    def leave(self, places: Sequence[Place]) -> None:
        """See `Reader.leave`."""
        there = [place for place in places if place in self._places]
        if there:
            self._open().incremental_unassign([TopicPartition(*place) for place in there])
        for place in there:
            del self._places[place]
        self._paused.difference_update(places)
        self._waiting = [each for each in self._waiting if getattr(each, "place", None) not in places]

    def pause(self, places: Sequence[Place]) -> None:
        """See `Reader.pause`."""
        self._paused.update(places)
        if there := [TopicPartition(*place) for place in places if place in self._places]:
            self._open().pause(there)

    def resume(self, places: Sequence[Place]) -> None:
        """See `Reader.resume`."""
        self._paused.difference_update(places)
        if there := [TopicPartition(*place) for place in places if place in self._places]:
            self._open().resume(there)

    def read(self, most: int, secs: float) -> list[Message | AtEnd]:
        """See `Reader.read`; not much more than 16 MiB at once."""
        if self._waiting:
            raise self._waiting.pop(0)
        got = self._first(secs)
        found: list[Message | AtEnd] = []
        size = 0
        while got:
            for message in got:
                if (each := self._understood(message)) is not None:
                    found.append(each)
                    size += len(each.value or b"") if isinstance(each, Message) else 0
            left = most - len(found)
            got = [] if left <= 0 or size > _MOST_BYTES else self._open().consume(min(left, _BATCH), 0)
        if not found and self._waiting:
            raise self._waiting.pop(0)
        return found

    def wake(self) -> None:
        """See `Reader.wake`; a wait ends within a tenth of a second."""
        self._woken.set()

    def close(self) -> None:
        """See `Reader.close`."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _open(self) -> Consumer:
        assert self._consumer is not None, "the reader is closed"
        return self._consumer

    def _first(self, secs: float) -> Sequence[confluent_kafka.Message]:
        """What comes first, or nothing in time."""
        until = time.monotonic() + secs
        while True:
            left = until - time.monotonic()
            if got := self._open().consume(1, max(0.0, min(left, _SLICE_SECS))):
                self._heard_at = time.monotonic()
                self._trouble = ""
                return got
            if self._woken.is_set() or left <= 0:
                self._woken.clear()
                break
        if time.monotonic() - self._heard_at > _SILENCE_SECS:
            self._ask()
        return ()

    def _understood(self, message: confluent_kafka.Message) -> Message | AtEnd | None:
        place = self._places.get((message.topic(), message.partition()))
        error = message.error()
        if place is None and (error is None or message.topic()):
            return None  # it was left meanwhile
        offset = message.offset()
        if error is None and place is not None and offset is not None:
            headers: Any = message.headers()  # pairs of a text and bytes; null where there is no value
            told = [(name, value or b"") for name, value in headers] if headers else ()
            return Message(place, offset, message.key(), message.value(), told, message.timestamp()[1])
        assert error is not None
        if error.code() == KafkaError._PARTITION_EOF and place is not None and offset is not None:
            return AtEnd(place, offset)
        self._note(error, place, -1 if offset is None else offset)
        return None

    def _note(self, error: KafkaError, place: Place | None, offset: int) -> None:
        """What is wrong is raised when what came before it was handed out."""
        if error.code() == KafkaError._AUTO_OFFSET_RESET and place is not None:
            self._waiting.append(self._out_of_range(place, offset))
        elif error.code() in MISSING:
            self._waiting.append(StorageError(f"topic {place.topic if place else ''} is missing: {said(error)}"))
        elif error.fatal() or error.code() in FORBIDDEN:
            self._waiting.append(StorageError(said(error)))
        elif error.code() not in UNREACHABLE:  # those the client gets over by itself
            self._waiting.append(Unreachable(said(error)))

    def _out_of_range(self, place: Place, asked: int) -> OutOfRange | Unreachable:
        try:
            bounds = self._open().get_watermark_offsets(TopicPartition(*place), timeout=_ANSWER_SECS)
        except KafkaException as raised:
            bounds = None
            self._trouble = said(error_of(raised))
        if bounds is None:  # to be asked again: from the same place
            self._open().incremental_unassign([TopicPartition(*place)])
            self._open().incremental_assign([TopicPartition(*place, asked)])
            return Unreachable(f"where {place.topic}/{place.partition} begins is not known: {self._trouble}")
        return OutOfRange(place, asked, bounds[0])

    def _noted(self, error: KafkaError) -> None:
        """Of the client as a whole: what it says when it is silent."""
        self._trouble = said(error)

    def _ask(self) -> None:
        """Nothing was heard for a while: nothing to be told, or nobody to tell? Raises what it is."""
        for topic in {place.topic for place in self._places.values()}:
            try:
                metadata = self._open().list_topics(topic, timeout=1.0)
            except KafkaException as raised:
                raise Unreachable(f"{said(error_of(raised))}; {self._trouble}") from raised
            error = metadata.topics[topic].error
            if error is not None and error.code() in MISSING:
                raise StorageError(f"topic {topic} is missing: {said(error)}")
        self._heard_at = time.monotonic()


LogError = OutOfRange | Unreachable | StorageError
