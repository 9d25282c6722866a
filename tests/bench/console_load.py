"""What people who search cost those who send: acknowledgements and rows stored a second with and without ten clients of the console, in turns of
one run: `make bench-console-load`.

.venv/bin/python tests/bench/console_load.py [--rate 20000] [--seconds 60] [--rounds 3] [--clients 10] [--pause 0]
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

from load import send
from processes import CLIENT_CORE

from collector.testing.service import Service, free_ports

SEARCHES = (
    "/api/v1/logs?from=now-24h", "/api/v1/logs?q=level:critical&from=now-24h", "/api/v1/logs?q=order&from=now-1h",
    "/api/v1/logs/histogram?from=now-24h", "/api/v1/logs/facets?from=now-24h", "/api/v1/logs?q=nowhere&from=now-24h",
    "/api/v1/issues", "/api/v1/patterns?from=now-24h", "/", "/logs",
)  # fmt: skip
"""Each client begins with another one. The sixth finds nothing and looks at all there is, for as long as a search may take."""
_BEFORE = 200_000
"""Records that are there already when it begins."""
_NEWEST = "SELECT max(rowid) FROM logs"
_PATIENCE_SECS = 600.0
_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Searches:
    """What clients saw: ms of each answer, and its status."""

    taken: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Turn:
    """One way, once."""

    ack_p50_ms: float
    ack_p99_ms: float
    acknowledged: float
    stored: float


def searchers(port: int, clients: int, pause_secs: float, end: Event, told: SimpleQueue[Searches]) -> None:
    """Clients in a process of their own: the one that sends measures how long answers take, and must not wait for them."""
    os.nice(19)  # they would be other machines
    with ThreadPoolExecutor(clients) as pool:
        each = [pool.submit(searching, port, first, pause_secs, end) for first in range(clients)]
        found = [one.result() for one in each]
    taken = [ms for one in found for ms in one.taken]
    told.put(Searches(taken, sum((one.statuses for one in found), Counter())))


def searching(port: int, first: int, pause_secs: float, end: Event) -> Searches:
    """One client, a search after the other."""
    seen, connection = Searches(), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path in islice(cycle(SEARCHES), first, None):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        seen.taken.append((time.perf_counter() - began) * 1000)
        seen.statuses[answer.status] += 1
        if end.wait(pause_secs):
            break
    connection.close()
    return seen


def stored_from(service: Service, rows: int) -> float:
    """When so many more are in the store than were."""
    deadline = time.monotonic() + _PATIENCE_SECS
    while int(service.rows(_NEWEST)[0][0] or 0) < rows:
        if time.monotonic() > deadline:
            raise RuntimeError("records are not stored")
        time.sleep(0.05)
    return time.monotonic()


def turn(service: Service, rate: int, seconds: float) -> Turn:
    """Offer so much for so long, and wait until it is stored."""
    records = int(rate * seconds) // 1000 * 1000
    there, began = int(service.rows(_NEWEST)[0][0] or 0), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(stored_from, service, there + records)
        sent = send("grpc", service.grpc, 1000, 4, records, float(rate))
        took = end.result() - began
    return Turn(sent.p50_ms, sent.p99_ms, sent.acknowledged / sent.seconds, records / took)


def both(service: Service, port: int, asked: argparse.Namespace) -> tuple[list[Turn], list[Turn], Searches]:
    """Without and with, in turns."""
    alone, beside, seen = [], [], Searches()
    for _ in range(asked.rounds):
        alone.append(turn(service, asked.rate, asked.seconds))
        end, answers = _SPAWN.Event(), _SPAWN.SimpleQueue()
        given = (port, asked.clients, asked.pause, end, answers)
        process = _SPAWN.Process(target=searchers, args=given)
        process.start()
        try:
            beside.append(turn(service, asked.rate, asked.seconds))
        finally:
            end.set()
        found: Searches = answers.get()
        process.join()
        seen.taken += found.taken
        seen.statuses += found.statuses
    return alone, beside, seen


def told(name: str, turns: list[Turn]) -> str:
    """A line: medians of the turns."""
    p50, p99, acknowledged, stored = (
        statistics.median(getattr(each, what) for each in turns)
        for what in ("ack_p50_ms", "ack_p99_ms", "acknowledged", "stored")
    )
    return f"{name:16} ack p50 {p50:7.1f} ms, p99 {p99:7.1f} ms; {acknowledged:8,.0f} acknowledged/s, {stored:8,.0f} stored/s\n"


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two searches of a client")
    asked = parser.parse_args()
    (port,) = free_ports(1)
    options = {
        "extensions": {"console": {"endpoint": f"127.0.0.1:{port}"}},
        "service": {"extensions": ["console", "health_check"]},
    }
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), json.dumps(options)) as service:
        os.sched_setaffinity(0, {CLIENT_CORE})
        send("grpc", service.grpc, 1000, 4, _BEFORE)
        stored_from(service, _BEFORE)
        alone, beside, seen = both(service, port, asked)
        errors = {status: n for status, n in seen.statuses.items() if status >= 500}
    sys.stdout.write(f"{asked.rate:,} records/s offered for {asked.seconds:g} s, {asked.rounds} turns each, medians\n")
    sys.stdout.write(told("nobody searches", alone) + told(f"{asked.clients} clients do", beside))
    sys.stdout.write(
        f"{len(seen.taken) / asked.rounds / asked.seconds:.1f} searches/s, {statistics.median(seen.taken):.0f} ms median,"
        f" {seen.statuses[429]} told to come again, {sum(errors.values())} failed {errors or ''}\n"
    )


if __name__ == "__main__":
    main()
