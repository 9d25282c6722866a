"""The service is killed at any moment, between an upload and its acknowledgement as well: what was acknowledged stands in the archive once."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from collector.archive.reading import open_archive
from collector.archive.records import batch_of
from collector.batch import ValueKind
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import NumberedSenders

ROUNDS = max(3, int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "5")) // 3)
DOMAINS = ("tamyla.com", "wetechfounders.com", "default")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240 + 30 * ROUNDS)]


def archived(folder: Path) -> Counter[int]:
    """How often each number stands in the objects, which are all what was written."""
    archive = open_archive(str(folder))
    found: Counter[int] = Counter()
    for domain in archive.domains():
        for listed in archive.catalog.objects(domain):
            archive.verify(listed)
        for table in archive.tables(domain, 0, 1 << 62, once=False):
            found.update(batch_of(table).attribute("n", ValueKind.INT).drop_nulls().to_list())
    return found


def settle(service: Service, seconds: float = 90.0) -> None:
    """Until it is ready; what died at its start is started again."""
    deadline = time.monotonic() + seconds
    while service.get("/ready")[0] != 200:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        if service.process is None or service.process.poll() is not None:
            service.start()
        time.sleep(0.05)


def ended(service: Service, folder: Path) -> Counter[int]:
    """What is archived when it ended in order: what waited for its file goes then."""
    assert service.terminate(120) == 0
    return archived(folder)


def test_what_was_acknowledged_is_archived_once(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    exporter = {
        "to": str(folder),
        "max_age": "200ms",
        "target_size": "64KiB",
        "interval": "500ms",
        "join": {"after": "0s", "at_least": 2},
    }
    service = Service(
        tmp_path,
        json.dumps(
            {"exporters": {"archive": exporter}, "service": {"pipelines": {"logs": {"exporters": ["archive"]}}}}
        ),
    )
    senders = NumberedSenders(service.grpc, service.http, DOMAINS)
    draw = random.Random(20)
    try:
        settle(service)
        senders.start()
        for _ in range(ROUNDS):
            time.sleep(draw.uniform(0.3, 2.0))
            if draw.random() < 0.5:
                service.kill()
            else:
                psutil.Process(service.child("worker").pid).kill()
            settle(service)
        senders.stop()
        found = ended(service, folder)
        for _ in range(
            3
        ):  # from outside nothing tells three kills from an entry's own doing: then it is set aside, and replayed
            if senders.acknowledged <= found.keys():
                break
            service.start()
            settle(service)
            service.replay_poison()
            found = ended(service, folder)
        assert_directory_conserved(service.data, "logs")
    finally:
        senders.stop(0)
        service.kill()
    assert senders.acknowledged <= found.keys()
    assert found.keys() <= senders.sent
    assert {n for n, times in found.items() if times > 1} == set()
