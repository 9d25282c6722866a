"""SIGHUP after SIGHUP while senders send over both protocols: no request fails over HTTP; over gRPC a call that meets the end of its
connection may be told to come again, in a word that OTLP clients heed, and is taken then."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from collector.cli.traffic.client import Client, GrpcClient, HttpClient
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.examples import rounds
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RELOADS = rounds(12, 3)
AGAIN = ("CANCELLED", "UNAVAILABLE")
PAUSES_SECS = (0.0, 1.5, 3.0)
"""A connection that was made in the moment in which its listener closed is reset by the kernel; grpc makes the next after a second, and says
so to each call until then. Clients of OTLP come again after a second, too, and then after longer."""
DOMAINS = ("tamyla.com", "wetechfounders.com")


class Strict:
    """Sends each request once, over gRPC again where it was told so, and keeps what was answered that was no success."""

    def __init__(self, service: Service) -> None:
        self.acknowledged: set[int] = set()
        self.problems: list[str] = []
        self.told_again: list[str] = []
        self.slowest_secs = 0.0
        self._enough = threading.Event()
        clients: list[Client] = [
            *(GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER) for _ in range(2)),
            *(HttpClient(f"http://127.0.0.1:{service.http}", gzip, HEADER) for gzip in (False, True)),
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(client, number), daemon=True)
            for number, client in enumerate(clients)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, client: Client, sender: int) -> None:
        sent = 0
        while not self._enough.wait(0.01):
            first = sender * 10_000_000 + sent
            numbers = range(first, first + 10)
            sent += 10
            began = time.monotonic()
            body = request(numbers, "strict")
            problem = client.send(body, DOMAINS[sender % 2])
            for pause_secs in PAUSES_SECS:
                if problem.startswith(AGAIN) and isinstance(client, GrpcClient):
                    self.told_again.append(problem)
                    time.sleep(pause_secs)
                    problem = client.send(body, DOMAINS[sender % 2])
            self.slowest_secs = max(self.slowest_secs, time.monotonic() - began)
            if problem:
                self.problems.append(problem)
            else:
                self.acknowledged.update(numbers)
        client.close()


def test_no_request_fails_while_configurations_follow_each_other(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        senders = Strict(service)
        assert service.process is not None
        for number in range(1, RELOADS + 1):
            time.sleep(0.5)
            changed = service.config.read_text().replace("processors: [categorize, triage]", "processors: [triage]")
            if number % 2 == 0:
                changed = changed.replace("processors: [triage]", "processors: [categorize, triage]")
            service.config.write_text(changed)
            service.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 120
            while service.log.read_text().count("configuration reloaded") < number and time.monotonic() < deadline:
                time.sleep(0.05)
        senders.stop()
        log = service.log.read_text()
        assert log.count("configuration reloaded") == RELOADS, log[-3000:]
        assert senders.problems == [], (senders.problems[:5], log[-3000:])
        assert len(senders.told_again) <= 3 * RELOADS, "more than the call under way of each gRPC sender"
        assert len(senders.acknowledged) > 1000
        assert service.terminate(120) == 0
    stored = Counter(
        int(number) for (number,) in service.rows("SELECT attributes ->> '$.n' AS n FROM logs WHERE n IS NOT NULL")
    )
    assert stored == Counter(senders.acknowledged)
    assert_directory_conserved(service.data, "logs")
    print(f"{len(senders.acknowledged)} records, slowest answer {senders.slowest_secs:.2f} s")
