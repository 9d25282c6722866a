"""`logboom run` on several machines that share the work over a real Kafka: one dies, one is restarted, and every record is processed once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from collector.cluster.connecting import connect, remembered
from collector.cluster.status import read_all
from collector.testing.service import Service
from counterparts.kafka import Kafka

PARTITIONS, SECONDS, FRESH_SECS = 4, 180.0, 10.0
DOMAINS = [f"{name}.example" for name in "abcdefgh"]
SHARED = """
processors: {{patterns: {{}}, issues: {{}}}}
service:
  pipelines: {{logs: {{processors: [categorize, triage, patterns, issues]}}}}
  telemetry: {{logs: {{level: info}}}}
  domains: {{names: [{domains}], header: x-logboom-domain}}
  ledger:
    partitions: {partitions}
    kafka: {{brokers: ["{address}"], prefix: {prefix}, instance_id: {name}, session_timeout: 6s, replication_factor: 1, min_insync_replicas: 1}}
"""


class Machines:
    """Some of them, of one prefix."""

    def __init__(self, kafka: Kafka, folder: Path, names: Sequence[str]) -> None:
        self.kafka, self.prefix = kafka, folder.name
        self.all: dict[str, Service] = {}
        for name in names:
            (folder / name).mkdir()
            shared = SHARED.format(
                domains=", ".join(DOMAINS), partitions=PARTITIONS, address=kafka.address, prefix=self.prefix, name=name
            )
            self.all[name] = Service(folder / name, shared)

    def start(self, *names: str) -> None:
        for name in names:
            self.all[name].start()
        for name in names:
            self.all[name].await_ready(SECONDS)

    def owned(self) -> dict[str, int]:
        """Machine → how many partitions it owns, by what owners told lately."""
        cluster = remembered(next(iter(self.all.values())).data)
        if cluster is None:
            return {}
        told = read_all(connect(cluster.options), cluster.options.topic("status"), cluster.partitions)
        fresh_unix_ms = (time.time() - FRESH_SECS) * 1000
        return dict(Counter(said["owner"] for said in told.values() if said["at_unix_ms"] > fresh_unix_ms))

    def said(self) -> dict[str, int]:
        """The same as `logboom cluster status` says it on the first one."""
        data = next(iter(self.all.values())).data
        command = [sys.executable, "-P", "-m", "collector.cli", "cluster", "status", "--json", "--data-dir", str(data)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        return dict(Counter(json.loads(line)["owner"] for line in said.stdout.splitlines()))

    def reshard(self, *told: str) -> subprocess.CompletedProcess[str]:
        """`logboom cluster reshard` on the first one."""
        data = next(iter(self.all.values())).data
        command = [sys.executable, "-P", "-m", "collector.cli", "cluster", "reshard", *told, "--data-dir", str(data)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def stored(self) -> dict[str, set[str]]:
        """Body → the ids that its record has, over all stores: what was sent to one store and not acknowledged is sent to another's, too."""
        found: dict[str, set[str]] = {}
        for service in self.all.values():
            for body, ident in service.rows("SELECT body, record_id FROM sent"):
                found.setdefault(body, set()).add(ident)
        return found

    def issues(self) -> dict[str, int]:
        """Issue of a domain → its events, as whoever knows most of it tells; of all stores."""
        found: dict[str, int] = {}
        for service in self.all.values():
            for ident, events in service.rows("SELECT domain || issue_id, events FROM issues"):
                found[ident] = max(events, found.get(ident, 0))
        return found

    def log(self) -> str:
        return "\n".join(f"{name}:\n{service.log.read_text()[-2500:]}" for name, service in self.all.items())


class Load:
    """Sends records one after the other, each to one machine of all that listen, the same bytes again until one has said that it has it."""

    def __init__(self, machines: Machines) -> None:
        self.accepted: list[str] = []
        self.failures: list[str] = []
        self._ports = [service.http for service in machines.all.values()]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(2)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def refused(self, closings: int) -> list[str]:
        """What was not taken, but for one connection of each sender for each listener that closed: who connects in that moment may be reset by
        Linux before anybody accepts it (docs/availability.md)."""
        resets = [said for said in self.failures if "reset by peer" in said]
        spared = resets[: closings * len(self._threads)]
        return [said for said in self.failures if said not in spared] + resets[len(spared) :]

    def _run(self, number: int) -> None:
        turn = number
        while not self._stop.is_set():
            turn += 1
            body, data = f"{number}/{turn}", _payload(f"{number}/{turn}")
            domain = DOMAINS[turn % len(DOMAINS)]
            until = time.monotonic() + SECONDS
            while not self.taken(self._ports[turn % len(self._ports)], domain, data):
                assert time.monotonic() < until, "nobody takes it"
                turn += 1
                time.sleep(0.02)
            self.accepted.append(body)
            time.sleep(0.01)

    def taken(self, port: int, domain: str, data: bytes) -> bool:
        headers = {"content-type": "application/json", "x-logboom-domain": domain}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as error:
            with error:
                self.failures.append(f"{error.code}: {error.read()[:200]!r}")
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                self.failures.append(str(error))
        except OSError as error:
            self.failures.append(repr(error))
        return False


