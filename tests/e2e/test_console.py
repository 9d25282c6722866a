"""The console beside a real service: it dies and hangs, and neither intake nor delivery notices."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from collector.testing.service import Service, free_ports

pytestmark = pytest.mark.e2e
_PATIENCE_SECS = 60.0


def console_of(service: Service) -> psutil.Process:
    """Its process, once there is one: the only one that steps back behind the others."""
    deadline = time.monotonic() + _PATIENCE_SECS
    while time.monotonic() < deadline:
        for child in service.children():
            try:
                if child.nice() > psutil.Process().nice():
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    raise AssertionError(f"there is no console:\n{service.log.read_text()[-4000:]}")


def shown(service: Service, port: int) -> str:
    """Its first page, once it answers."""
    deadline = time.monotonic() + _PATIENCE_SECS
    while time.monotonic() < deadline:
        status, text = service.get("/", port)
        if status == 200:
            return text
        time.sleep(0.1)
    raise AssertionError(f"the console does not answer:\n{service.log.read_text()[-4000:]}")


def send(service: Service, text: str) -> int:
    """One record; the status of the answer."""
    records = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": text}}]}]}]}
    headers = {"content-type": "application/json", "x-logboom-domain": "tamyla.com"}
    request = Request(f"http://127.0.0.1:{service.http}/v1/logs", json.dumps(records).encode(), headers)
    with urlopen(request, timeout=30) as answer:
        return int(answer.status)


def test_it_dies_and_hangs_and_nobody_else_notices(tmp_path: Path) -> None:
    """A new one stands in the place of one that died; while one stands still, records are taken and stored. Samples that it sends are, too."""
    (port,) = free_ports(1)
    override = (
        f"extensions: {{console: {{endpoint: '127.0.0.1:{port}'}}}}\nservice: {{extensions: [console, health_check]}}"
    )
    with Service(tmp_path, override) as service:
        assert "logboom" in shown(service, port)
        first = console_of(service)
        first.kill()
        assert send(service, "while it is dead") == 200
        assert service.get("/live")[0] == service.get("/ready")[0] == 200
        shown(service, port)
        second = console_of(service)
        assert second.pid != first.pid
        second.suspend()
        try:
            assert send(service, "while it stands still") == 200
            service.await_stored(2, _PATIENCE_SECS)
            assert service.get("/ready")[0] == 200
        finally:
            second.resume()
        with urlopen(Request(f"http://127.0.0.1:{port}/samples", b"domain="), timeout=120) as answer:
            assert "have arrived" in answer.read().decode()
        service.await_stored(2 + 1000, _PATIENCE_SECS)
        assert service.terminate() == 0
