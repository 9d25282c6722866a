"""librdkafka's own properties: what may be written under `properties`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

_OPTIONS = {
    "bootstrap.servers": "brokers", "metadata.broker.list": "brokers", "client.id": "client_id", "client.rack": "rack_id",
    "security.protocol": "tls and auth", "group.id": "group_id", "group.instance.id": "group_instance_id",
    "session.timeout.ms": "session_timeout", "heartbeat.interval.ms": "heartbeat_interval",
    "auto.offset.reset": "initial_offset", "partition.assignment.strategy": "group_rebalance_strategies",
    "compression.type": "compression", "compression.codec": "compression", "compression.level": "compression_params",
    "message.max.bytes": "max_message_bytes", "message.timeout.ms": "timeout", "delivery.timeout.ms": "timeout",
    "linger.ms": "linger", "queue.buffering.max.ms": "linger", "topic.blacklist": "exclude_topics",
    "connections.max.idle.ms": "conn_idle_timeout", "client.dns.lookup": "resolve_canonical_bootstrap_servers_only",
    "allow.auto.create.topics": "allow_auto_topic_creation", "partitioner": "record_partitioner",
}  # fmt: skip
"""Those that other options say."""
_OURS = frozenset(
    {
        "enable.idempotence", "enable.gapless.guarantee", "acks", "request.required.acks", "max.in.flight",
        "max.in.flight.requests.per.connection", "retries", "message.send.max.retries", "transactional.id",
        "transaction.timeout.ms", "isolation.level", "enable.auto.commit", "auto.commit.enable", "auto.commit.interval.ms",
        "enable.auto.offset.store", "offset.store.method", "enable.partition.eof", "group.protocol",
        "group.remote.assignor", "delivery.report.only.error", "produce.offset.report", "consume.callback.max.messages",
        "log.queue", "enabled_events", "plugin.library.paths", "opaque", "queuing.strategy", "check.crcs", "builtin.features",
        "enable.random.seed", "internal.termination.signal",
    }
)  # fmt: skip
"""Those that what logboom promises rests on."""
_PREFIXES = {
    "sasl.": "auth.sasl",
    "ssl.": "tls",
    "enable.ssl.": "tls",
    "enable.sasl.": "auth.sasl",
    "test.": "",
    "default_topic": "",
}
_CALLBACK = re.compile(r"(?:.*_cb|on_\w+|logger)$")
_NO_SUCH = re.compile(r'No such configuration property: "([^"]+)"')


def checked(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, where librdkafka knows all of them. Raises ValueError with what is to be written instead."""
    for name in properties:
        if option := _OPTIONS.get(name) or next(
            (option for prefix, option in _PREFIXES.items() if name.startswith(prefix)), ""
        ):
            raise ValueError(f"{name}: write the option {option} instead")
        if name in _OURS or _CALLBACK.fullmatch(name) or any(name.startswith(prefix) for prefix in _PREFIXES):
            raise ValueError(f"{name} can't be set: what logboom promises rests on it")
    if properties:
        _known_to_the_library(properties)
    return properties


def _known_to_the_library(properties: Mapping[str, Any]) -> None:
    try:
        from confluent_kafka import Consumer, KafkaException
    except ModuleNotFoundError:
        return  # told when the component is made
    try:
        Consumer({"group.id": "checked", "log_level": 0, **properties}).close()
    except KafkaException as refused:
        text = str(refused.args[0].str())
        found = _NO_SUCH.search(text)
        if found is None:
            raise ValueError(text) from None
        near = difflib.get_close_matches(found[1], _NAMES, 1)
        raise ValueError(
            f"librdkafka has no property {found[1]}{f': did you mean {near[0]}?' if near else ''}"
        ) from None


_NAMES = (
    "batch.num.messages", "batch.size", "broker.address.family", "broker.address.ttl", "broker.version.fallback",
    "api.version.request", "api.version.request.timeout.ms", "api.version.fallback.ms", "debug", "enable.metrics.push",
    "fetch.error.backoff.ms", "fetch.max.bytes", "fetch.message.max.bytes", "fetch.min.bytes", "fetch.queue.backoff.ms",
    "fetch.wait.max.ms", "max.partition.fetch.bytes", "max.poll.interval.ms", "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms", "metadata.recovery.strategy", "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes", "queue.buffering.max.messages", "queued.max.messages.kbytes", "queued.min.messages",
    "receive.message.max.bytes", "reconnect.backoff.max.ms", "reconnect.backoff.ms", "request.timeout.ms",
    "retry.backoff.max.ms", "retry.backoff.ms", "socket.connection.setup.timeout.ms", "socket.keepalive.enable",
    "socket.max.fails", "socket.nagle.disable", "socket.receive.buffer.bytes", "socket.send.buffer.bytes",
    "socket.timeout.ms", "statistics.interval.ms", "sticky.partitioning.linger.ms", "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.interval.ms", "topic.metadata.refresh.sparse", "topic.metadata.propagation.max.ms",
)  # fmt: skip
"""Those that are set now and then: one of them is named where another is written wrong."""
