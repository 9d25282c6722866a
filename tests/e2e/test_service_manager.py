"""What a service manager hears of a real `logboom run`: the protocol of sd_notify, over a socket as systemd makes it."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.testing.service import Service

pytestmark = pytest.mark.e2e


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inlet:
        inlet.bind(str(tmp_path / "notify"))
        inlet.settimeout(60)
        yield inlet


def heard(inlet: socket.socket, *, but: str = "WATCHDOG=1") -> dict[str, str]:
    """The next message that is not a sign of life."""
    while True:
        text = inlet.recv(4096).decode()
        if text != but:
            return dict(line.split("=", 1) for line in text.splitlines())


def test_ready_reloading_ready_stopping(manager: socket.socket, tmp_path: Path) -> None:
    """Ready when it serves, and not before; a reload has the time at which it began; one that is refused ends as well."""
    with Service(tmp_path, env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as service:
        ready = heard(manager)
        assert ready["READY"] == "1"
        assert f":{service.grpc}" in ready["STATUS"]
        for text in (service.config.read_text(), "wrong: ["):
            service.config.write_text(text)
            before = time.monotonic_ns() // 1000
            assert service.process is not None
            service.process.send_signal(signal.SIGHUP)
            began = heard(manager)
            assert began["RELOADING"] == "1"
            assert before <= int(began["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
            assert heard(manager) == {"READY": "1"}
        assert service.terminate() == 0
        assert heard(manager) == {"STOPPING": "1"}


def test_it_shows_that_it_lives_while_it_does(manager: socket.socket, tmp_path: Path) -> None:
    """At least once in each period of the watchdog; a supervisor that hangs shows nothing."""
    service = Service(tmp_path, env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"})
    service.start()
    try:
        assert heard(manager)["READY"] == "1"
        assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        assert service.process is not None
        os.kill(service.process.pid, signal.SIGSTOP)
        manager.settimeout(3)
        with pytest.raises(TimeoutError):
            [manager.recv(4096) for _ in range(100)]
    finally:
        service.kill()


def test_a_socket_that_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    """Here one of the abstract namespace that is not there."""
    with Service(tmp_path, env={"NOTIFY_SOCKET": "@logboom-nobody"}) as service:
        assert service.terminate() == 0
