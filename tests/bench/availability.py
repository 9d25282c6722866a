"""`make availability`: what restarts, reloads, deaths and upgrades cost senders, measured under load; writes docs/availability.md.

Four senders post a record every 20 ms, each request on a connection of its own; one that is refused or not answered is sent again
after 100 ms, as SDKs do (they wait longer). Outage: the longest time for which no sender at all was answered. Wait: the longest that one record
waited for its acknowledgement. Each incident happens ROUNDS times; afterwards every acknowledged record must be stored, once.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from collector.testing.service import Service

PAGE = Path(__file__).parents[2] / "docs" / "availability.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
SENDERS, PACE_SECS, AGAIN_SECS, CALM_SECS = 4, 0.02, 0.1, 4.0
_BODY = '{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [{{"timeUnixNano": "{time}", "body": {{"stringValue": "{text}"}}}}]}}]}}]}}'


@dataclass
class Load:
    """Senders, and what they saw."""

    service: Service
    answered: list[float] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """All senders."""
        self._threads = [threading.Thread(target=self._send_on, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Each ends with a record that was acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def await_answers(self) -> None:
        """Until all senders are answered again, and go on being for a while."""
        calm_since = time.monotonic()
        while time.monotonic() < calm_since + CALM_SECS:
            time.sleep(0.05)
            if time.monotonic() - self.answered[-1] > 0.5 or self.service.get("/ready")[0] != 200:
                calm_since = time.monotonic()

    def _send_on(self, sender: int) -> None:
        number = 0
        while not self._over.is_set():
            text, began = f"{sender}-{number}", time.monotonic()
            body = _BODY.format(time=time.time_ns(), text=text).encode()
            while not self._sent(body):
                self.refused.append(time.monotonic())
                time.sleep(AGAIN_SECS)
            now = time.monotonic()
            self.answered.append(now)
            self.waits.append((began, now - began))
            self.texts.append(text)
            number += 1
            time.sleep(PACE_SECS)

    def _sent(self, body: bytes) -> bool:
        address = f"http://127.0.0.1:{self.service.http}/v1/logs"
        headers = {"content-type": "application/json", "x-logboom-domain": "tamyla.com"}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
                return int(answer.status) == 200
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in {429, 502, 503, 504}:  # an SDK would give the record up
                    raise
                return False
        except OSError:
            return False


@dataclass(frozen=True)
class Cost:
    """What one incident cost: seconds, and requests that had to be sent again."""

    outage: float
    wait: float
    again: int


def cost(load: Load, since: float) -> Cost:
    """Of all that was seen since then."""
    times = sorted(each for each in load.answered if each >= since)
    outage = max((b - a for a, b in zip([since, *times], times, strict=False)), default=0.0)
    wait = max((secs for began, secs in load.waits if began + secs >= since), default=0.0)
    return Cost(outage, wait, sum(each >= since for each in load.refused))


def nothing(_: Service) -> None:
    """For comparison."""


def reload(service: Service) -> None:
    """SIGHUP: new children take the ports over."""
    assert service.process
    told = service.log.read_text().count("configuration reloaded")
    service.process.send_signal(signal.SIGHUP)
    while service.log.read_text().count("configuration reloaded") == told:
        time.sleep(0.05)


def kill(role: str) -> Callable[[Service], None]:
    """SIGKILL for a child."""

    def act(service: Service) -> None:
        ingest: dict[bool, list[psutil.Process]] = {True: [], False: []}
        for child in service.children():
            ports = {each.laddr.port for each in child.net_connections() if each.status == psutil.CONN_LISTEN}
            ingest[service.http in ports].append(child)
        ingest[role == "ingest"][0].kill()

    return act


def crash(service: Service) -> None:
    """SIGKILL for the supervisor; what systemd does follows: a start after a second."""
    assert service.process
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    time.sleep(1.0)
    service.start()
    service.await_ready()


def upgrade(service: Service) -> None:
    """SIGTERM, the end of the drain, a start at once."""
    assert service.terminate() == 0
    service.start()
    service.await_ready()


INCIDENTS: dict[str, Callable[[Service], None]] = {
    "nothing, for comparison": nothing,
    "reload (SIGHUP)": reload,
    "the ingest process dies": kill("ingest"),
    "a worker dies": kill("worker"),
    "the supervisor dies, systemd restarts it": crash,
    "upgrade or restart (SIGTERM, start)": upgrade,
}


def measure(rounds: int) -> dict[str, list[Cost]]:
    """Incident → each time's cost."""
    found: dict[str, list[Cost]] = {name: [] for name in INCIDENTS}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        load = Load(service)
        load.start()
        try:
            for _ in range(rounds):
                for name, act in INCIDENTS.items():
                    time.sleep(CALM_SECS)
                    since = time.monotonic()
                    act(service)
                    time.sleep(1.0)  # a death is seen by then
                    load.await_answers()
                    found[name].append(cost(load, since))
                    sys.stdout.write(f"{name}: {found[name][-1]}\n")
        finally:
            load.stop()
        assert_all_stored(service, sorted(load.texts))
        sys.stdout.write(f"{len(load.texts)} records acknowledged, all stored, each once\n")
    return found


def assert_all_stored(service: Service, texts: list[str]) -> None:
    """Each once; events of the service stand beside them."""
    deadline, stored = time.monotonic() + 120, list[str]()
    while stored != texts and time.monotonic() < deadline:
        time.sleep(0.5)
        stored = sorted(body for (body,) in service.rows("SELECT body FROM logs WHERE coalesce(generation, 0) = 0"))
    assert stored == texts


def table(found: dict[str, list[Cost]]) -> str:
    """Medians and worst, and how many of each a month of 99.9 % would bear."""
    rounds, load = len(next(iter(found.values()))), os.getloadavg()[0]
    rows = [f"Measured {rounds} times each on {os.cpu_count()} cores, of which {load:.1f} were asked for by all that ran.", "",
            "| | no sender answered (median, worst) | a record waited at most | requests sent again | in 43.2 minutes |",
            "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for name, costs in found.items():
        outages = [each.outage for each in costs]
        worst = max(outages)
        bears = "" if name.startswith("nothing") else f"{int(43.2 * 60 / worst):,}"
        again = statistics.median(each.again for each in costs)
        rows.append(
            f"| {name} | {statistics.median(outages):.2f} s, {worst:.2f} s | {max(each.wait for each in costs):.2f} s | {again:g} | {bears} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure, and put the figures between the markers of the page."""
    parser = argparse.ArgumentParser(description="What incidents cost senders.")
    parser.add_argument("--rounds", type=int, default=5)
    figures = table(measure(parser.parse_args().rounds))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{figures}\n{END}{rest.partition(END)[2]}")
    sys.stdout.write(figures + "\n")


if __name__ == "__main__":
    main()
