"""Senders that go to any of several doors with the same bytes until one of them takes them, as behind a load balancer."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SEVERITY_NUMBER_FATAL

from collector.cli.traffic.client import HttpClient, send_until_acknowledged
from counterparts.numbered import HEADER

FAULTS = ("database", "cache", "queue")
PER_REQUEST = 100


@dataclass
class Sent:
    """What was sent and how it went: `acknowledged`: number of a record → monotonic seconds of the answer; `bodies`: (domain, body), in the
    order of the answers; `longest_secs`: from the first attempt of a request to its answer."""

    numbers: set[int] = field(default_factory=set)
    acknowledged: dict[int, float] = field(default_factory=dict)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    longest_secs: float = 0.0
    refusals: int = 0
    problems: list[str] = field(default_factory=list)
    """What was said with answers that are no reason to send again."""


def request(numbers: range, service: str, draw: random.Random) -> bytes:
    """Records of three patterns; some are errors, a few critical."""
    message = ExportLogsServiceRequest()
    resource = message.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_logs.add()
    for number in numbers:
        record = scope.log_records.add(time_unix_nano=time.time_ns(), severity_number=9, severity_text="INFO")
        record.body.string_value = f"{draw.choice(('read', 'wrote', 'sent'))} {draw.randrange(10_000)} bytes"
        record.attributes.add(key="n").value.int_value = number
    if draw.random() < 0.2:
        record.severity_number = SEVERITY_NUMBER_FATAL
        record.severity_text = "FATAL"
        record.body.string_value = f"the {draw.choice(FAULTS)} is broken"
    return message.SerializeToString()


class Resending:
    """Threads that send until `stop`. `ports` are looked up at each attempt, in random order."""

    def __init__(
        self, ports: Sequence[int], domains: Sequence[str], threads: int = 6, pause_secs: float = 0.03
    ) -> None:
        self.sent = Sent()
        self._ports, self._domains, self._pause_secs = ports, domains, pause_secs
        self._lock = threading.Lock()
        self._next = itertools.count(1)
        self._enough, self._give_up = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience_secs: float = 120.0) -> None:
        """Send nothing new; wait until what is under way is taken."""
        self._enough.set()
        deadline = time.monotonic() + patience_secs
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._give_up.set()
        assert not any(thread.is_alive() for thread in self._threads), (
            f"not taken in {patience_secs} s: {self.sent.problems[-3:]}"
        )

    def repeat(self, bodies: Sequence[tuple[str, bytes]]) -> None:
        """Send these once more, to the first door, in their order; in the caller's thread."""
        client = HttpClient(f"127.0.0.1:{self._ports[0]}", False, HEADER)
        for domain, body in bodies:
            problem = send_until_acknowledged(client, body, domain, 60.0)
            assert not problem, problem
        client.close()

    def _run(self, number: int) -> None:
        draw = random.Random(number)
        clients = {port: HttpClient(f"127.0.0.1:{port}", False, HEADER) for port in self._ports}
        while not self._enough.is_set():
            with self._lock:
                first = next(self._next) * PER_REQUEST
            numbers = range(first, first + draw.randrange(1, 12))
            self._deliver(clients, draw, numbers)
            self._enough.wait(self._pause_secs)
        for client in clients.values():
            client.close()

    def _deliver(self, clients: dict[int, HttpClient], draw: random.Random, numbers: range) -> None:
        domain, since = draw.choice(self._domains), time.monotonic()
        body = request(numbers, f"svc{draw.randrange(2)}", draw)
        self.sent.numbers.update(numbers)
        while not self._give_up.is_set():
            client = clients[draw.choice(self._ports)]
            problem, now = client.send(body, domain), time.monotonic()
            with self._lock:
                if not problem:
                    self.sent.acknowledged.update(dict.fromkeys(numbers, now))
                    self.sent.bodies.append((domain, body))
                    self.sent.longest_secs = max(self.sent.longest_secs, now - since)
                    return
                self.sent.refusals += 1
                if not client.retryable:
                    self.sent.problems.append(problem)
            self._give_up.wait(0.1)
