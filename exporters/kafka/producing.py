"""librdkafka's producer beside an event loop: who sends waits for a future, a thread of ours polls what became of messages."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from collector.errors import LogboomError
from exporters.kafka.answers import PEOPLE, Failure
from exporters.kafka.messages import Messages
from exporters.kafka.sending import Headers, Place, Sent

_log = logging.getLogger(__name__)
_POLL_SECS = 0.5


class Producing:
    """One producer, made anew when it has come to its end (an error that librdkafka calls fatal).

    Args:
        make: librdkafka's configuration, callbacks of ours excepted. Raises LogboomError.
    """

    def __init__(self, make: Callable[[], Mapping[str, Any]], name: str) -> None:
        self._make, self._name = make, name
        self._producer: Producer | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._ended, self._spent, self._purge = False, False, False
        self.refused = ""
        """Why brokers do not let us in; empty: they do, as far as is known."""

    def start(self) -> None:
        """Make the producer; it connects in the background. Where a token is needed it is made with the first request, for that waits until there
        is one. Raises LogboomError."""
        settings = self._make()
        if "oauth_cb" not in settings:
            self._producer = self._made(settings)
        self._thread = threading.Thread(target=self._poll, name=self._name, daemon=True)
        self._thread.start()

    def send(self, sent: Sent, request: Messages, place: Place, headers: Callable[[int], Headers]) -> None:
        """Hand all messages over; each ends by `sent.ended`. On any thread; it waits only
        where it is not `ready`. Raises LogboomError for a producer that can't be made now."""
        producer = self._current()
        for at, message in enumerate(request.messages):
            try:
                producer.produce(
                    place.named or message.topic or place.topic, message.value,
                    place.key if message.key is None else message.key,
                    headers=headers(at), on_delivery=partial(self._delivered, sent, at),
                )  # fmt: skip
            except BufferError:
                sent.ended(at, Failure("_QUEUE_FULL", "the producer's queue is full"), self.refused)
            except KafkaException as error:
                sent.ended(at, _failure(error.args[0]), self.refused)

    @property
    def ready(self) -> bool:
        """Whether `send` waits for nothing."""
        return self._producer is not None and not self._spent

    def close(self) -> None:
        """Give up what is under way; nothing is told of it any more."""
        self._ended = True
        if self._producer is not None:
            self._producer.purge()
        if self._thread is not None:
            self._thread.join(2 * _POLL_SECS)
        self._producer = self._thread = None

    def _made(self, settings: Mapping[str, Any]) -> Producer:
        try:
            return Producer({**settings, "error_cb": self._trouble})
        except KafkaException as error:  # a certificate that is none, a token that can't be had
            raise LogboomError(f"{self._name}: {error.args[0].str()}") from None

    def _current(self) -> Producer:
        with self._lock:
            if self._producer is None or self._spent:
                self._producer = self._made(self._make())
                self._spent = False
            return self._producer

    def _poll(self) -> None:
        while not self._ended:
            producer = self._producer
            if producer is None:
                time.sleep(_POLL_SECS)
                continue
            try:
                producer.poll(_POLL_SECS)
            except Exception as error:  # noqa: BLE001 - a callback that fails (tokens) must not end delivery
                _log.warning("%s: %s", self._name, error)
            if self._purge:
                self._purge = False
                producer.purge(in_queue=True, in_flight=False, blocking=False)

    def _delivered(self, sent: Sent, at: int, error: KafkaError | None, _: object) -> None:
        if error is None:
            self.refused = ""
            sent.ended(at, None, "")
            return
        self._spent = self._spent or error.fatal() or error.code() == KafkaError._FATAL
        sent.ended(at, _failure(error), self.refused)

    def _trouble(self, error: KafkaError) -> None:
        """librdkafka goes on by itself; but who is not let in need not wait for that."""
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._spent = True
        if error.name() in PEOPLE:
            self.refused = error.str()
            self._purge = True


def _failure(error: KafkaError) -> Failure:
    return Failure(error.name(), error.str())
