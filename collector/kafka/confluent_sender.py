"""The `Sender` on librdkafka's idempotent producer.

    any thread ──send──► librdkafka: batches that form by themselves while requests are in flight (`linger.ms` 0) ──► brokers, acks of all in sync
                         a thread of its own ◄── delivery reports ── `done`

A record that no broker acknowledged in `_MESSAGE_SECS` is refused, and may stand in the log nevertheless. The producer never doubles one by
itself; what it can't go on from is fatal to it, and it is made anew. Only a size makes a refusal permanent: rights and topics come back, and
who is refused must keep what it has until they do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from collector.kafka.confluent_errors import TOO_LARGE, error_of, said
from collector.kafka.wire import Done, NewRecord, Refused

_MESSAGE_SECS = 8  # the SDKs of senders give up at 10
_POLL_SECS = 0.1
_PURGE_SECS = 2.0
_MOST_WAITING_KIB = 128 << 10
_log = logging.getLogger(__name__)


class ConfluentSender:
    """See `collector.kafka.wire.Sender`.

    Args:
        settings: librdkafka's, of the connection and what all clients share.
    """

    def __init__(self, settings: Mapping[str, Any], max_message_bytes: int, compression: str) -> None:
        self._settings = {
            **settings,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "compression.type": compression,
            "message.timeout.ms": _MESSAGE_SECS * 1000,
            "message.max.bytes": max_message_bytes,
            "queue.buffering.max.kbytes": _MOST_WAITING_KIB,
            "queue.buffering.max.messages": 1_000_000,
            "error_cb": self._noted,
        }
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._closed = self._broken = False
        self._producer = Producer(self._settings)
        self._former: list[Producer] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery reports", daemon=True)
        self._thread.start()

    def send(self, record: NewRecord, done: Done) -> None:
        """See `Sender.send`."""
        if self._closed:
            done(Refused("the sender is closed"), -1)
            return
        size, (topic, partition) = record.size_bytes, record.place

        def told(error: KafkaError | None, message: Message) -> None:
            self._count(-size)
            if error is not None:
                done(self._refused(error), -1)
            else:
                offset = message.offset()
                done(None, -1 if offset is None else offset)

        self._count(size)
        try:
            self._producer.produce(
                topic, record.value, record.key, partition, told, headers=list(record.headers) or None
            )
        except BufferError:
            self._count(-size)
            done(Refused("too much waits for the brokers"), -1)
        except KafkaException as raised:
            self._count(-size)
            done(self._refused(error_of(raised)), -1)

    @property
    def waiting_bytes(self) -> int:
        """See `Sender.waiting_bytes`."""
        return self._waiting_bytes

    def close(self, deadline_secs: float) -> bool:
        """See `Sender.close`."""
        self._closed = True
        until = time.monotonic() + deadline_secs
        left = self._producer.flush(max(0.0, deadline_secs))
        if left:
            self._purge(self._producer, max(0.0, until - time.monotonic()) + _PURGE_SECS)
        self._ended.set()
        self._thread.join(_PURGE_SECS)
        for producer in self._former:  # whose requests wait for their refusal
            self._purge(producer, _PURGE_SECS)
        return not left

    def _count(self, size: int) -> None:
        with self._lock:
            self._waiting_bytes += size

    def _refused(self, error: KafkaError) -> Refused:
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._broken = True
        return Refused(said(error), permanent=error.code() in TOO_LARGE)

    def _noted(self, error: KafkaError) -> None:
        """Of the client as a whole."""
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._broken = True
        _log.debug("sender: %s", said(error))

    def _run(self) -> None:
        while not self._ended.is_set():
            self._producer.poll(_POLL_SECS)
            if self._broken and not self._closed:
                self._renew()
            for producer in self._former:
                producer.poll(0)
            self._former = [producer for producer in self._former if len(producer)]

    def _renew(self) -> None:
        """What waits in the one that is broken is refused; it may stand in the log."""
        _log.warning("the producer of what is accepted is made anew: its state was lost")
        broken, self._producer, self._broken = self._producer, Producer(self._settings), False
        broken.purge()
        self._former.append(broken)

    def _purge(self, producer: Producer, secs: float) -> None:
        producer.purge()
        until = time.monotonic() + secs
        while len(producer) and time.monotonic() < until:
            producer.poll(_POLL_SECS)
