"""What librdkafka's errors mean."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

FENCED = frozenset({KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED})
"""Another producer of the same transactional id has claimed it."""
MISSING = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""The topic is not there, or has not so many partitions."""
FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""We may not do this."""
TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_MSG_SIZE})
"""The brokers, or the topic, take no such record, now or later."""
STALE = frozenset(
    {
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
    }
)
"""Partitions have other leaders, or another reign of the same one, than the client knows of: it must ask who leads."""
UNREACHABLE = STALE | frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._WAIT_COORD,
        KafkaError._WAIT_CACHE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.CONCURRENT_TRANSACTIONS,
        KafkaError.KAFKA_STORAGE_ERROR,
    }
)
"""No answer in time, or from nobody who could give one; another time may be better."""


RAISED = (KafkaException, SystemError)
"""What a call may raise that serves callbacks: a fatal error is raised between them, and the next callback makes a SystemError of it."""


def error_of(raised: BaseException) -> KafkaError:
    """What was raised."""
    origin = raised.__cause__ if isinstance(raised, SystemError) else raised
    error = origin.args[0] if isinstance(origin, KafkaException) else None
    if isinstance(error, KafkaError):
        return error
    return KafkaError(KafkaError._FATAL, str(raised), fatal=True)


def said(error: KafkaError) -> str:
    """In its words: what it is, and of which broker."""
    return f"{error.str()} ({error.name()})"


def permanent(error: KafkaError) -> bool:
    """Whether the same will be refused again, however often."""
    return error.code() in TOO_LARGE | FORBIDDEN | MISSING
