"""What killed a worker on one machine is known to the machine that takes its partitions, and forgotten when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.cluster.poison import adopt, marks_of, record, tell_death
from collector.kafka.wire import TopicSpec, Wire
from collector.ledger.marker import Marker, Name
from collector.testing.log_cluster import LogCluster

TOPIC = "lb.status"
ENTRY, OTHER = Name("journal", "a.example", 17), Name("journal", "b.example", 3)


@pytest.fixture
def wire() -> Wire:
    made = LogCluster().wire("lb")
    made.admin().create([TopicSpec(TOPIC, 2, {"cleanup.policy": "compact"})], 1)
    return made


def machine(root: Path) -> Path:
    """The directory of a partition there."""
    place = root / "partition" / "1"
    place.mkdir(parents=True)
    return place


def mark(place: Path, file: str = "attempts/logs") -> Marker:
    return Marker(place / file)


def died_with(place: Path, *names: Name, file: str = "attempts/logs") -> None:
    """A worker is killed with these in hand."""
    mark(place, file).hold(names, alone=len(names) == 1, token="step")


def tell(wire: Wire, place: Path, instance: str = "one") -> None:
    """What its owner tells while it lives."""
    sender = wire.sender("status")
    sender.send(record(TOPIC, 1, instance, marks_of(place, died=False)), lambda *_: None)
    assert sender.close(5)


def test_a_death_counts_on_the_next_machine(wire: Wire, tmp_path: Path) -> None:
    """With what was in hand, of pipelines and exporters, and what was known before."""
    here, there = machine(tmp_path / "one"), machine(tmp_path / "two")
    died_with(here, ENTRY)
    died_with(here, ENTRY)
    died_with(here, OTHER, file="deliveries/sqlite")
    tell_death(wire, TOPIC, "one", {1: here})
    assert adopt(wire, TOPIC, 1, "two", there)
    assert mark(there).known([ENTRY])[1] == 2
    assert mark(there, "deliveries/sqlite").known([OTHER])[1] == 1


def test_an_owner_that_lives_tells_what_it_suspects_and_not_what_it_does(wire: Wire, tmp_path: Path) -> None:
    """A partition that moves in good order takes nobody's fault along."""
    here, there = machine(tmp_path / "one"), machine(tmp_path / "two")
    died_with(here, ENTRY)
    mark(here).hold([OTHER], alone=True, token="now")
    tell(wire, here)
    assert adopt(wire, TOPIC, 1, "two", there)
    assert mark(there).known([ENTRY])[1] == 1
    assert mark(there).known([OTHER]) == (0, 0)


def test_what_is_over_is_told_to_be_over(wire: Wire, tmp_path: Path) -> None:
    """The last word counts."""
    here, there = machine(tmp_path / "one"), machine(tmp_path / "two")
    died_with(here, ENTRY)
    tell_death(wire, TOPIC, "one", {1: here})
    marker = mark(here)
    marker.acquit(ENTRY)
    marker.close()
    tell(wire, here)
    assert not adopt(wire, TOPIC, 1, "two", there)
    assert not mark(there).suspects


def test_what_this_machine_told_itself_is_here_anyway(wire: Wire, tmp_path: Path) -> None:
    """And newer on its disk."""
    here = machine(tmp_path / "one")
    died_with(here, ENTRY)
    tell_death(wire, TOPIC, "one", {1: here})
    died_with(here, ENTRY)
    assert not adopt(wire, TOPIC, 1, "one", here)
    assert mark(here).known([ENTRY])[1] == 2


def test_marks_of_an_earlier_tenure_give_way(wire: Wire, tmp_path: Path) -> None:
    """What another machine knows is newer than what this one knew when it had the partition last."""
    here, there = machine(tmp_path / "one"), machine(tmp_path / "two")
    died_with(there, OTHER, file="attempts/old")
    died_with(here, ENTRY)
    tell_death(wire, TOPIC, "one", {1: here})
    assert adopt(wire, TOPIC, 1, "two", there)
    assert sorted(path.name for path in (there / "attempts").iterdir()) == ["logs"]


def test_names_that_lead_elsewhere_are_no_marks(wire: Wire, tmp_path: Path) -> None:
    """Whoever may write to the topic must not write to the disk."""
    there = machine(tmp_path / "two")
    sender = wire.sender("status")
    sender.send(record(TOPIC, 1, "one", {"attempts/../../../evil": b"x"}), lambda *_: None)
    assert sender.close(5)
    assert not adopt(wire, TOPIC, 1, "two", there)
    assert not list(tmp_path.rglob("evil"))
