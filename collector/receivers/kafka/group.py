"""The consumer group: which partitions are ours, where each is read on, and what the group is told.

    assigned ──► behind what the journal has, or the group was told ──► read ──► revoked: what is under way gets its answer, the group
                 (whichever is further; of neither: initial_offset)               is told, and only then somebody else has it

For one thread: that which polls the consumer, which is also the one that librdkafka calls back in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xxhash
from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from collector.admission.admission import Admission
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.handing import Handing, Place
from collector.receivers.kafka.partition import Partition, offset_of, source_of

_log = logging.getLogger(__name__)
_CALL_SECS = 30.0
_SETTLE_SECS = 10.0
Settings = Callable[[], Mapping[str, Any]]


class Group:
    """Our part of it.

    Args:
        connection: how brokers are reached, in librdkafka's words.
    """

    def __init__(
        self, config: KafkaReceiverConfig, receiver: str, handing: Handing, admission: Admission, connection: Settings
    ) -> None:
        self._config, self._id, self._handing, self._admission = config, receiver, handing, admission
        self._connection = connection

    def join(self, consumer: Consumer) -> None:
        """Begin to be given partitions, from `poll` on. Raises KafkaException."""
        logs = self._config.logs
        consumer.subscribe(logs.subscribed, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def tell(self, consumer: Consumer) -> None:
        """The group, what is on disk now; without waiting."""
        with self._handing.changed:
            news = [one for one in self._handing.partitions.values() if one.durable != one.told]
            offsets = [TopicPartition(one.topic, one.number, one.durable) for one in news]
            for one in news:
                one.told = one.durable
        if offsets:
            consumer.commit(offsets=offsets, asynchronous=True)

    def told(self, error: object, partitions: Sequence[TopicPartition]) -> None:
        """librdkafka's callback: what could not be told is told again."""
        with self._handing.changed:
            for each in partitions:
                partition = self._handing.partitions.get((each.topic, each.partition))
                if partition is not None and (error is not None or each.error is not None):
                    partition.told = -1

    def leave(self, consumer: Consumer) -> None:
        """All of ours, told as far as they are on disk; the consumer is closed."""
        self._give_up(consumer, list(self._handing.partitions))
        consumer.close()

    def _assigned(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        new = [each for each in given if (each.topic, each.partition) not in self._handing.partitions]
        found = self._beginnings(consumer, new)
        starts = [TopicPartition(one.topic, one.number, one.durable) for one in found.values()]
        self._handing.add(found)
        if self._config.cooperative:
            consumer.incremental_assign(starts)
        else:
            consumer.assign(starts)

    def _revoked(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        self._give_up(consumer, [(each.topic, each.partition) for each in taken])
        self._unassign(consumer, taken)

    def _lost(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        """Somebody else may have them already: the group is told nothing more of them."""
        self._handing.let_go([(each.topic, each.partition) for each in taken], 0.0)
        self._unassign(consumer, taken)

    def _unassign(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        if self._config.cooperative:
            consumer.incremental_unassign(taken)
        else:
            consumer.unassign()

    def _give_up(self, consumer: Consumer, places: list[Place]) -> None:
        gone = self._handing.let_go(places, _SETTLE_SECS)
        offsets = [TopicPartition(one.topic, one.number, one.durable) for one in gone]
        if not offsets:
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            _log.warning(
                "%s: the group was not told how far %d partitions are read: %s",
                self._id,
                len(offsets),
                error.args[0].str(),
            )

    def _beginnings(self, consumer: Consumer, given: list[TopicPartition]) -> dict[Place, Partition]:
        if not given:
            return {}
        admin = AdminClient(dict(self._connection()))  # its answers end with it
        known = self._admission.positions(self._id)
        ids = _topic_ids(admin, sorted({each.topic for each in given}))
        first, last = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        low, high = _ends(admin, given, first), _ends(admin, given, last)
        found: dict[Place, Partition] = {}
        for each in consumer.committed(given, _CALL_SECS):
            place = each.topic, each.partition
            source = source_of(self._config.group_id, ids[each.topic], each.partition)
            start = self._start(place, max(each.offset, offset_of(known.get(source))), low[place], high[place])
            found[place] = Partition(*place, source, start)
        # told at once: else what comes to a partition while we are away would be passed over by `latest`
        offsets = [TopicPartition(one.topic, one.number, one.durable) for one in found.values()]
        consumer.commit(offsets=offsets, asynchronous=False)
        return found

    def _start(self, place: Place, wanted: int, low: int, high: int) -> int:
        """Where a partition is read on: nothing is read twice, and what is not there any more is told."""
        if wanted < 0:
            return low if self._config.initial_offset == "earliest" else high
        if low <= wanted <= high:
            return wanted
        start = low if wanted < low else high
        _log.error(
            "%s: %s %d: offset %d is not there, the partition has %d to %d: reading goes on at %d; what was between is lost "
            "(deleted by retention, or by an election of a broker that lacked it)", self._id, *place, wanted, low, high, start,
        )  # fmt: skip
        return start


def _ends(admin: AdminClient, partitions: Sequence[TopicPartition], spec: OffsetSpec) -> dict[Place, int]:
    """The first offset of each, or the one behind the last that is committed."""
    wanted = {TopicPartition(each.topic, each.partition): spec for each in partitions}
    asked = admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_CALL_SECS)
    return {(each.topic, each.partition): int(future.result().offset) for each, future in asked.items()}


def _topic_ids(admin: AdminClient, topics: Sequence[str]) -> dict[str, bytes]:
    """16 bytes each; brokers that have no ids: of the name."""
    asked = admin.describe_topics(TopicCollection(list(topics)), request_timeout=_CALL_SECS)
    ids: dict[str, bytes] = {}
    for name, future in asked.items():
        uuid = future.result().topic_id
        bits = (uuid.get_most_significant_bits(), uuid.get_least_significant_bits())
        whole = b"".join((each & (1 << 64) - 1).to_bytes(8, "big") for each in bits)
        ids[name] = whole if any(whole) else xxhash.xxh3_128_digest(name.encode())
    return ids
