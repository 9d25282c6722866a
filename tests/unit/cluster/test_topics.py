"""Topics are made or checked before anything is put there, and known again: one that is gone, or another, stops logboom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.topics import NAMES, prepared, specs
from collector.errors import StorageError
from collector.kafka.wire import NewRecord, Place
from collector.testing.log_cluster import LogCluster

OPTIONS = KafkaLedgerConfig(prefix="lb")


def options(**changed) -> KafkaLedgerConfig:
    return OPTIONS.model_copy(update=changed)


def prepare(cluster: LogCluster, root: Path, given: KafkaLedgerConfig = OPTIONS, partitions: int = 4):
    root.mkdir(exist_ok=True)
    return prepared(cluster.wire("lb").admin(), given, partitions, root, sleep=lambda _: None)


def refused(*arguments, **named) -> str:
    with pytest.raises(StorageError) as error:
        prepare(*arguments, **named)
    return str(error.value)


def put(cluster: LogCluster, topic: str) -> None:
    sender = cluster.wire("lb").sender("x")
    sender.send(NewRecord(Place(topic, 0), b"a", b"1"), lambda *_: None)
    assert sender.close(5)


def change(cluster: LogCluster, topic: str, **state) -> None:
    cluster.topics[topic] = replace(cluster.topics[topic], state=replace(cluster.topics[topic].state, **state))


def test_the_first_machine_makes_them_and_the_others_find_them(tmp_path):
    """Seven, whatever the number of pipelines, of as many partitions; rows are compacted, and what waits for a destination never ages."""
    cluster = LogCluster()
    first = prepare(cluster, tmp_path / "a")
    assert first == prepare(cluster, tmp_path / "b") == prepare(cluster, tmp_path / "a")
    assert sorted(cluster.topics) == sorted(f"lb.{name}" for name in NAMES)
    assert {topic.state.partitions for topic in cluster.topics.values()} == {4}
    policies = {name: cluster.topics[f"lb.{name}"].state.config["cleanup.policy"] for name in NAMES}
    assert {name for name, policy in policies.items() if policy == "compact"} == {"ledger", "dead", "status"}
    assert cluster.topics["lb.outbox"].state.config["retention.ms"] == "-1"
    assert first.warnings == []


def test_without_the_right_to_make_them_it_says_which_are_missing(tmp_path):
    """And makes none."""
    cluster = LogCluster()
    said = refused(cluster, tmp_path, options(create_topics=False))
    assert "lb.intake" in said
    assert "create_topics" in said
    assert not cluster.topics


def test_a_topic_that_was_deleted_is_never_made_anew(tmp_path):
    """Neither by a machine that knew it, nor by a new one that finds records in the others."""
    cluster = LogCluster()
    prepare(cluster, tmp_path / "a")
    put(cluster, "lb.ledger")
    del cluster.topics["lb.intake"]
    assert "lb.intake" in refused(cluster, tmp_path / "a")
    assert "hold records" in refused(cluster, tmp_path / "new")
    assert "lb.intake" not in cluster.topics


def test_topics_that_somebody_is_making_are_waited_for_or_made(tmp_path):
    """A start that was cut short: nothing stands in any of them yet."""
    cluster = LogCluster()
    cluster.wire("lb").admin().create(specs(OPTIONS, 4)[:3], 3)
    prepare(cluster, tmp_path)
    assert len(cluster.topics) == len(NAMES)


def test_another_topic_under_the_same_name_is_another_one(tmp_path):
    """Offsets of the old one mean nothing in it."""
    cluster = LogCluster()
    prepare(cluster, tmp_path)
    del cluster.topics["lb.ledger"]
    cluster.wire("lb").admin().create([spec for spec in specs(OPTIONS, 4) if spec.name == "lb.ledger"], 3)
    said = refused(cluster, tmp_path)
    assert "lb.ledger" in said
    assert "cluster.json" in said


def test_a_directory_belongs_to_one_cluster(tmp_path):
    """And to one prefix."""
    prepare(LogCluster("here"), tmp_path)
    assert "cluster here" in refused(LogCluster("there"), tmp_path)
    assert "prefix lb" in refused(LogCluster("here"), tmp_path, options(prefix="other"))


@pytest.mark.parametrize(
    ("topic", "config", "said"),
    [
        ("lb.intake", {"cleanup.policy": "compact"}, "cleanup.policy compact"),
        ("lb.ledger", {"cleanup.policy": "delete"}, "it must be compact"),
        ("lb.outbox", {"retention.ms": "1000"}, "it must be -1"),
        ("lb.ledger", {"cleanup.policy": "compact", "delete.retention.ms": "3600000"}, "must be 86400000 at least"),
        ("lb.intake", {"max.message.bytes": "1048588"}, "max_message_bytes: 1048588"),
        ("lb.dead", {"min.insync.replicas": "4"}, "nothing can be written"),
    ],
)
def test_what_would_lose_records_is_refused(tmp_path, topic, config, said):
    """With what is to be changed."""
    cluster = LogCluster()
    prepare(cluster, tmp_path / "a")
    change(cluster, topic, config={**cluster.topics[topic].state.config, **config})
    assert said in refused(cluster, tmp_path / "b")


def test_the_number_of_partitions_stays(tmp_path):
    """All state of a domain stands in one of them."""
    cluster = LogCluster()
    prepare(cluster, tmp_path / "a")
    assert "service.ledger.partitions is 8: write 4" in refused(cluster, tmp_path / "b", partitions=8)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"replication": 1, "config": {"min.insync.replicas": "1"}}, "stand on one broker"),
        ({"config": {"min.insync.replicas": "1"}}, "min.insync.replicas is 1"),
        ({"config": {"unclean.leader.election.enable": "true"}}, "records vanish"),
    ],
    ids=["one broker", "one of three", "unclean"],
)
def test_what_is_less_safe_than_it_could_be_is_told(tmp_path, changed, said):
    """Brokers are their owners'."""
    cluster = LogCluster()
    prepare(cluster, tmp_path / "a")
    config = {**cluster.topics["lb.intake"].state.config, **changed.get("config", {})}
    change(cluster, "lb.intake", **{**changed, "config": config})
    assert any(said in warning for warning in prepare(cluster, tmp_path / "b").warnings)
