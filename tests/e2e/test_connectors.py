"""Pipelines that feed pipelines, in a real service: through kills, a stage that fails, and reloads that wire them anew."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.backend.offline import view_of
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.examples import rounds
from e2e.test_topologies import file_numbers, reload, send_for, start, stored_numbers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]


def wired(tmp_path: Path, *feeds: str, own: str = "sqlite") -> dict[str, Any]:
    """`logs` with its own exporter and `forward`; each of `feeds` with a file of its name."""
    exporters = {f"file/{name}": {"path": str(tmp_path / f"{name}.jsonl")} for name in feeds}
    fed = {f"logs/{name}": {"receivers": ["forward"], "exporters": [f"file/{name}"]} for name in feeds}
    logs = {
        "receivers": ["otlp"],
        "processors": ["categorize", "triage"],
        "exporters": [own, "forward"] if feeds else [own],
    }
    return {
        "exporters": exporters,
        "connectors": {"forward": {}} if feeds else {},
        "service": {"pipelines": {"logs": logs, **fed}},
    }


def test_a_chain_delivers_each_record_once_to_each(tmp_path: Path) -> None:
    service = start(tmp_path, **wired(tmp_path, "a", "b"))
    try:
        senders = send_for(service, 1.0)
        service.await_stored(len(senders.acknowledged))
        assert service.terminate() == 0
    finally:
        service.kill()
    expected = sorted(senders.acknowledged)
    assert sorted(stored_numbers(service)) == expected
    assert sorted(file_numbers(tmp_path / "a.jsonl")) == expected
    assert sorted(file_numbers(tmp_path / "b.jsonl")) == expected
    assert_directory_conserved(service.data, "logs")


def test_a_chain_through_sigkills_of_the_worker(tmp_path: Path) -> None:
    """The store has each once; files, which know no ids, have each at least once."""
    service = start(tmp_path, **wired(tmp_path, "a", "b"))
    try:
        numbers: set[int] = set()
        for turn in range(rounds(6, 2)):
            numbers |= send_for(service, 0.7, first=100_000 * turn).acknowledged
            service.child("worker").kill()
        service.await_stored(len(numbers))
        assert service.terminate() == 0
    finally:
        service.kill()
    assert sorted(stored_numbers(service)) == sorted(numbers)
    for name in ("a", "b"):
        assert set(file_numbers(tmp_path / f"{name}.jsonl")) == numbers
    assert_directory_conserved(service.data, "logs")


@pytest.mark.timeout(400)
def test_reloads_that_wire_pipelines_anew_leave_journals_empty(tmp_path: Path) -> None:
    """None, one, two fed pipelines, one that reads and is fed later, none again: no cursor is left to hold a journal."""
    service = start(tmp_path)
    reads = wired(tmp_path, "a")
    reads["service"]["pipelines"]["logs/b"] = {"receivers": ["otlp"], "exporters": ["file/a"]}
    try:
        numbers: set[int] = set()
        for turn, override in enumerate(
            [wired(tmp_path, "a"), wired(tmp_path, "a", "b"), reads, wired(tmp_path, "b"), {}]
        ):
            numbers |= send_for(service, 0.4, first=100_000 * turn).acknowledged
            reload(service, **override)
        numbers |= send_for(service, 0.4, first=900_000).acknowledged
        service.await_stored(len(numbers))
        await_empty_journals(service)
        assert service.terminate() == 0
    finally:
        service.kill()
    assert sorted(stored_numbers(service)) == sorted(numbers)


def await_empty_journals(service: Service) -> None:
    """Trimmed behind the slowest pipeline, within a second or so of the last step."""
    deadline = time.monotonic() + 60
    with closing(view_of(service.data)) as view:
        while any(size.entries for size in view.journals().values()):
            assert time.monotonic() < deadline, view.journals()
            time.sleep(0.1)
