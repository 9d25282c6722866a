"""Honest senders: numbered records at a modest pace, each request sent again, the same bytes, until it is acknowledged."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chaos.place import HONEST
from collector.cli.traffic.client import Client, GrpcClient, HttpClient
from counterparts.numbered import HEADER, request

SERVICE = "honest"
_STRIDE = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: when it was first sent and when it was acknowledged (monotonic seconds), and how often it was sent."""

    door: str
    began: float
    acknowledged: float
    attempts: int

    @property
    def seconds(self) -> float:
        """From the first byte to the yes."""
        return self.acknowledged - self.began


@dataclass
class Sent:
    """What all senders did. `domain_of` names the domain of each number sent; `refused` what will never be taken."""

    domain_of: dict[int, str] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class HonestSenders:
    """A gRPC and an HTTP sender for each domain.

    Args:
        rate: records a second, of all together.
    """

    def __init__(self, grpc_port: int, http_port: int, rate: float) -> None:
        self.sent = Sent()
        self._numbers = itertools.count(1)
        self._enough, self._give_up = threading.Event(), threading.Event()
        doors: dict[str, Callable[[], Client]] = {
            "grpc": lambda: GrpcClient(f"127.0.0.1:{grpc_port}", False, HEADER),
            "http": lambda: HttpClient(f"http://127.0.0.1:{http_port}", True, HEADER),
        }
        pairs = list(itertools.product(doors.items(), HONEST))
        self._threads = [
            threading.Thread(
                target=self._run, args=(door, connect, domain, size, size * len(pairs) / rate), daemon=True
            )
            for ((door, connect), domain), size in zip(pairs, itertools.cycle((5, 12, 30)), strict=False)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience_secs: float) -> None:
        """Nothing new; what is under way may be repeated for so long."""
        self._enough.set()
        deadline = time.monotonic() + patience_secs
        started = [thread for thread in self._threads if thread.ident is not None]
        for thread in started:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._give_up.set()
        for thread in started:
            thread.join(15)

    def _run(self, door: str, connect: Callable[[], Client], domain: str, size: int, pause_secs: float) -> None:
        client = connect()
        while not self._enough.is_set():
            first = next(self._numbers) * _STRIDE
            client = self._deliver(door, client, connect, domain, range(first, first + size))
            time.sleep(pause_secs * random.uniform(0.5, 1.5))
        client.close()

    def _deliver(self, door: str, client: Client, connect: Callable[[], Client], domain: str, numbers: range) -> Client:
        """A connection that failed is made anew, so that no back-off of the client's own counts as slowness of the server."""
        body, sent = request(numbers, f"{SERVICE}-{door}"), self.sent
        with sent.lock:
            sent.domain_of.update(dict.fromkeys(numbers, domain))
        began = time.monotonic()
        for attempt in itertools.count(1):
            problem = client.send(body, domain)
            with sent.lock:
                if not problem:
                    sent.acknowledged.update(numbers)
                    sent.deliveries.append(Delivery(door, began, time.monotonic(), attempt))
                    break
                sent.answers[problem[:60]] += 1
                if not client.retryable:
                    sent.refused[problem[:60]] += 1
                    break
            if self._give_up.is_set():
                break
            client.close()
            client = connect()
            time.sleep(0.05)
        return client
