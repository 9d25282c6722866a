"""A worker that has nothing to do does nothing: it is woken by what is committed, and steps no pipeline in between."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xxhash

from collector.backend.data_dir import open_data_dir
from collector.backend.local import LocalBackend
from collector.journal.entry import Payload
from collector.ledger.sources import partition_of
from collector.pipeline.pipeline import Pipeline
from collector.reserved import PIPELINE
from collector.service import worker as module
from collector.service.plan import backend_of
from collector.service.worker import Worker
from collector.settings import load
from counterparts.partition_bench import request

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:0"}}}}
exporters: {nop: {}}
service: {ledger: {partitions: 2}, pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
"""
SECONDS = 30.0
Steps = Counter[str]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Pipeline → how often it was stepped."""
    counted: Steps = Counter()
    step: Callable[[Pipeline], int] = Pipeline.step

    def counting(self: Pipeline) -> int:
        counted[self.id] += 1
        counted[self.place] += 1
        return step(self)

    monkeypatch.setattr(Pipeline, "step", counting)
    monkeypatch.setattr(module, "LOOK_SECS", 3600.0)  # what makes a round whatever happened
    return counted


@pytest.fixture
def backend(tmp_path: Path, steps: Steps) -> Iterator[LocalBackend]:
    """The files under a worker that runs on a thread."""
    settings = load([f"yaml:{CONFIG}"], [])
    open_data_dir(tmp_path, 2)
    backend = backend_of(settings, tmp_path)
    assert isinstance(backend, LocalBackend)
    backend.prepare()
    worker = Worker(settings, tmp_path, 0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield backend
    worker.stop(SECONDS)
    thread.join(SECONDS)
    assert not thread.is_alive()


def settle(steps: Steps) -> Steps:
    """Once it has stepped, and then no more for a while."""
    seen, since, ends = Steps(), time.monotonic(), time.monotonic() + SECONDS
    while time.monotonic() < ends:
        if steps != seen or not steps:
            seen, since = Steps(steps), time.monotonic()
        elif time.monotonic() - since > 0.5:
            return seen
        time.sleep(0.01)
    raise AssertionError(f"it does not come to rest: {steps}")


def test_nothing_is_stepped_at_rest_and_whom_it_concerns_by_a_commit(backend: LocalBackend, steps: Steps) -> None:
    """The pipelines are stepped at the start, and those of a domain's partition again when a payload of it is on disk, which is read at
    once."""
    before = settle(steps)
    assert {name for name in before if " " not in name} == {"logs", PIPELINE}
    intake = backend.open_intake(0, print)
    body = request(["a"])
    intake.append(
        [Payload("default", "otlp", body, 1, 1_700_000_000_000, xxhash.xxh3_128_digest(body))], lambda _: None
    )
    ends = time.monotonic() + SECONDS
    view = backend.view()
    while view.counts()["default", "exporter/nop", "exported"] != 1:
        assert time.monotonic() < ends, "what was accepted is not delivered"
        time.sleep(0.01)
    view.close()
    after = settle(steps)
    stepped = {place for place in after if after[place] > before[place] and place.startswith("pipeline logs ")}
    assert stepped == {f"pipeline logs of partition {partition_of('default', 2)}"}, "not where its domain is not"
    assert intake.close(SECONDS)
