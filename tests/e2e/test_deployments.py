"""`logboom deployments mark`, with a logboom that runs: done when the command ends, once for a key, in the table of deployments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from collector.testing.service import Service


def mark(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-P",
        "-m",
        "collector.cli",
        "deployments",
        "mark",
        "--data-dir",
        str(service.data),
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def table(service: Service) -> list[tuple[Any, ...]]:
    return service.rows("SELECT domain, service, service_version, environment, url FROM deployments ORDER BY 1, 3")


def test_a_deployment_is_marked_once(tmp_path: Path) -> None:
    service = Service(tmp_path)
    with service:
        one = (
            "--service",
            "checkout",
            "--version",
            "1.2",
            "--domain",
            "tamyla.com",
            "--idempotency-key",
            "build-7",
            "--json",
        )
        told = [json.loads(mark(service, *one, "--url", "https://ci.example/7").stdout) for _ in range(2)]
        assert [each["settled"][0]["applied"] for each in told] == [True, True]
        assert told[0]["settled"][0]["snapshot"]["service.version"] == "1.2"
        worker = service.child("worker")
        worker.kill()
        done = mark(service, "--service", "checkout", "--version", "1.3", "--domain", "tamyla.com")
        assert done.returncode == 0, done.stderr
        unknown = mark(service, "--service", "checkout", "--version", "1.3", "--domain", "unknown.example")
        assert (unknown.returncode, "is not known here" in unknown.stderr) == (1, True)
        wrong = mark(service, "--service", "checkout", "--version", "1.3", "--time", "yesterday")
        assert (wrong.returncode, "time: a time such as" in wrong.stderr) == (2, True)
        service.await_ready()
        service.await_rows(
            "SELECT body FROM logs WHERE event_name = 'logboom.deployment' ORDER BY body",
            [("checkout 1.2 was deployed to production",), ("checkout 1.3 was deployed to production",)],
        )
        assert table(service) == [
            ("tamyla.com", "checkout", "1.2", "production", "https://ci.example/7"),
            ("tamyla.com", "checkout", "1.3", "production", None),
        ]
        assert service.terminate() == 0
    ended = mark(service, "--service", "checkout", "--version", "1.4")
    assert (ended.returncode, "no logboom that runs" in ended.stderr) == (1, True)
