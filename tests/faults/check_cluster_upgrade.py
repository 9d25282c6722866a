"""Three machines of one version on a real Kafka, replaced by those of this one, one by one, under load: nothing is refused for good, lost, or stored
twice. FROM: the commit of the other version (default: before the newest change of what stands in topics); BACK=1: then back to it, and on again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from counterparts.clustered import DOMAINS, Cluster, Node, cluster
from counterparts.resending import Resending
from counterparts.versions import ROOT, before_newest_format, named, unpacked
from faults.test_cluster_kills import check, drain, longest_pause, settle

FROM = os.environ.get("FROM", "") or before_newest_format()
BACK = os.environ.get("BACK", "") not in ("", "0")
CALM_SECS, READY_SECS = 5.0, 600.0
NODES, SESSION_SECS = 3, 10

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


def test_versions_are_replaced_one_by_one_under_load(tmp_path: Path) -> None:
    old = unpacked(FROM, tmp_path / "old")
    with cluster(tmp_path, NODES, SESSION_SECS) as made:
        for node in made.nodes:
            _run_from(node, old)
            node.start()
        for node in made.nodes:
            node.service.await_ready(READY_SECS)
        senders = Resending([node.service.http for node in made.nodes], DOMAINS)
        senders.start()
        settle(made)
        time.sleep(CALM_SECS)
        happened: dict[str, tuple[float, float]] = {}
        for tree, what in [(ROOT, "new"), *([(old, "old again"), (ROOT, "new again")] if BACK else [])]:
            for node in made.nodes:
                happened[f"{node.name} {what}"] = _replaced(made, node, tree)
                time.sleep(CALM_SECS)
        settle(made)
        time.sleep(CALM_SECS)
        senders.stop()
        drain(made, senders.sent)
        time.sleep(2)
        sent = senders.sent
        assert not sent.problems
        took = sorted(ended - began for began, ended in happened.values())
        print(
            f"\nfrom {named(FROM)} to {named('HEAD')}{', back, and again' if BACK else ''}: {len(sent.acknowledged)} records in {len(sent.bodies)} requests, "
            f"{sent.refusals} attempts went elsewhere, the slowest request took {sent.longest_secs:.1f} s; a machine was away for "
            f"{took[0]:.1f} to {took[-1]:.1f} s; longest pause {longest_pause(sent, made.sink, [], happened)}"
        )
        assert [node.service.terminate() for node in made.nodes] == [0] * NODES, made.logs()
        check(made, sent, tmp_path)


def _replaced(made: Cluster, node: Node, tree: Path) -> tuple[float, float]:
    """From when to when it was away."""
    began = time.monotonic()
    assert node.service.terminate() == 0, made.logs()
    _run_from(node, tree)
    node.service.start()
    node.service.await_ready(READY_SECS)
    ended = time.monotonic()
    settle(made)
    return began, ended


def _run_from(node: Node, tree: Path) -> None:
    """Another version, and really that one."""
    node.service.run_from(tree)
    command = [sys.executable, "-P", "-c", "import collector; print(collector.__file__)"]
    said = subprocess.run(command, env=node.service.env, check=True, capture_output=True, text=True).stdout
    assert Path(said.strip()).is_relative_to(tree), said
