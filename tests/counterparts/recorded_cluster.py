"""What one machine of a cluster leaves in its topics, recorded, so that later versions can be asked whether they read it.

    PYTHONPATH=proto:tests python -m counterparts.recorded_cluster tests/unit/cluster/recorded/<commit>.json

To be called with a landed version, when something of the topics changes in the next one.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xxhash

from collector.backend.data_dir import DataDir, open_data_dir
from collector.cluster.backend import KafkaBackend
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.poison import tell_death
from collector.errors import Refusal
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.kafka.wire import NewRecord, Place, TopicState
from collector.ledger.interface import LAST, Commit, Ledger
from collector.ledger.marker import Marker, Name
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.outcomes import Counts
from collector.pipeline.decode import decode
from collector.testing.log_cluster import LogCluster
from collector.testing.log_cluster.cluster import Topic
from collector.testing.log_cluster.log import PlaceLog
from counterparts.partition_bench import exported, request

PREFIX = "lb"
PLAN = LedgerPlan(
    (PipelinePlan("logs", frozenset({"otlp"}), ("store",), components=("tally",)),), {"store": Quota()},
    max_bytes=16 << 20, state_bytes=1 << 20,
)  # fmt: skip
DOMAIN, SMALL, LARGE = "a.example", b"12", b"large " * 800
SUSPECT = Name("journal", DOMAIN, 17)
ACCEPTED, BROKEN, LATER = ("first", "second"), b"\xff no request", "later"
"""Texts of two payloads, of which the first was delivered; one that can't be decoded; one that nobody has read."""
_SECS = 60.0


def until(holds: Callable[[], object]) -> None:
    """Wait for it."""
    ends = time.monotonic() + _SECS
    while not holds():
        assert time.monotonic() < ends, "it does not come about"
        time.sleep(0.02)


def machine(cluster: LogCluster, root: Path, name: str) -> KafkaBackend:
    """One that is about to take what it gets."""
    open_data_dir(root, 1)
    options, wire = KafkaLedgerConfig(prefix=PREFIX, instance_id=name), cluster.wire(PREFIX)
    made = KafkaBackend(DataDir(root, 1), options, JournalLimits(16 << 20, 1.0), lambda: wire)
    made.prepare()
    return made


def step(ledger: Ledger, wanted: int) -> list[Any]:
    """Read until so many payloads came, decode, and commit them with state; the entries."""
    found: list[Any] = []
    while len(found) < wanted:
        read = ledger.read("logs", 1 << 20, 1)
        if not read.entries:
            time.sleep(0.02)
            continue
        decoded = decode(read.entries)
        state = {("tally", DOMAIN, b"small"): SMALL, ("tally", DOMAIN, b"large"): LARGE}
        out = {"logs": decoded.batch} if len(decoded.batch) else {}
        ledger.commit(Commit("logs", read, out, state, Counts(), decoded.dead_letters))
        found += read.entries
    return found


def _accept(backend: KafkaBackend, bodies: list[bytes]) -> None:
    ended: list[Refusal | None] = []
    intake = backend.open_intake(0, print)
    for body in bodies:
        digest = xxhash.xxh3_128_digest(body)
        intake.append([Payload(DOMAIN, "otlp", body, 1, time.time_ns() // 1_000_000, digest)], ended.append)
    assert intake.close(_SECS)
    assert ended == [None] * len(bodies)


def _lived(cluster: LogCluster, root: Path) -> None:
    """A machine processes, delivers a part, dies with something in hand; somebody asks for a dead letter; more comes."""
    backend = machine(cluster, root, "one")
    _accept(backend, [request([text]) for text in ACCEPTED] + [BROKEN])
    ownership = backend.ownership(0)
    until(lambda: ownership.changes().gained)
    ledger = backend.open_ledger(0, PLAN)
    step(ledger, len(ACCEPTED) + 1)
    ledger.ack("store", [exported(ledger.deliverable("store", -1, 1 << 20, LAST)[0])])
    status = cluster.log(Place(f"{PREFIX}.status", 0))
    until(lambda: any(each.key == b"0" for each in status.readable(0)))
    ledger.close()
    ownership.close()
    Marker(backend.place(0) / "attempts/logs").hold([SUSPECT], alone=True, token="step")
    tell_death(cluster.wire(PREFIX), status.place.topic, "one", {0: backend.place(0)})
    desk = backend.desk()
    desk.request("replay", desk.letters())
    _accept(backend, [request([LATER])])


def recorded() -> dict[str, Any]:
    """All that stands in the topics then, and the machine's file about them."""
    cluster = LogCluster(real_time=True, session_secs=2.0)
    with tempfile.TemporaryDirectory() as name:
        _lived(cluster, Path(name))
        keys = {path.name: _text(path.read_bytes()) for path in Path(name).glob("*.key")}
        known = json.loads((Path(name) / "cluster.json").read_text())
    topics = {name: _topic(topic) for name, topic in cluster.topics.items()}
    return {"cluster": cluster.id, "topics": topics, "keys": keys, "cluster.json": known}


def _topic(topic: Topic) -> dict[str, Any]:
    (log,) = topic.logs
    records = [
        [each.offset, _text(each.key), _text(each.value), [[name, _text(value)] for name, value in each.headers]]
        for each in log.readable(0)
    ]
    return {"id": topic.state.id, "config": dict(topic.state.config), "ends": log.ends, "records": records}


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def bytes_of(text: str | None) -> bytes | None:
    """What a recorded text stands for."""
    return None if text is None else base64.b64decode(text)


def replayed(told: dict[str, Any]) -> LogCluster:
    """The cluster as it was."""
    cluster = LogCluster(told["cluster"], real_time=True, session_secs=2.0)
    for name, topic in told["topics"].items():
        place = Place(name, 0)
        log = PlaceLog(place)
        for offset, key, value, headers in topic["records"]:
            log.ends = offset
            there = [(header, bytes_of(text) or b"") for header, text in headers]
            log.put(NewRecord(place, bytes_of(key), bytes_of(value), tuple(there)), cluster.unix_ms)
        log.ends = topic["ends"]
        cluster.topics[name] = Topic(TopicState(name, topic["id"], 1, 3, topic["config"]), [log])
    return cluster


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(recorded(), indent=1) + "\n")
