"""The `Writer` on librdkafka's transactional producer.

librdkafka tells three kinds of errors apart, and leaves some in none of them:

    retriable      the same call may be made again, until the deadline
    abortable      the transaction is lost, the producer is not: abort, and begin anew
    fatal          the producer is of no use any more
    none of them   passed over, they let a commit go through without what failed (librdkafka #3221): here each ends the step

As long as nobody asked to end a transaction, it never counts. From then on only an answer says whether it does: without one, nobody knows, and
the producer is thrown away, for a request that was thought lost may end the next transaction (librdkafka #5423). So is one that could not
abort: what expired meanwhile makes that fatal (#3297).
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from collector.errors import StorageError
from collector.kafka.confluent_errors import FENCED, RAISED, UNREACHABLE, error_of, permanent, said
from collector.kafka.confluent_log import WriterLog
from collector.kafka.wire import Fenced, NewRecord, Place, Refused, Unreachable, Unresolved

_log = logging.getLogger("logboom.kafka")
TRANSACTION_SECS = 30
_ABORT_SECS = 3.0
_RETRY_SECS = 0.05


class ConfluentWriter:
    """See `collector.kafka.wire.Writer`.

    Args:
        settings: librdkafka's, of the connection and what all clients share.
        name: the transactional id.
    """

    def __init__(self, settings: Mapping[str, Any], name: str, max_message_bytes: int, compression: str) -> None:
        self._name = name
        self._broken: StorageError | None = None
        self._failed: KafkaError | None = None
        self._ends: dict[Place, int] = {}
        self._untold = 0
        self._producer: Producer | None = Producer(
            {
                **settings,
                "logger": WriterLog(name, settings.get("logger", _log)),
                "transactional.id": name,
                "transaction.timeout.ms": TRANSACTION_SECS * 1000,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,
                "retry.backoff.ms": 5,  # what a transaction waits for the end of the one before
                "retry.backoff.max.ms": 100,
                "compression.type": compression,
                "message.max.bytes": max_message_bytes,
            }
        )

    def claim(self, deadline_secs: float) -> None:
        """See `Writer.claim`."""
        until = time.monotonic() + deadline_secs
        while True:
            try:
                self._open().init_transactions(max(0.1, until - time.monotonic()))
            except RAISED as raised:
                self._not_claimed(error_of(raised), time.monotonic() < until)
                time.sleep(_RETRY_SECS)
            else:
                return

    def commit(self, records: Sequence[NewRecord], deadline_secs: float) -> Mapping[Place, int]:
        """See `Writer.commit`."""
        if self._broken is not None:
            raise self._broken
        until = time.monotonic() + deadline_secs
        self._ends, self._failed, self._untold = {}, None, 0
        producer = self._open()
        try:
            producer.begin_transaction()
        except RAISED as raised:
            raise self._break(error_of(raised), "no transaction can be begun") from raised
        self._put(producer, records, until)
        self._end(producer, until)
        return self._ends

    def close(self) -> None:
        """See `Writer.close`. Nothing is waited for."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(*RAISED):
                producer.purge(blocking=False)
                producer.poll(0)

    def _open(self) -> Producer:
        if self._producer is None:
            raise Unresolved(f"writer {self._name} is closed")
        return self._producer

    def _not_claimed(self, error: KafkaError, time_is_left: bool) -> None:
        """Raise what it means, unless it may be tried again: by another producer, where somebody else has claimed it meanwhile."""
        if error.code() in FENCED:
            raise Unreachable(f"{self._name} is claimed by another owner, too: {said(error)}")
        if error.fatal() or permanent(error):
            raise StorageError(f"{self._name} can't be claimed: {said(error)}")
        if not time_is_left:
            raise Unreachable(f"{self._name} can't be claimed now: {said(error)}")
        if not (error.retriable() or error.code() in UNREACHABLE):
            raise StorageError(f"{self._name} can't be claimed: {said(error)}")

    def _put(self, producer: Producer, records: Sequence[NewRecord], until: float) -> None:
        """All of them, on brokers; else abort, and raise."""
        for record in records:
            self._put_one(producer, record, until)
        try:
            left = producer.flush(max(0.0, until - time.monotonic()))
        except RAISED as raised:
            raise self._abort(producer, error_of(raised)) from raised
        if self._failed is not None:
            raise self._abort(producer, self._failed)
        if left or self._untold:
            raise self._abort(producer, KafkaError(KafkaError._TIMED_OUT, "no broker took it in time"))

    def _put_one(self, producer: Producer, record: NewRecord, until: float) -> None:
        topic, partition = record.place
        full = False
        while True:
            try:
                if full:
                    producer.poll(0.05)
                producer.produce(
                    topic, record.value, record.key, partition, self._told, headers=list(record.headers) or None
                )
            except BufferError:  # what stands before it has to go first
                full = True
                if time.monotonic() > until:
                    raise self._abort(producer, KafkaError(KafkaError._TIMED_OUT)) from None
            except RAISED as raised:
                raise self._abort(producer, error_of(raised)) from raised
            else:
                self._untold += 1
                return

    def _told(self, error: KafkaError | None, message: Message) -> None:
        self._untold -= 1
        if error is not None:
            self._failed = self._failed or error
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        place = Place(topic, partition)
        self._ends[place] = max(self._ends.get(place, 0), offset + 1)

    def _end(self, producer: Producer, until: float) -> None:
        """Commit. Asked once, only an answer says what became of it."""
        asked = False
        while True:
            try:
                producer.commit_transaction(max(0.05, until - time.monotonic()))
            except RAISED as raised:
                error = error_of(raised)
                if not asked and error.txn_requires_abort():  # the coordinator has not committed it
                    raise self._abort(producer, error) from raised
                if not asked and error.code() in FENCED:
                    raise self._break(error, "", Fenced) from raised
                if not error.retriable() or time.monotonic() > until:
                    raise self._break(error, "the end of a transaction is not known") from raised
                asked = True
                time.sleep(_RETRY_SECS)
            else:
                if asked:  # the first request may still be on its way
                    self._broken = Unresolved(f"writer {self._name}: it had to ask twice for the end of a transaction")
                return

    def _abort(self, producer: Producer, why: KafkaError) -> Refused | StorageError:
        """What to raise: nothing of the transaction counts, and the next one may follow, if the abort was heard."""
        if why.code() in FENCED:
            return self._break(why, "", Fenced)
        until = time.monotonic() + _ABORT_SECS
        while True:
            try:
                producer.abort_transaction(max(0.05, until - time.monotonic()))
            except RAISED as raised:
                error = error_of(raised)
                if error.code() in FENCED:
                    return self._break(error, "", Fenced)
                if not error.retriable() or time.monotonic() > until:
                    return self._break(error, f"a transaction that failed ({said(why)}) could not be aborted")
                time.sleep(_RETRY_SECS)
            else:
                return Refused(f"{self._name}: {said(why)}", permanent=permanent(why))

    def _break(
        self, error: KafkaError, what: str, kind: type[Fenced] | type[Unresolved] = Unresolved
    ) -> Fenced | Unresolved:
        """This writer is of no use any more."""
        text = f"{what}: {said(error)}" if what else said(error)
        self._broken = kind(f"writer {self._name}: {text}")
        return self._broken