def _payload(body: str, severity: str = "INFO") -> bytes:
    record = {"timeUnixNano": str(time.time_ns()), "severityText": severity, "body": {"stringValue": body}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def until(holds: Callable[[], bool], said: Callable[[], str]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, said()
        time.sleep(0.5)


@pytest.fixture
def machines(kafka: Kafka, tmp_path: Path) -> Iterator[Machines]:
    made = Machines(kafka, tmp_path, ["one", "two"])
    yield made
    for service in made.all.values():
        service.kill()


def check(machines: Machines, load: Load) -> None:
    """All that was accepted is stored, and was processed once; but for errors, of which there are several alike."""
    until(
        lambda: set(load.accepted) <= machines.stored().keys(),
        lambda: f"missing: {sorted(set(load.accepted) - machines.stored().keys())[:5]}\n{machines.log()}",
    )
    assert {body: ids for body, ids in machines.stored().items() if len(ids) > 1 and "/" in body} == {}


def test_a_machine_dies_and_another_goes_on_where_it_was(machines: Machines) -> None:
    """What it had accepted, and what was on its way, is delivered by the other; when it comes back it gets its share."""
    machines.start("one", "two")
    until(lambda: machines.owned() == {"one": 2, "two": 2}, machines.log)
    with Load(machines) as load:
        until(lambda: len(machines.stored()) > 100, machines.log)
        machines.all["one"].kill()
        until(lambda: machines.owned() == {"two": 4}, machines.log)
        machines.start("one")
        until(lambda: machines.owned() == {"one": 2, "two": 2}, machines.log)
        assert machines.said() == {"one": 2, "two": 2}
    check(machines, load)


def fail(machines: Machines, load: Load) -> None:
    """The same error in each domain."""
    for domain in DOMAINS:
        assert load.taken(next(iter(machines.all.values())).http, domain, _payload("payment failed", "ERROR"))


def test_a_rolling_restart_loses_nothing_and_a_reload_refuses_nobody(machines: Machines) -> None:
    """One after the other ends in good order and comes back: who came in the very last moment is told to come again. Then one reloads. Then
    the cluster moves to another number of partitions: senders wait meanwhile, and what was known of each domain still is."""
    machines.start("one", "two")
    with Load(machines) as load:
        until(lambda: len(machines.stored()) > 50, machines.log)
        for name, service in machines.all.items():
            assert service.terminate(SECONDS) == 0, machines.log()
            machines.start(name)
        assert [said for said in load.failures if "shutting down" not in said] == [], machines.log()
        load.failures.clear()
        service = machines.all["one"]
        assert service.process is not None
        before = {child.pid for child in service.children()}
        service.process.send_signal(signal.SIGHUP)
        until(lambda: not before & {child.pid for child in service.children()}, machines.log)
        until(lambda: machines.owned().keys() == {"one", "two"}, machines.log)
        assert load.refused(closings=1) == [], machines.log()
        fail(machines, load)
        until(lambda: sorted(machines.issues().values()) == [1] * len(DOMAINS), machines.log)
        said = machines.reshard("--partitions", "6")
        assert said.returncode == 0, said.stdout + said.stderr + machines.log()
        until(lambda: machines.owned().keys() == {"one", "two"} and sum(machines.owned().values()) == 6, machines.log)
        fail(machines, load)
        until(lambda: sorted(machines.issues().values()) == [2] * len(DOMAINS), machines.log)
    check(machines, load)
    refused = load.refused(closings=1 + len(machines.all))  # the move reloads each
    assert [told for told in refused if "another number of partitions" not in told] == [], machines.log()
    said = machines.reshard("--delete-old")
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{machines.prefix}.intake" in said.stdout
