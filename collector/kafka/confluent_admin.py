"""The `Admin` on librdkafka's admin client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from collector.errors import StorageError
from collector.kafka.confluent_errors import MISSING, STALE, UNREACHABLE, error_of, said
from collector.kafka.wire import Place, TopicSpec, TopicState, Unreachable

_SECS = 10.0
_LOOK_SECS = 0.1
T = TypeVar("T")


class ConfluentAdmin:
    """See `collector.kafka.wire.Admin`.

    Args:
        settings: librdkafka's, of the connection and what all clients share.
        secs: what a call may take.
    """

    def __init__(self, settings: Mapping[str, Any], secs: float = _SECS) -> None:
        self._client = AdminClient(dict(settings))
        self._secs = secs

    def cluster_id(self) -> str:
        """See `Admin.cluster_id`."""
        described = self._answer(self._client.describe_cluster(request_timeout=self._secs), "the cluster")
        return str(described.cluster_id)

    def topics(self, names: Sequence[str]) -> Mapping[str, TopicState]:
        """See `Admin.topics`."""
        if not names:
            return {}
        asked = self._client.describe_topics(TopicCollection(list(names)), request_timeout=self._secs)
        there = {}
        for name, future in asked.items():
            try:
                there[name] = self._answer(future, f"topic {name}")
            except _Missing:
                continue
        configs = self._configs(list(there))
        return {
            name: TopicState(
                name, str(found.topic_id), len(found.partitions),
                min((len(partition.replicas) for partition in found.partitions), default=0), configs[name],
            )
            for name, found in there.items()
        }  # fmt: skip

    def create(self, topics: Sequence[TopicSpec], replication: int) -> None:
        """See `Admin.create`; they have leaders when this returns."""
        wanted = [NewTopic(each.name, each.partitions, replication, config=dict(each.config)) for each in topics]
        for name, future in self._client.create_topics(wanted, request_timeout=self._secs).items() if wanted else ():
            try:
                self._answer(future, f"topic {name} can't be made")
            except _Exists:
                continue
        until = time.monotonic() + self._secs
        while not self._led([each.name for each in topics]):
            if time.monotonic() > until:
                raise Unreachable(f"topics have no leaders yet: {', '.join(each.name for each in topics)}")
            time.sleep(_LOOK_SECS)

    def bounds(self, places: Sequence[Place]) -> Mapping[Place, tuple[int, int]]:
        """See `Admin.bounds`."""
        first = self._offsets(places, OffsetSpec.earliest)
        last = self._offsets(places, OffsetSpec.latest)
        return {place: (first[place], last[place]) for place in places}

    def delete_before(self, places: Mapping[Place, int]) -> None:
        """See `Admin.delete_before`. What begins behind it already is left alone."""
        wanted = [TopicPartition(*place, offset) for place, offset in places.items()]
        for place, future in self._client.delete_records(wanted, request_timeout=self._secs).items() if wanted else ():
            self._answer(future, f"{place.topic}/{place.partition} can't be trimmed")

    def delete(self, topics: Sequence[str]) -> None:
        """See `Admin.delete`."""
        asked = self._client.delete_topics(list(topics), request_timeout=self._secs) if topics else {}
        for name, future in asked.items():
            try:
                self._answer(future, f"topic {name} can't be deleted")
            except _Missing:
                continue

    def close(self) -> None:
        """See `Admin.close`: the client ends with its last use."""

    def _configs(self, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = self._client.describe_configs(resources, request_timeout=self._secs)
        found: dict[str, Mapping[str, str]] = {}
        for resource, future in answers.items():
            entries = self._answer(future, f"settings of topic {resource.name}")
            found[resource.name] = {
                name: "" if entry.value is None else str(entry.value) for name, entry in entries.items()
            }
        return found

    def _led(self, names: Sequence[str]) -> bool:
        try:
            known = self._client.list_topics(timeout=self._secs).topics
        except KafkaException as raised:
            raise Unreachable(said(error_of(raised))) from raised
        return all(
            name in known
            and known[name].partitions
            and all(partition.leader >= 0 for partition in known[name].partitions.values())
            for name in names
        )

    def _offsets(self, places: Sequence[Place], which: Callable[[], OffsetSpec]) -> Mapping[Place, int]:
        try:
            return self._asked_offsets(places, which)
        except _Stale:
            self._ask_who_leads({place.topic for place in places})
            return self._asked_offsets(places, which)

    def _ask_who_leads(self, topics: Iterable[str]) -> None:
        """librdkafka asks for offsets with the reign that it remembers, and after a restart or an election with the old one again and again."""
        try:
            for topic in topics:
                self._client.list_topics(topic, timeout=self._secs)
        except KafkaException as raised:
            raise Unreachable(said(error_of(raised))) from raised

    def _asked_offsets(self, places: Sequence[Place], which: Callable[[], OffsetSpec]) -> Mapping[Place, int]:
        asked = {TopicPartition(*place): which() for place in places}
        if not asked:
            return {}
        answers = self._client.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=self._secs
        )
        return {
            Place(place.topic, place.partition): int(self._answer(future, f"{place.topic}/{place.partition}").offset)
            for place, future in answers.items()
        }

    def _answer(self, future: Future[T], what: str) -> T:
        """What came of a question. Raises what it means."""
        try:
            return future.result(self._secs + 1)
        except TimeoutError as silence:
            raise Unreachable(f"{what}: no answer") from silence
        except KafkaException as raised:
            error = error_of(raised)
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                raise _Exists(what) from raised
            if error.code() in MISSING:
                raise _Missing(f"{what} is missing: {said(error)}") from raised
            if error.code() in STALE or error.code() == KafkaError._NOENT:  # no leader is known
                raise _Stale(f"{what}: {said(error)}") from raised
            if error.retriable() or error.code() in UNREACHABLE:
                raise Unreachable(f"{what}: {said(error)}") from raised
            raise StorageError(f"{what}: {said(error)}") from raised


class _Exists(StorageError):
    """It is there already."""


class _Stale(Unreachable):
    """The client does not know who leads."""


class _Missing(StorageError):
    """It is not there."""
