"""`logboom cluster`: what it says, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from collector.cli import app
from collector.cli.cluster_reshard import of_none
from collector.cluster import connecting, hearing, status
from collector.cluster.connecting import remember
from collector.cluster.generation import read_generation
from collector.cluster.hearing import Hearing
from collector.cluster.options import KafkaLedgerConfig
from collector.errors import StorageError
from collector.privacy.tombstones import Place, Stage, Tombstone
from collector.reserved import RECEIVER
from counterparts.resharding_bench import ReshardedCluster


def test_a_directory_of_no_cluster(tmp_path: Path) -> None:
    """Says what would make it one."""
    result = CliRunner().invoke(app, ["cluster", "status", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "service.ledger.kafka" in result.output


def test_brokers_that_do_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence, not a traceback; without the password."""
    monkeypatch.setattr(status, "read_all", partial(status.read_all, secs=1.0))
    auth = {"sasl": {"mechanism": "PLAIN", "username": "me", "password": "sesame"}}
    remember(tmp_path, KafkaLedgerConfig.model_validate({"brokers": ["127.0.0.1:1"], "auth": auth}), 4)
    result = CliRunner().invoke(app, ["cluster", "status", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "error: topic logboom.status" in result.output
    assert "sesame" not in result.output


@pytest.fixture
def clustered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReshardedCluster:
    """A data directory of a machine of a simulated cluster, whose doors and owners have told something."""
    made = ReshardedCluster(tmp_path, 2)
    made.tell()
    monkeypatch.setattr(connecting, "connect", lambda options: made.cluster.wire(options.names))
    monkeypatch.setattr(hearing, "LISTEN_SECS", 0.0)
    monkeypatch.setattr(Hearing.listen, "__defaults__", (0.0,))
    remember(tmp_path, made.options, 2)
    return made


def reshard(root: Path, *told: str) -> Result:
    return CliRunner().invoke(app, ["cluster", "reshard", *told, "--data-dir", str(root)])


def test_a_dry_run_says_what_would_be_done(clustered: ReshardedCluster) -> None:
    """And changes nothing."""
    result = reshard(clustered.root, "--partitions", "3", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "2 partitions (generation 1) become 3: topics lb.g2.*" in result.output
    assert "doors: one/0" in result.output
    assert read_generation(clustered.cluster.wire("lb"), clustered.options).tried == 1


def test_another_number_and_what_is_left_of_before(clustered: ReshardedCluster) -> None:
    """What it says names the next steps; what it was told wrongly, it does not do."""
    assert reshard(clustered.root).exit_code == 2
    assert "the cluster has 2 partitions" in reshard(clustered.root, "--partitions", "2").output
    result = reshard(clustered.root, "--partitions", "3")
    assert result.exit_code == 0, result.output
    assert "Write service.ledger.partitions: 3" in result.output.replace("\n", " ")
    told = CliRunner().invoke(app, ["cluster", "status", "--data-dir", str(clustered.root)])
    assert told.output.startswith("generation 2, 3 partitions")
    result = reshard(clustered.root, "--delete-old", "--dry-run")
    assert "lb.intake" in result.output
    assert reshard(clustered.root, "--delete-old").exit_code == 0
    assert "there are no topics of earlier generations" in reshard(clustered.root, "--delete-old").output


def test_whose_state_of_no_domain_is() -> None:
    """An erasure that has not ended begins anew, for it remembers places by numbers; what nobody knows stops it all."""
    place = Place(Stage.WORKS, 3, after="7")
    tombstone = Tombstone("1", "a.example", "ada", "why", 5, 5, places={"outbox": place})
    found = of_none(RECEIVER, b"erasure 1", tombstone.encoded())
    assert found is not None
    assert (found[0], Tombstone.decoded(found[1]).places) == ("a.example", {})
    ended = replace(tombstone, ended_unix_nano=9)
    assert of_none(RECEIVER, b"erasure 1", ended.encoded()) == ("a.example", ended.encoded())
    assert of_none("logboom.stores", b"mark", b"1 store") is None
    with pytest.raises(StorageError, match="component mine keeps something of no domain"):
        of_none("mine", b"name", b"value")
