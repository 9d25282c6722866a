"""Senders that number their records and resend each request until it is acknowledged: the other half of a fault test.

A record's number stands in its attribute `n` (an integer). `ambiguous` holds the numbers of requests that once got no
clear answer: without a dedup window those, and only those, may be stored twice.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.cli.traffic.client import Client, GrpcClient, HttpClient

HEADER = "x-logboom-domain"
_PAUSE_SECS = 0.03
"""Between two requests of a thread: some thousand records a second of all, so that tests beside this one have a core, too."""


def request(numbers: range, service: str) -> bytes:
    """One Export request with a record for each number."""
    message = ExportLogsServiceRequest()
    resource = message.resource_logs.add()
    attribute = resource.resource.attributes.add(key="service.name")
    attribute.value.string_value = service
    scope = resource.scope_logs.add()
    for number in numbers:
        record = scope.log_records.add(time_unix_nano=time.time_ns(), severity_number=9, severity_text="INFO")
        record.body.string_value = f"record {number} of {service}"
        record.attributes.add(key="n").value.int_value = number
    return message.SerializeToString()


class NumberedSenders:
    """Threads that send until `stop`; each request is repeated until it is acknowledged or `stop` was called twice."""

    def __init__(
        self, grpc_port: int, http_port: int, domains: tuple[str, ...], threads: int = 4, first: int = 0
    ) -> None:
        self.sent: set[int] = set()
        self.acknowledged: set[int] = set()
        self.ambiguous: set[int] = set()
        self._lock = threading.Lock()
        self._next = itertools.count(first)
        self._enough = threading.Event()
        self._give_up = threading.Event()
        endpoints: Iterator[Client] = (
            GrpcClient(f"127.0.0.1:{grpc_port}", False, HEADER) if n % 2 == 0
            else HttpClient(f"http://127.0.0.1:{http_port}", n % 4 == 1, HEADER)
            for n in range(threads)
        )  # fmt: skip
        self._threads = [
            threading.Thread(
                target=self._run, args=(client, domains[n % len(domains)], 3 + 13 * n), daemon=True
            )  # a test that fails ends, whatever its senders do
            for n, client in enumerate(endpoints)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience_secs: float = 60.0) -> None:
        """Send nothing new; wait until what is under way is acknowledged."""
        self._enough.set()
        deadline = time.monotonic() + patience_secs
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._give_up.set()
        for thread in self._threads:
            thread.join(15)

    def _run(self, client: Client, domain: str, size: int) -> None:
        while not self._enough.is_set():
            with self._lock:
                first = next(self._next) * 1000
            numbers = range(first, first + size)
            self._deliver(client, domain, numbers)
            self._enough.wait(_PAUSE_SECS)
        client.close()

    def _deliver(self, client: Client, domain: str, numbers: range) -> None:
        body = request(numbers, f"service-{size_class(len(numbers))}")
        self.sent.update(numbers)
        while not self._give_up.is_set():
            problem = client.send(body, domain)
            if not problem:
                self.acknowledged.update(numbers)
                return
            if not _refused(problem):
                self.ambiguous.update(numbers)
            time.sleep(0.05)


def size_class(size: int) -> str:
    """A stable name for senders of one request size."""
    return f"of-{size}"


def _refused(problem: str) -> bool:
    """A clear no: the server answered and kept nothing."""
    return problem.startswith(("HTTP 4", "HTTP 5", grpc.StatusCode.RESOURCE_EXHAUSTED.name))
