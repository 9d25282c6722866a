"""Random deaths: what was acknowledged is stored exactly once, and nothing appears that was never sent."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from collector.service.process import SILENCE_SECS
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import NumberedSenders

ROUNDS = int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "5"))
DOMAINS = ("tamyla.com", "wetechfounders.com", "default")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120 + 20 * max(8, ROUNDS))]


def stored_numbers(service: Service) -> Counter[int]:
    """How often each number stands in the store."""
    return Counter(int(n) for (n,) in service.rows("SELECT json_extract(attributes, '$.n') FROM sent"))


def kill_something(service: Service, draw: random.Random) -> None:
    """The whole tree, or one process of it."""
    victims = service.children()
    if not victims or draw.random() < 0.4:
        service.kill()
    else:
        psutil.Process(draw.choice(victims).pid).kill()


def settle(service: Service, seconds: float = 60.0) -> None:
    """Until it is ready. A child killed before the first start was over ends it all; whoever runs it starts it again."""
    deadline = time.monotonic() + seconds
    while service.get("/ready")[0] != 200:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        if service.process is None or service.process.poll() is not None:
            service.start()
        time.sleep(0.02)


def run_rounds(service: Service, rounds: int, seed: int) -> NumberedSenders:
    """Senders send all the time, while something is killed again and again; then everything is drained."""
    draw = random.Random(seed)
    senders = NumberedSenders(service.grpc, service.http, DOMAINS)
    service.start()
    settle(service)
    senders.start()
    try:
        for _ in range(rounds):
            time.sleep(draw.uniform(0.05, 0.8))
            kill_something(service, draw)
            assert service.process is not None
            if service.process.poll() is not None:
                service.start()
            if draw.random() < 0.7:
                settle(service)
        settle(service)
    finally:
        senders.stop()
    return senders


def await_deaths(service: Service, victims: list[psutil.Process], seconds: float = 60.0) -> None:
    """Until the processes are gone."""
    assert not psutil.wait_procs(victims, timeout=seconds)[1], service.log.read_text()[-2000:]


def drain(service: Service, senders: NumberedSenders) -> Counter[int]:
    """What the store holds once all is delivered and the service has ended cleanly.

    An entry that was alone in hand at three kills is set aside as poison: from outside nothing tells those kills from its
    own doing. It is replayed, as an operator would.
    """
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not senders.acknowledged <= stored_numbers(service).keys():
        service.replay_poison()
        time.sleep(0.5)
    assert service.terminate() == 0
    assert_directory_conserved(service.data, "logs")
    return stored_numbers(service)


def test_acknowledged_records_are_stored_exactly_once(tmp_path: Path) -> None:
    """Over all kills: each acknowledged number once, none that was never sent."""
    service = Service(tmp_path)
    try:
        senders = run_rounds(service, ROUNDS, seed=20_261)
        stored = drain(service, senders)
    finally:
        service.kill()
    missing = senders.acknowledged - stored.keys()
    assert not missing, f"{len(missing)} of {len(senders.acknowledged)} acknowledged numbers are missing"
    assert {n for n, times in stored.items() if times > 1} == set()
    assert stored.keys() <= senders.sent
    assert len(senders.acknowledged) > 100 * ROUNDS / 10


def test_without_dedup_only_unanswered_requests_may_double(tmp_path: Path) -> None:
    """`dedup_window: 0`: a number is stored twice only if its request once got no answer."""
    service = Service(tmp_path, json.dumps({"service": {"ledger": {"dedup_window": "0s"}}}))
    try:
        senders = run_rounds(service, max(3, ROUNDS // 3), seed=77)
        stored = drain(service, senders)
    finally:
        service.kill()
    assert senders.acknowledged <= stored.keys()
    assert {n for n, times in stored.items() if times > 1} <= senders.ambiguous
    assert stored.keys() <= senders.sent


def test_stopped_children_are_replaced(tmp_path: Path) -> None:
    """SIGSTOP: no heartbeat for 10 s, then SIGKILL and a new one; nothing acknowledged is lost. Each by its own silence: of the
    worker's the supervisor hears while intake goes on."""
    service = Service(tmp_path)
    with service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        time.sleep(0.5)
        stopped = [service.child(role) for role in ("worker", "ingest")]
        for child in stopped:
            child.send_signal(signal.SIGSTOP)
            time.sleep(1)
        await_deaths(service, stopped)
        service.await_ready()
        senders.stop()
        stored = drain(service, senders)
    assert senders.acknowledged <= stored.keys()
    assert max(stored.values()) == 1


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """A supervisor that is gone takes nobody with it, and leaves nobody behind: the next one takes over."""
    service = Service(tmp_path)
    with service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        time.sleep(0.5)
        children = service.children()
        assert len(children) == 2
        assert service.process is not None
        service.process.kill()
        service.process.wait()
        service.start()
        gone, alive = psutil.wait_procs(children, timeout=30)
        assert len(gone) == 2
        assert not alive
        service.await_ready()
        senders.stop()
        stored = drain(service, senders)
    assert senders.acknowledged <= stored.keys()
    assert max(stored.values()) == 1


def test_two_ingest_and_two_workers_under_kills(tmp_path: Path) -> None:
    """Shared ports, two journals, partitions shared out: the same promise."""
    service = Service(tmp_path, json.dumps({"service": {"processes": {"ingest": 2, "workers": 2}}}))
    try:
        senders = run_rounds(service, max(3, ROUNDS // 4), seed=4711)
        stored = drain(service, senders)
    finally:
        service.kill()
    assert senders.acknowledged <= stored.keys() <= senders.sent
    assert max(stored.values()) == 1
    assert sorted(path.name for path in (service.data / "journal").iterdir()) == ["0", "1", "control"]


def test_a_stopped_supervisor_does_not_take_its_children_for_dead(tmp_path: Path) -> None:
    """SIGSTOP of the supervisor for longer than a heartbeat may be late: intake goes on, and nobody is killed after."""
    service = Service(tmp_path)
    with service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        children = {child.pid for child in service.children()}
        assert service.process is not None
        service.process.send_signal(signal.SIGSTOP)
        time.sleep(SILENCE_SECS + 1)
        before = len(senders.acknowledged)
        service.process.send_signal(signal.SIGCONT)
        time.sleep(2)
        assert len(senders.acknowledged) > before
        assert {child.pid for child in service.children()} == children, service.log.read_text()[-2000:]
        senders.stop()
        stored = drain(service, senders)
    assert senders.acknowledged <= stored.keys()
