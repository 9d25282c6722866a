"""What a version that was landed before left in a cluster's topics is read by this one: rows, contents, what was accepted, what owners and people told.

Changes of what stands there need a new recording, by the version before (`counterparts.recorded_cluster`); old ones stay.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.cluster.lag import Told
from collector.cluster.status import read_all
from collector.ledger.deadletters import asked
from collector.ledger.interface import LAST
from collector.ledger.marker import Marker
from collector.ledger.reader import PartitionReader
from collector.pipeline.decode import decode
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import bodies_of
from counterparts.recorded_cluster import (
    ACCEPTED,
    DOMAIN,
    LARGE,
    LATER,
    PLAN,
    PREFIX,
    SMALL,
    SUSPECT,
    bytes_of,
    machine,
    replayed,
    step,
    until,
)  # fmt: skip

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_what_another_version_left_is_taken_over(path: Path, tmp_path: Path) -> None:
    told = json.loads(path.read_text())
    cluster = replayed(told)
    status = read_all(cluster.wire(PREFIX), f"{PREFIX}.status", 1)[0]
    assert (status["owner"], Told.parse(json.dumps(status).encode()).waiting_bytes) == ("one", status["waiting_bytes"])
    backend = machine(cluster, tmp_path, "two")
    ownership = backend.ownership(0)
    until(lambda: ownership.changes().gained)
    ledger = backend.open_ledger(0, PLAN)
    try:
        state = ledger.state("tally", DOMAIN).get_many([b"small", b"large"])
        assert state == {b"small": SMALL, b"large": LARGE}
        (waits,) = ledger.deliverable("store", -1, 1 << 20, LAST)
        assert bodies_of(waits) == [ACCEPTED[1]]
        assert Marker(backend.place(0) / "attempts/logs").known([SUSPECT])[1] == 1
        until(lambda: asked(backend.place(0)))
        texts = [decode(step(ledger, 1)).batch.column("body").to_list() for _ in range(2)]
        assert sorted(texts) == [[], [LATER]]  # the letter is tried again, as was asked
        reader = PartitionReader.open(backend.place(0))
        assert_conserved(reader)
        reader.close()
    finally:
        ledger.close()
        ownership.close()
    assert {name: (tmp_path / name).read_bytes() for name in told["keys"]} == {
        name: bytes_of(text) for name, text in told["keys"].items()
    }


def test_there_are_recordings() -> None:
    assert RECORDED
