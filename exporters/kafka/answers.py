"""What came of messages, and what that means: a table of Kafka's errors (kafka.apache.org/protocol, error codes; librdkafka's begin with `_`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from collector.outcomes import Blocked, Items, Reject, Retry, Split, Verdicts
from exporters.kafka.messages import Messages

TOO_LARGE = frozenset({"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"})
PEOPLE = frozenset(
    {
        "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "TOPIC_EXCEPTION", "TOPIC_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "SASL_AUTHENTICATION_FAILED",
        "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE", "_AUTHENTICATION", "_SSL", "POLICY_VIOLATION",
        "INVALID_REQUIRED_ACKS", "UNSUPPORTED_COMPRESSION_TYPE", "UNSUPPORTED_FOR_MESSAGE_FORMAT", "UNSUPPORTED_VERSION",
        "_UNSUPPORTED_FEATURE",
    }
)  # fmt: skip
"""What only people can mend."""
NEVER = frozenset({"INVALID_RECORD", "INVALID_TIMESTAMP"})
BUSY = frozenset({"_QUEUE_FULL", "THROTTLING_QUOTA_EXCEEDED"})
_AT_MOST = 5
"""Attempts for a topic that a sender named: it may be made a moment later, and must not stop all others."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`name` of the error; `text`: a sentence of the library's, without secrets."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Produced:
    """What came of a request. `failed`: position of the message → why; the others are written. `named`: senders chose the topics of these.
    `refused`: why brokers do not let us in; empty: they do."""

    request: Messages
    failed: Mapping[int, Failure] = field(default_factory=dict)
    refused: str = ""
    all_named: bool = False


def verdicts(answer: Produced) -> Verdicts:
    """One for each kind of end. What concerns the whole request is said only where nothing of it was written: else the rest is
    sent again, by itself."""
    request = answer.request
    unfit = [Reject("larger than producer.max_message_bytes", request.unfit)] if len(request.unfit) else []
    if not answer.failed:
        return unfit
    kinds = {failure.name for failure in answer.failed.values()}
    failure = next(iter(answer.failed.values()))
    whole = len(answer.failed) == len(request.messages) and not unfit
    if whole and answer.refused:
        return [Blocked(answer.refused)]
    if whole and kinds <= TOO_LARGE:
        return [Split(failure.text, too_large=True)]
    if whole and kinds <= PEOPLE and not any(_named(answer, at) for at in answer.failed):
        return [Blocked(failure.text)]
    return [*unfit, *_by_kind(answer)]


def _by_kind(answer: Produced) -> Verdicts:
    groups: dict[tuple[str, bool], list[int]] = {}
    for at, failure in answer.failed.items():
        groups.setdefault((failure.name, _named(answer, at)), []).append(at)
    return [_verdict(answer, name, named, at) for (name, named), at in groups.items()]


def _verdict(answer: Produced, name: str, named: bool, at: Sequence[int]) -> Reject | Retry:
    text = answer.failed[at[0]].text
    rows = _rows(answer.request, at)
    if name in NEVER:
        return Reject(text, rows)
    if named and name in PEOPLE:
        topic = answer.request.messages[at[0]].topic
        return Retry(f"{text} (topic {topic})" if topic else text, rows, at_most=_AT_MOST)
    return Retry(answer.refused or text, rows, throttled=name in BUSY)


def _named(answer: Produced, at: int) -> bool:
    return answer.all_named or answer.request.messages[at].topic is not None


def _rows(request: Messages, at: Sequence[int]) -> Items:
    return np.sort(np.concatenate([request.messages[one].rows for one in at])).astype(np.uint32)
