"""Machines of a cluster have the same keys: a pseudonym, a link and a chain are the same on all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.cluster.shared_keys import FILES, share_keys
from collector.errors import StorageError
from collector.kafka.wire import Message, NewRecord, Place, TopicSpec, Wire
from collector.privacy.pseudonyms import Pseudonyms
from collector.testing.log_cluster import LogCluster

TOPIC = "lb.status"


@pytest.fixture
def wire() -> Wire:
    made = LogCluster().wire("lb")
    made.admin().create([TopicSpec(TOPIC, 2, {"cleanup.policy": "compact"})], 1)
    return made


def machine(root: Path, wire: Wire, secret: str = "") -> dict[str, bytes]:
    root.mkdir(exist_ok=True)
    share_keys(wire, TOPIC, root, secret, sleep=lambda _: None)
    return {name: (root / name).read_bytes() for name in FILES}


def test_the_second_machine_has_those_of_the_first(wire: Wire, tmp_path: Path) -> None:
    """Also after a restart of either, and where it had made some of its own."""
    first = machine(tmp_path / "a", wire)
    (tmp_path / "b").mkdir()
    Pseudonyms(tmp_path / "b").of("a.example", "ada")
    assert machine(tmp_path / "b", wire) == machine(tmp_path / "a", wire) == first
    made = {Pseudonyms(tmp_path / name).of("a.example", "ada") for name in ("a", "b")}
    assert len(made) == 1
    assert {(tmp_path / "b" / name).stat().st_mode & 0o777 for name in FILES} == {0o600}


def test_machines_that_begin_at_the_same_moment_agree(wire: Wire, tmp_path: Path) -> None:
    """Both told their own before either had read the other's."""
    first: dict[str, bytes] = {}

    def meanwhile(_: float) -> None:
        sender = wire.sender("another")
        for name in FILES:
            sender.send(NewRecord(Place(TOPIC, 0), b"keys/" + name.encode(), bytes(32)), lambda *_: None)
        assert sender.close(5)

    (tmp_path / "a").mkdir()
    share_keys(wire, TOPIC, tmp_path / "a", sleep=meanwhile)
    first = {name: (tmp_path / "a" / name).read_bytes() for name in FILES}
    assert first == machine(tmp_path / "b", wire) == dict.fromkeys(FILES, bytes(32))


def test_a_machine_does_not_start_without_them(tmp_path: Path) -> None:
    """Another key would make other pseudonyms."""
    cluster = LogCluster()
    wire = cluster.wire("lb")
    with pytest.raises(StorageError):
        machine(tmp_path, wire)
    assert not list(tmp_path.iterdir())


SECRET = "a-secret-of-all-machines-of-it"


def standing(wire: Wire) -> list[bytes]:
    """Key and value of all that the topic still shows after its compaction."""
    reader, newest = wire.reader("test"), dict[bytes, bytes | None]()
    reader.follow({Place(TOPIC, 0): 0})
    for each in reader.read(1000, 0):
        if isinstance(each, Message) and each.key:
            newest[each.key] = each.value
    return [key + value for key, value in newest.items() if value is not None]


def test_with_a_secret_nobody_reads_them_in_the_topic(wire: Wire, tmp_path: Path) -> None:
    """And all machines that have it have the same keys."""
    first = machine(tmp_path / "a", wire, SECRET)
    assert machine(tmp_path / "b", wire, SECRET) == first
    assert len(standing(wire)) == len(FILES)
    assert not any(key in text for key in first.values() for text in standing(wire))


def test_a_secret_that_comes_later_takes_the_clear_ones_away(wire: Wire, tmp_path: Path) -> None:
    """The keys stay what they are."""
    first = machine(tmp_path / "a", wire)
    assert any(key in text for key in first.values() for text in standing(wire))
    assert machine(tmp_path / "a", wire, SECRET) == machine(tmp_path / "b", wire, SECRET) == first
    assert not any(key in text for key in first.values() for text in standing(wire))


@pytest.mark.parametrize("other", ["", "another-secret-than-the-cluster-s"])
def test_without_the_secret_of_the_others_a_machine_does_not_start(wire: Wire, tmp_path: Path, other: str) -> None:
    """Nor does the sentence tell it."""
    machine(tmp_path / "a", wire, SECRET)
    with pytest.raises(StorageError, match=r"kafka\.secret is (missing|not that)") as raised:
        machine(tmp_path / "b", wire, other)
    assert SECRET not in str(raised.value)
    assert not list((tmp_path / "b").iterdir())
