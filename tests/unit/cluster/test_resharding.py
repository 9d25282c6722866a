"""A cluster moves to another number of partitions: all that it keeps is there afterwards, once, and of whom it was, whoever dies meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collector.backend.data_dir import DataDir
from collector.cluster.backend import KafkaBackend
from collector.cluster.door import give_up
from collector.cluster.generation import Deciding, Generation, read_generation
from collector.cluster.leftovers import delete, leftovers
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.restoring import Restoring
from collector.cluster.topics import NAMES, prepared
from collector.errors import Lost, StorageError
from collector.journal.limits import JournalLimits
from collector.kafka.wire import NewRecord, Place
from collector.ledger.journal_sources import JournalSources
from collector.ledger.sharing_out import mark_moved
from counterparts.partition_bench import PLAN
from counterparts.resharding_bench import Dies, ReshardedCluster, known

POINTS = int(os.environ.get("LOGBOOM_RESHARD_POINTS", "10"))


@pytest.mark.parametrize(("before", "after"), [(2, 3), (4, 2)])
def test_all_that_is_kept_moves_with_its_domain(tmp_path: Path, before: int, after: int) -> None:
    """In every table; and what all partitions know of the configuration, each of the new ones knows."""
    cluster = ReshardedCluster(tmp_path, before)
    was = cluster.kept()
    made = resharded(cluster, after)
    assert (made.number, made.partitions, made.former, made.move) == (2, after, (before,), None)
    assert cluster.kept() == was
    with cluster.opened(0) as environment:
        pipelines, exporters, owners, next_seq = known(environment)
    assert (pipelines["logs"].bases, exporters, owners, next_seq) == (
        {},
        {"gone": 99 + before, "x": 0},
        {b"issues": 0},
        9 + before,
    )
    assert not (tmp_path / "scratch").exists()


def resharded(cluster: ReshardedCluster, partitions: int, at: Callable[[str], None] | None = None) -> Generation:
    """With a door that shuts, and owners that have nothing to do."""
    cluster.tell()
    return cluster.reshard(partitions, at)


def points(cluster: ReshardedCluster) -> int:
    """At how many points it may die."""
    seen: list[str] = []
    resharded(cluster, 3, seen.append)
    return len([each for each in seen if each.startswith("writer")])


def dying_at(point: int) -> Callable[[str], None]:
    left = [point]

    def at(name: str) -> None:
        if name.startswith("writer"):
            left[0] -= 1
        if left[0] < 0:
            raise Dies

    return at


def test_it_may_die_anywhere(tmp_path: Path) -> None:
    """Then either the new generation counts, or a door lets the old one go on, and whoever tries it again comes through. Nothing is lost,
    nothing is there twice."""
    (tmp_path / "whole").mkdir()
    whole = ReshardedCluster(tmp_path / "whole", 2)
    was = whole.kept()
    last = points(whole)
    assert last > 20
    ends = set()
    for point in range(0, last + 1, max(1, last // POINTS)):
        (tmp_path / f"{point}").mkdir()
        cluster = ReshardedCluster(tmp_path / f"{point}", 2)
        try:
            resharded(cluster, 3, dying_at(point))
        except Dies:
            found = read_generation(cluster.cluster.wire("lb"), cluster.options)
            if found.number > 1:
                cluster.follow(found)
            elif found.move is not None:
                assert give_up(cluster.cluster.wire("lb"), cluster.options, found.move)
        ends.add(cluster.options.generation)
        assert cluster.kept() == was
        if cluster.options.generation == 1:
            assert resharded(cluster, 3).partitions == 3
            assert cluster.kept() == was
    assert ends == {1, 2}


def test_a_partition_that_moves_is_nobodys_until_it_is_decided(tmp_path: Path) -> None:
    """Its owner finds the mark: while it is under way, and once it came through; not when it was given up."""
    cluster = ReshardedCluster(tmp_path, 2)
    wire, options = cluster.cluster.wire("lb"), cluster.options
    backend = KafkaBackend(DataDir(tmp_path, 2), options, JournalLimits(1 << 20, 1.0), lambda: wire)
    with cluster.opened(0) as environment:
        mark_moved(environment, 2)
    deciding = Deciding(wire, options)
    begun = deciding.tell(deciding.claim().reserved().begun(3, "me"))
    restoring = Restoring(wire, wire.admin(), "lb", stands=backend._stands)
    with pytest.raises(Lost, match="moves to generation 2"):
        restoring.open_ledger(0, 2, tmp_path / "copy", PLAN, JournalSources({}))
    given_up = deciding.tell(begun.given_up())
    restoring.open_ledger(0, 2, tmp_path / "copy", PLAN, JournalSources({})).ledger.close()
    deciding.tell(given_up.reserved().begun(3, "me").settled({}, {}, 2))
    with pytest.raises(Lost):
        restoring.open_ledger(0, 2, tmp_path / "copy", PLAN, JournalSources({}))


def test_topics_of_before_are_deleted_and_what_all_have_in_common_stays(tmp_path: Path) -> None:
    """But not while something stands behind their ends: nobody has read it."""
    cluster = ReshardedCluster(tmp_path, 2)
    made = resharded(cluster, 3)
    wire = cluster.cluster.wire(cluster.options.names)
    assert leftovers(wire, cluster.options, made) == [f"lb.{name}" for name in sorted(set(NAMES) - {"status"})]
    late = wire.sender("late")
    late.send(NewRecord(Place("lb.intake", 1), b"a", b"late"), lambda *_: None)
    late.close(1)
    with pytest.raises(
        StorageError, match=r"1 records were put behind the ends of the old topics.* lb\.control, lb\.intake"
    ):
        delete(wire, cluster.options, made)
    delete(wire, cluster.options, replace(made, ends={}))
    assert leftovers(wire, cluster.options, made) == []
    assert wire.admin().topics(["lb.status", "lb.g2.intake"]).keys() == {"lb.status", "lb.g2.intake"}


def test_topics_that_are_being_made_are_no_leftovers(tmp_path: Path) -> None:
    """Neither before the move is under way nor then; those of an attempt before are."""
    wire = ReshardedCluster(tmp_path, 2).cluster.wire("lb")
    options = KafkaLedgerConfig(prefix="lb", instance_id="one")
    for number in (2, 3):
        prepared(wire.admin(), options.of_generation(number), 3, None)
    reserved = Generation(partitions=2).reserved().reserved()
    for found in (reserved, reserved.begun(3, "me")):
        assert {name.split(".")[1] for name in leftovers(wire, options, found)} == {"g2"}


def test_new_topics_that_somebody_deletes_meanwhile_count_never(tmp_path: Path) -> None:
    """What was moved stood in them."""
    cluster = ReshardedCluster(tmp_path, 2)
    admin = cluster.cluster.wire("lb").admin()
    new = cluster.options.of_generation(2)

    def deleted(name: str) -> None:
        if not name.startswith("writer") or new.topic("outbox") not in admin.topics([new.topic("outbox")]):
            return
        if read_generation(cluster.cluster.wire("lb"), cluster.options).move is not None:
            admin.delete([new.topic("outbox")])

    with pytest.raises(StorageError, match=r"new topics were deleted or made anew meanwhile: lb\.g2\.outbox"):
        resharded(cluster, 3, deleted)
    assert read_generation(cluster.cluster.wire("lb"), cluster.options).number == 1


def test_two_do_not_do_it_at_once_and_one_who_does_not_come_through_opens_the_doors(tmp_path: Path) -> None:
    """What it says names who does it, and what holds it up."""
    cluster = ReshardedCluster(tmp_path, 2)
    deciding = Deciding(cluster.cluster.wire("lb"), cluster.options)
    deciding.tell(deciding.claim().reserved().begun(5, "ada"))
    with pytest.raises(StorageError, match="ada moves the cluster to 5 partitions now"):
        resharded(cluster, 3)
    found = read_generation(cluster.cluster.wire("lb"), cluster.options)
    assert found.move is not None
    renewed = deciding.tell(found.renewed("it goes on"))  # it can: to be looked at ended nothing
    assert not give_up(cluster.cluster.wire("lb"), cluster.options, replace(found.move, renewed_unix_ms=1))
    deciding.tell(renewed.given_up())
    cluster.tell(shut=False)
    with pytest.raises(
        StorageError, match=r"not done within 50 s, and nothing was changed: doors are not shut yet: one/0"
    ):
        cluster.reshard(3, within_secs=50.0)
    assert read_generation(cluster.cluster.wire("lb"), cluster.options).move is None
    assert resharded(cluster, 3).number == 4


def test_one_that_another_has_overtaken_leaves_that_one_alone(tmp_path: Path) -> None:
    """It was taken for dead meanwhile: to claim what is decided would end what the other does."""
    cluster = ReshardedCluster(tmp_path, 2)
    wire, others = cluster.cluster.wire("lb"), []

    def overtaken(name: str) -> None:
        if others or not name.startswith("writer") or (move := read_generation(wire, cluster.options).move) is None:
            return
        others.append(Deciding(wire, cluster.options))
        assert give_up(wire, cluster.options, move)
        others.append(others[0].tell(others[0].claim().reserved().begun(5, "ada")))

    with pytest.raises(StorageError, match="it was given up"):
        resharded(cluster, 3, overtaken)
    others[0].tell(others[1].renewed("it goes on"))


def test_versions_that_know_nothing_of_it_are_named(tmp_path: Path) -> None:
    """Their doors would stay open."""
    cluster = ReshardedCluster(tmp_path, 2)
    cluster.tell(owner="elder")
    with pytest.raises(StorageError, match="elder: its version of logboom knows of no re-sharding"):
        cluster.reshard(3)
