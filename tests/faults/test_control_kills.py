"""What people do and the service knows, over deaths of whoever takes it in: told once, there once."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collector.control.asking import NotRunning, ask
from collector.control.command import DEPLOYMENT, command
from collector.control.deployment import Deployment
from collector.control.record import ControlRecord
from collector.control.teller import Teller
from collector.reserved import DOMAIN
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import NumberedSenders

WAYS = ("tree", "ingest", "worker", "supervisor", "reload")
ROUNDS = max(len(WAYS), int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "9")) // 3)
NAME = "logboom.service.test"

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240 + 30 * max(8, ROUNDS))]


class Told:
    """Somebody who tells numbers, and remembers which were answered."""

    def __init__(self, root: Path) -> None:
        self.numbers = 0
        self._teller = Teller(root)
        self._teller.start()

    def tell(self, count: int) -> None:
        for _ in range(count):
            self._teller.tell(ControlRecord(NAME, DOMAIN, f"number {self.numbers}", {"n": self.numbers}))
            self.numbers += 1

    def close(self) -> None:
        """All of them are on disk."""
        self._teller.close(90.0)
        assert (self._teller.waiting, self._teller.lost_records) == (0, 0)


def stored(service: Service) -> Counter[int]:
    found = service.rows(
        f"SELECT json_extract(attributes, '$.n') FROM logs WHERE event_name = '{NAME}' AND generation = 1"
    )
    return Counter(int(n) for (n,) in found)


def settle(service: Service, seconds: float = 90.0) -> None:
    """Until it is ready; started again where a death ended it all."""
    deadline = time.monotonic() + seconds
    while service.get("/ready")[0] != 200:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        if service.process is None or service.process.poll() is not None:
            service.start()
        time.sleep(0.05)


def await_stored(service: Service, numbers: int, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and len(stored(service)) < numbers:
        service.replay_poison()
        time.sleep(0.3)
    assert stored(service) == Counter(range(numbers)), service.log.read_text()[-3000:]


def ways(draw: random.Random) -> Iterator[str]:
    """One a round: each before any comes again."""
    decks = (draw.sample(WAYS, len(WAYS)) for _ in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(decks), ROUNDS)


def harm(service: Service, way: str) -> None:
    """The whole tree, slot 0, the worker, the supervisor alone, or a reload."""
    assert service.process is not None
    if way == "tree" or len(service.children()) < 2:
        service.kill()
    elif way == "supervisor":
        children = service.children()
        service.process.kill()
        service.process.wait()
        psutil.wait_procs(children, timeout=40)
    elif way == "reload":
        service.process.send_signal(signal.SIGHUP)
    else:
        service.child(way).kill()


def test_what_was_told_is_stored_exactly_once_over_any_death(tmp_path: Path) -> None:
    """Also while data are sent; both accounts add up."""
    service = Service(tmp_path)
    draw = random.Random(20_300)
    try:
        service.start()
        settle(service)
        told = Told(service.data)
        senders = NumberedSenders(service.grpc, service.http, ("tamyla.com",))
        senders.start()
        for way in ways(draw):
            told.tell(6)
            time.sleep(draw.uniform(0.0, 0.6))
            harm(service, way)
            told.tell(6)
            if draw.random() < 0.7:
                settle(service)
        settle(service)
        senders.stop()
        told.close()
        await_stored(service, told.numbers)
        assert service.terminate() == 0
        assert_directory_conserved(service.data, "logs")
        assert stored(service) == Counter(range(told.numbers))
    finally:
        service.kill()


class Marks:
    """Somebody who marks deployments, asks again with the same id until he is answered, and waits for some."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.sent = 0
        self.applied: set[str] = set()

    def mark(self, waits: bool) -> None:
        version = str(self.sent)
        self.sent += 1
        deployment = Deployment("", "checkout", version, "production")
        record = command(DEPLOYMENT, "tamyla.com", deployment.of_command(), who="a test", id_=f"mark {version}")
        deadline = time.monotonic() + 90
        while True:
            try:
                told = ask(self._root, record, 2.0 if waits else 0.0)
            except NotRunning:
                assert time.monotonic() < deadline, f"{version} is not taken"
                time.sleep(0.1)
                continue
            if told.settled:
                assert [each.applied for each in told.settled] == [True]
                self.applied.add(version)
            return


def test_a_command_is_carried_out_exactly_once_over_any_death(tmp_path: Path) -> None:
    """Asked again after each death; one event, one answer, one row; and whoever was told that it is done was told the truth."""
    service = Service(tmp_path)
    draw = random.Random(20_301)
    try:
        service.start()
        settle(service)
        marks = Marks(service.data)
        for way in ways(draw):
            for number in range(4):
                marks.mark(waits=number == 0)
            harm(service, way)
            if draw.random() < 0.5 and service.process is not None and service.process.poll() is None:
                marks.mark(waits=False)
            settle(service)
        wanted = [(str(number),) for number in range(marks.sent)]
        deadline = time.monotonic() + 90
        versions = (
            "SELECT json_extract(attributes, '$.\"service.version\"') FROM logs WHERE generation > 0 AND event_name = "
        )
        while len(service.rows(f"{versions} 'logboom.deployment'")) < marks.sent and time.monotonic() < deadline:
            service.replay_poison()
            time.sleep(0.3)
        for name in ("logboom.deployment", DEPLOYMENT):
            found = service.rows(f"{versions} '{name}'")
            assert sorted(found) == sorted(wanted), f"{name}\n{service.log.read_text()[-3000:]}"
        service.await_rows("SELECT count(*) FROM logs WHERE event_name = 'logboom.command.applied'", [(marks.sent,)])
        service.await_rows("SELECT count(*) FROM deployments", [(marks.sent,)])
        assert marks.applied, "nobody was ever told"
        assert service.terminate() == 0
    finally:
        service.kill()
