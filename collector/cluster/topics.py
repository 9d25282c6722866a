"""The topics of a cluster: made or checked before anything is put there, and known again by their ids.

A topic that is gone, or that somebody made anew under its name, stops logboom: what was processed is told by offsets of the old one, and
an empty one in its place would look like a fresh start.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from collector.cluster.options import OVERHEAD_BYTES, KafkaLedgerConfig
from collector.errors import StorageError, storage_error
from collector.kafka.wire import Admin, Place, TopicSpec, TopicState

NAMES = ("intake", "control", "ledger", "outbox", "dead", "requests", "status")
COMPACTED = frozenset({"ledger", "dead", "status"})
_HOUR_MS = 3_600_000
_WEEK_MS = 168 * _HOUR_MS
DELETIONS_MS = 24 * _HOUR_MS
"""For so long at least compaction keeps what says that a row was deleted: local copies live of it."""
_COMPACT = {
    "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.3", "segment.ms": str(_HOUR_MS),
    "delete.retention.ms": str(DELETIONS_MS),
}  # fmt: skip
_SEGMENT_BYTES = 64 << 20
"""Brokers give disk back in whole segments: what is done with in the newest one of each partition stays (Kafka's default: a gigabyte)."""
_FILE = "cluster.json"
_AGAIN_SECS = 2.0


def specs(options: KafkaLedgerConfig, partitions: int) -> list[TopicSpec]:
    """All of them, as they are made."""
    retention_ms = str(round(options.retention * 1000))
    passing = {"cleanup.policy": "delete", "segment.bytes": str(_SEGMENT_BYTES)}
    own: Mapping[str, Mapping[str, str]] = {
        "intake": {**passing, "retention.ms": retention_ms},
        "control": {**passing, "retention.ms": retention_ms},
        "ledger": _COMPACT,
        "outbox": {**passing, "retention.ms": "-1"},  # what waits for a destination waits for ever
        "dead": _COMPACT,
        "requests": {"cleanup.policy": "delete", "retention.ms": str(_WEEK_MS)},
        "status": {**_COMPACT, "segment.ms": str(_HOUR_MS // 6), "delete.retention.ms": str(_HOUR_MS)},
    }
    shared = {
        "min.insync.replicas": str(options.min_insync_replicas), "unclean.leader.election.enable": "false",
        "max.message.bytes": str(options.max_message_bytes), "retention.bytes": "-1",
    }  # fmt: skip
    return [TopicSpec(options.topic(name), partitions, {**shared, **own[name]}) for name in NAMES]


@dataclass(frozen=True, slots=True)
class Checked:
    """The topics as they are.

    Args:
        cluster: the id of the brokers' cluster.
        topics: by their short names.
        warnings: what is allowed, and seldom meant.
    """

    cluster: str
    topics: Mapping[str, TopicState]
    warnings: Sequence[str] = field(default_factory=tuple)


def prepared(
    admin: Admin,
    options: KafkaLedgerConfig,
    partitions: int,
    root: Path | None,
    sleep: Callable[[float], None] = time.sleep,
    told: Mapping[str, str] = MappingProxyType({}),
) -> Checked:
    """Make what is missing, check what is there, remember what it is.

    Args:
        root: of the machine that remembers; None: nobody does.
        told: topic → id, as whoever made the generation told them: what this machine does not know yet.

    Raises:
        Unreachable: no broker answers.
        StorageError: one is missing, is another one, or is not as it must be.
    """
    cluster = admin.cluster_id()
    wanted = specs(options, partitions)
    known = (_remembered(root, options, cluster) if root is not None else {}) or told
    found = admin.topics([spec.name for spec in wanted])
    if known:
        _same(root, known, found)
    missing = [spec for spec in wanted if spec.name not in found]
    if missing and found and _used(admin, found):
        sleep(_AGAIN_SECS)  # another logboom may be making them
        found = admin.topics([spec.name for spec in wanted])
        missing = [spec for spec in wanted if spec.name not in found]
        if missing:
            raise StorageError(_gone([spec.name for spec in missing]))
    if missing:
        found = _made(admin, options, missing, wanted)
    problems = [said for spec in wanted for said in _problems(spec, found[spec.name])]
    if problems:
        raise StorageError("; ".join(problems))
    if root is not None:
        _remember(root, options, cluster, found)
    warnings = [said for spec in wanted for said in _warnings(found[spec.name], options)]
    return Checked(cluster, {name: found[options.topic(name)] for name in NAMES}, list(dict.fromkeys(warnings)))


def checked(admin: Admin, options: KafkaLedgerConfig, partitions: int, root: Path | None) -> Checked:
    """The same for a process beside the one that prepared: nothing is made. Raises as `prepared`."""
    return prepared(admin, options.model_copy(update={"create_topics": False}), partitions, root)


def reshard_command(partitions: int) -> str:
    """How the number of partitions changes."""
    return f"`logboom cluster reshard --partitions {partitions}` while the machines run"


def remembers(root: Path) -> bool:
    """Whether a data directory belongs to a machine of a cluster."""
    return (root / _FILE).exists()


def _made(
    admin: Admin, options: KafkaLedgerConfig, missing: Sequence[TopicSpec], wanted: Sequence[TopicSpec]
) -> Mapping[str, TopicState]:
    names = ", ".join(spec.name for spec in missing)
    if not options.create_topics:
        raise StorageError(
            f"topics are missing: {names}; make them as docs/scale-out.md says, or write "
            "service.ledger.kafka.create_topics: true"
        )
    try:
        admin.create(missing, options.replication_factor)
    except StorageError as error:
        raise StorageError(
            f"topics can't be made ({names}): {error}; with fewer brokers than replication_factor "
            f"({options.replication_factor}) lower it, without the right to create topics make them as docs/scale-out.md says"
        ) from error
    found = admin.topics([spec.name for spec in wanted])
    if lacking := [spec.name for spec in wanted if spec.name not in found]:
        raise StorageError(f"topics were made, and are not there: {', '.join(lacking)}")
    return found


def _used(admin: Admin, found: Mapping[str, TopicState]) -> bool:
    places = [Place(name, number) for name, topic in found.items() for number in range(topic.partitions)]
    return any(end > 0 for _, end in admin.bounds(places).values())


def _gone(names: Sequence[str]) -> str:
    return (
        f"topics are missing: {', '.join(names)}, while others of the same prefix hold records: they were deleted, and an empty one in "
        "the place of each would lose or repeat what it held. Restore them, or start afresh under another service.ledger.kafka.prefix"
    )


def _same(root: Path | None, known: Mapping[str, str], found: Mapping[str, TopicState]) -> None:
    if gone := [name for name in known if name not in found]:
        raise StorageError(_gone(gone))
    if other := [name for name, id_ in known.items() if found[name].id != id_]:
        raise StorageError(
            f"topics were made anew under their names: {', '.join(other)}. What this machine knows of the old ones is of no use with them: "
            f"if that is meant, delete {_FILE} and `partition` in {root or 'DIR'}, and on every machine; what waited in them is lost"
        )


def _problems(spec: TopicSpec, found: TopicState) -> Iterator[str]:
    """Why a topic can't be used."""
    if not found.id.strip("0-A"):
        yield f"the brokers tell no id of topic {found.name}: Kafka 3.1, or what speaks as it does, is needed"
    if found.partitions != spec.partitions:
        yield (
            f"topic {found.name} has {found.partitions} partitions and service.ledger.partitions is {spec.partitions}: write "
            f"{found.partitions}, or let what is kept and what waits move: {reshard_command(spec.partitions)}"
        )
    policy, wanted = found.config.get("cleanup.policy", ""), spec.config["cleanup.policy"]
    if policy and policy != wanted:
        yield f"topic {found.name} has cleanup.policy {policy}, which loses records: it must be {wanted}"
    retention = found.config.get("retention.ms", "")
    if spec.config.get("retention.ms") == "-1" and retention not in ("", "-1"):
        yield f"topic {found.name} has retention.ms {retention}: what waits for a destination would be deleted; it must be -1"
    if "compact" in wanted and _number(found.config, "delete.retention.ms", DELETIONS_MS) < _number(
        spec.config, "delete.retention.ms", 0
    ):
        yield (
            f"topic {found.name} has delete.retention.ms {found.config['delete.retention.ms']}: a machine that comes back would not hear what "
            f"was deleted meanwhile; it must be {spec.config['delete.retention.ms']} at least"
        )
    least = _number(found.config, "min.insync.replicas", 1)
    if least > found.replication:
        yield f"topic {found.name} stands on {found.replication} brokers and min.insync.replicas is {least}: nothing can be written"
    most, needed = _number(found.config, "max.message.bytes", 1 << 62), int(spec.config["max.message.bytes"])
    if most < needed and spec.name.rpartition(".")[2] in ("intake", "control"):
        yield (
            f"topic {found.name} takes messages of {most} bytes and service.ledger.kafka.max_message_bytes is {needed}: raise "
            f"max.message.bytes of the topic, or write max_message_bytes: {most} and max_request_body_size: {max(0, most - OVERHEAD_BYTES)} "
            "in the receivers"
        )


def _warnings(found: TopicState, options: KafkaLedgerConfig) -> Iterator[str]:
    if found.replication < 2:
        yield (
            "topics stand on one broker: a broker that loses its disk, or its power, takes acknowledged records along "
            "(replication_factor 3, min_insync_replicas 2)"
        )
    elif _number(found.config, "min.insync.replicas", 1) < min(2, options.min_insync_replicas):
        yield f"topic {found.name}: min.insync.replicas is 1: a record may be acknowledged that stands on one broker alone"
    if found.config.get("unclean.leader.election.enable") == "true":
        yield f"topic {found.name}: unclean.leader.election.enable is true: a broker that was behind may become its leader, and records vanish"


def _number(config: Mapping[str, str], name: str, default: int) -> int:
    text = config.get(name, "")
    return int(text) if text.lstrip("-").isdigit() else default


def _remembered(root: Path, options: KafkaLedgerConfig, cluster: str) -> Mapping[str, str]:
    """Topic → id, as this machine found them first; empty before."""
    path = root / _FILE
    try:
        told = json.loads(path.read_text())
        known = (
            str(told["cluster"]),
            str(told["prefix"]),
            {str(name): str(id_) for name, id_ in told["topics"].items()},
        )
        generation = int(told.get("generation", 1))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StorageError(f"{path} is damaged: delete it if the cluster is the one it was") from None
    if known[:2] != (cluster, options.prefix):
        raise StorageError(
            f"{root} belongs to a machine of cluster {known[0]}, prefix {known[1]}, and the configuration leads to cluster {cluster}, prefix "
            f"{options.prefix}: give another --data-dir"
        )
    if generation > options.generation:
        raise StorageError(
            f"{root} knows generation {generation} of the cluster's topics, and {options.root_topic} tells of {options.generation}: what it "
            "told is lost. Restore the topic, or start afresh under another service.ledger.kafka.prefix"
        )
    return known[2] if generation == options.generation else {}


def _remember(root: Path, options: KafkaLedgerConfig, cluster: str, found: Mapping[str, TopicState]) -> None:
    path = root / _FILE
    told = {
        "cluster": cluster, "prefix": options.prefix, "generation": options.generation,
        "topics": {name: topic.id for name, topic in found.items()},
    }  # fmt: skip
    draft = path.with_suffix(".new")
    try:
        if path.exists() and json.loads(path.read_text()).get("generation", 1) == options.generation:
            return
        draft.write_text(json.dumps(told, indent=1) + "\n")
        draft.rename(path)
    except OSError as error:
        raise storage_error(path, error) from error
