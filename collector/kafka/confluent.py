"""The `Wire` to real brokers, on confluent-kafka (librdkafka). Imported only where the configuration asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.kafka.confluent_admin import ConfluentAdmin
from collector.kafka.confluent_group import ConfluentGroup
from collector.kafka.confluent_reader import ConfluentReader
from collector.kafka.confluent_sender import ConfluentSender
from collector.kafka.confluent_writer import ConfluentWriter

_SHARED = {
    "socket.timeout.ms": 10_000,
    "socket.connection.setup.timeout.ms": 5_000,
    "reconnect.backoff.max.ms": 1_000,
    "topic.metadata.propagation.max.ms": 10_000,
}
"""What is asked of a broker that hangs is asked of another one, or again, within the session of a member."""


class ConfluentWire:
    """See `collector.kafka.wire.Wire`.

    Args:
        connection: librdkafka's settings of how brokers are reached (`collector.kafka.client.connection_settings`).
        prefix: of topics, groups and transactional ids.
        max_message_bytes: the largest record that brokers take.
        compression: librdkafka's name.
        session_secs: so long after its last sign of life a member's numbers are others'.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        prefix: str,
        *,
        max_message_bytes: int = 8 << 20,
        compression: str = "lz4",
        session_secs: float = 10.0,
    ) -> None:
        self._settings = {**_SHARED, **connection}
        self._prefix = prefix
        self._max_message_bytes = max_message_bytes
        self._compression = compression
        self._session_secs = session_secs

    def sender(self, name: str) -> ConfluentSender:  # noqa: ARG002  its records say who sent them
        """See `Wire.sender`."""
        return ConfluentSender(self._settings, self._max_message_bytes, self._compression)

    def writer(self, number: int | str) -> ConfluentWriter:
        """See `Wire.writer`."""
        name = f"{self._prefix}-{number}" if isinstance(number, str) else f"{self._prefix}-p{number}"
        return ConfluentWriter(self._settings, name, self._max_message_bytes, self._compression)

    def reader(self, name: str, *, prompt: bool = False) -> ConfluentReader:
        """See `Wire.reader`."""
        return ConfluentReader(self._settings, f"{self._prefix}-{name}", prompt=prompt)

    def group(self, member: str, topic: str) -> ConfluentGroup:
        """See `Wire.group`."""
        beside = f"{self._prefix}.control"
        return ConfluentGroup(self._settings, self._prefix, member, topic, self._session_secs, beside)

    def admin(self) -> ConfluentAdmin:
        """See `Wire.admin`."""
        return ConfluentAdmin(self._settings)
