"""A destination that is away: what comes next goes to the spare, what waits follows, and all of it is once in one of the two."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service, free_ports
from e2e.test_topologies import file_numbers, send_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(200)]


def test_the_spare_takes_over_and_the_backlog_follows(tmp_path: Path) -> None:
    """Nobody listens where the first level sends to. Those queued before that was seen move after it."""
    (nowhere,) = free_ports(1)
    spare = tmp_path / "spare.jsonl"
    override = {
        "connectors": {
            "failover": {
                "priority_levels": [["logs/main"], ["logs/spare"]],
                "failing_after": "1s",
                "move_backlog_after": "2s",
            }
        },
        "exporters": {
            "otlp_http": {
                "endpoint": f"http://127.0.0.1:{nowhere}",
                "retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s", "max_elapsed_time": "0s"},
            },
            "file": {"path": str(spare)},
        },
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["failover"]},
                "logs/main": {"receivers": ["failover"], "exporters": ["otlp_http"]},
                "logs/spare": {"receivers": ["failover"], "exporters": ["file"]},
            }
        },
    }
    service = Service(tmp_path, json.dumps(override))
    with service:
        numbers: set[int] = set()
        for turn in range(4):
            numbers |= send_for(service, 0.7, first=100_000 * turn).acknowledged
            time.sleep(1)
        deadline = time.monotonic() + 60
        while not spare.exists() or set(file_numbers(spare)) != numbers:
            assert time.monotonic() < deadline, service.log.read_text()[-3000:]
            time.sleep(0.2)
        assert sorted(file_numbers(spare)) == sorted(numbers), "each once"
        assert service.terminate() == 0
    assert_directory_conserved(service.data, "logs")
    assert "the backlog of pipeline logs/main moves to logs/spare" in service.log.read_text()
