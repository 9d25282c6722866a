"""Somebody deletes or moves what logboom stands on while it runs: it says so, goes on with what is there, and acknowledges
nothing that nobody will find."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from collector.testing.service import Service
from counterparts.examples import rounds
from counterparts.numbered import NumberedSenders

pytestmark = pytest.mark.e2e


WAYS = [("partition/0", "deleted"), ("journal/0", "moved"), ("partition/0", "moved"), ("journal/0", "deleted")]


@pytest.mark.parametrize(("name", "how"), WAYS[: rounds(4, 2)])
def test_what_is_acknowledged_afterwards_is_stored(tmp_path: Path, name: str, how: str) -> None:
    """With senders all the time. What waited in the directory itself went with it: all that was sent a while before or is
    acknowledged after is in the store."""
    with Service(tmp_path) as service:
        before = NumberedSenders(service.grpc, service.http, ("tamyla.com", "wetechfounders.com"), threads=2)
        before.start()
        time.sleep(1.0)
        before.stop()
        service.await_stored(len(before.sent))
        during = NumberedSenders(service.grpc, service.http, ("tamyla.com",), threads=1, first=10_000)
        during.start()
        time.sleep(0.5)
        if how == "deleted":
            shutil.rmtree(service.data / name)
        else:
            (service.data / name).rename(tmp_path / "aside")
        deadline = time.monotonic() + 60
        while "moved, deleted or replaced" not in service.log.read_text():
            assert time.monotonic() < deadline, service.log.read_text()[-3000:]
            time.sleep(0.05)
        during.stop()
        service.await_ready()
        after = NumberedSenders(
            service.grpc, service.http, ("tamyla.com", "wetechfounders.com"), threads=2, first=50_000
        )
        after.start()
        time.sleep(1.0)
        after.stop()
        assert after.acknowledged == after.sent
        wanted = before.acknowledged | after.acknowledged
        if name.startswith("partition"):  # the journal still had what the partition lost
            wanted |= during.acknowledged
        deadline = time.monotonic() + 60
        stored: set[int] = set()
        while not wanted <= stored and time.monotonic() < deadline:
            time.sleep(0.2)
            stored = {int(n) for (n,) in service.rows("SELECT json_extract(attributes, '$.n') FROM sent")}
        assert wanted <= stored, len(wanted - stored)
        assert "Traceback" not in service.log.read_text()
