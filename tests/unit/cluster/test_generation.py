"""Which generation of topics counts: told in transactions, so that of several who decide the last one knows, and the others know that they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.cluster.connecting import remember, remembered
from collector.cluster.generation import KEY, Deciding, Generation, current, read_generation
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.topics import checked, prepared
from collector.errors import StorageError
from collector.kafka.wire import Fenced, NewRecord, Place
from collector.testing.log_cluster import CommitEnd, LogCluster

OPTIONS = KafkaLedgerConfig(prefix="lb", instance_id="one")


@pytest.fixture
def cluster(tmp_path: Path) -> LogCluster:
    made = LogCluster()
    prepared(made.wire("lb").admin(), OPTIONS, 4, tmp_path)
    return made


def deciding(cluster: LogCluster) -> Deciding:
    return Deciding(cluster.wire("lb"), OPTIONS)


def test_a_cluster_begins_with_the_first(cluster: LogCluster) -> None:
    """Nobody has to tell that."""
    assert current(cluster.wire("lb"), OPTIONS) == Generation(partitions=4)
    assert current(cluster.wire("lb"), KafkaLedgerConfig(prefix="other")) is None
    assert read_generation(cluster.wire("lb"), OPTIONS) == Generation()


def test_a_move_is_begun_and_settled_or_given_up(cluster: LogCluster) -> None:
    """What was given up leaves its number behind, for its topics hold something."""
    decides = deciding(cluster)
    begun = decides.tell(decides.claim().reserved().begun(6, "me"))
    assert begun.move is not None
    assert (begun.number, begun.move.generation, begun.move.partitions) == (1, 2, 6)
    given_up = decides.tell(begun.given_up())
    again = decides.tell(given_up.reserved().begun(6, "me"))
    settled = decides.tell(again.settled({"lb.g3.intake": "id"}, {"lb.intake/0": 7}, 4))
    assert read_generation(cluster.wire("lb"), OPTIONS) == settled
    assert (settled.number, settled.partitions, settled.former, settled.move) == (3, 6, (4,), None)


def test_who_decided_before_decides_nothing_any_more(cluster: LogCluster) -> None:
    """Whatever it had read: the doors may have opened again meanwhile."""
    first, second = deciding(cluster), deciding(cluster)
    begun = first.tell(first.claim().reserved().begun(6, "me"))
    assert second.claim() == begun
    second.tell(begun.given_up())
    with pytest.raises(Fenced):
        first.tell(begun.settled({}, {}, 4))
    assert read_generation(cluster.wire("lb"), OPTIONS).move is None


def test_an_end_that_nobody_was_told_is_known_to_the_next_one(cluster: LogCluster) -> None:
    """The brokers had taken it."""
    first, second = deciding(cluster), deciding(cluster)
    began = first.claim()
    cluster.commits.append(CommitEnd.AFTER)
    with pytest.raises(StorageError):
        first.tell(began.reserved().begun(6, "me"))
    assert second.claim().move is not None


def test_what_a_newer_version_tells_is_not_guessed(cluster: LogCluster) -> None:
    """Whoever does not understand it does nothing."""
    writer = cluster.wire("lb").writer("generation")
    writer.claim(1)
    writer.commit([NewRecord(Place("lb.status", 0), KEY, b'{"generation": 2}')], 1)
    with pytest.raises(StorageError, match="not understood by this version"):
        read_generation(cluster.wire("lb"), OPTIONS)


def test_topics_are_named_by_their_generation() -> None:
    """The first one has the names that it always had; what all have in common stays where it is."""
    second = OPTIONS.of_generation(2)
    assert (OPTIONS.topic("intake"), second.topic("intake")) == ("lb.intake", "lb.g2.intake")
    assert (second.names, second.root_topic, OPTIONS.generation) == ("lb.g2", "lb.status", 1)


def test_a_machine_knows_the_topics_of_a_new_generation_as_they_were_told(cluster: LogCluster, tmp_path: Path) -> None:
    """Not as it finds them: they may have been made anew since. And it never goes back."""
    second, admin = OPTIONS.of_generation(2), cluster.wire("lb").admin()
    made = prepared(admin, second, 6, None)
    told = {each.name: each.id for each in made.topics.values()}
    with pytest.raises(StorageError, match="were made anew under their names"):
        prepared(admin, second, 6, tmp_path, told={**told, "lb.g2.intake": "another"})
    prepared(admin, second, 6, tmp_path, told=told)
    assert checked(admin, second, 6, tmp_path).topics == made.topics
    with pytest.raises(StorageError, match="knows generation 2"):
        checked(admin, OPTIONS, 4, tmp_path)


def test_commands_of_a_machine_know_its_generation(tmp_path: Path) -> None:
    """As it was at its last start."""
    remember(tmp_path, OPTIONS.of_generation(3), 6)
    found = remembered(tmp_path)
    assert found is not None
    assert (found.options.generation, found.options.prefix, found.partitions) == (3, "lb", 6)
