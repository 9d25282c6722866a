"""`make soak`: two hours of mixed traffic; whether memory, descriptors, threads and disk stay where they are, and every record is counted once.

    make soak                              two hours at 2,000 records/s
    make soak SOAK_SECONDS=600 RATE=5000

Four connections (gRPC and HTTP, plain and gzip), three domains, bodies that repeat and bodies that never do, through the processors of the
default configuration into a store that forgets after an eighth of the time, so that the disk has a level to stay at. A line a minute:
anonymous memory and mapped files of each process apart. Anonymous memory is what only freeing gives back; mapped pages of journal, ledger and
store count towards a process's resident size as they are touched, up to the size of these files, and the kernel takes them back when it needs
them. At the end the counts by minute are those that were acknowledged, and all accounts add up; the last quarter must be at the level of the
second one (`ROOM`). The curve is written to build/soak.json. Ends with 1 if anything of it does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.cli.traffic.client import Client, GrpcClient, HttpClient
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service

HEADER = "x-logboom-domain"
DOMAINS = ["tamyla.com", "wetechfounders.com", "other.example"]
RECORDS = 250
SERVICE = """
processors: {patterns: {}, anomalies: {}, issues: {}, aggregate: {}}
service:
  journal: {max_bytes: 256MiB}
  ledger: {max_bytes: 256MiB}
  pipelines: {logs: {processors: [categorize, triage, patterns, anomalies, issues, aggregate]}}
"""
RETENTION = "exporters: {{sqlite: {{retention: {{default: {age}s, interval: {interval}s, batch_rows: 20000}}}}}}\n"
ROOM: dict[str, tuple[float, float]] = {
    "anonymous memory, MiB": (0.10, 16.0),
    "descriptors": (0.0, 8.0),
    "threads": (0.0, 4.0),
    "disk, MiB": (0.10, 128.0),  # four steps of the files of LMDB
}
"""What the last quarter may have over the second one: a share, and so much in any case."""
BODIES = [
    "GET /api/users/{n} 200 in 12ms", "query failed after {n} ms", "connection refused to 10.0.0.1:{n}",
    'Traceback (most recent call last):\n  File "a.py", line {n}, in f\nValueError: bad value',
    '{{"level":"error","msg":"timeout {n}"}}', "\x1b[31mred {n}\x1b[0m", "é漢字🙂 {n}", "user {n} logged in",
]  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One look: MiB by process, descriptors and threads of all."""

    second: int
    acknowledged: int
    anonymous: dict[str, float] = field(default_factory=dict)
    mapped: dict[str, float] = field(default_factory=dict)
    descriptors: int = 0
    threads: int = 0
    disk: float = 0.0

    def levels(self) -> dict[str, float]:
        """What must stay where it is."""
        return dict(zip(ROOM, (sum(self.anonymous.values()), self.descriptors, self.threads, self.disk), strict=True))


def request(number: int, rng: random.Random) -> bytes:
    """250 records of one service: 248 of a shape that repeats, 2 with a body never seen before."""
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = f"svc-{number % 17}"
    scope = group.scope_logs.add()
    for row in range(RECORDS):
        record = scope.log_records.add(time_unix_nano=time.time_ns(), severity_number=rng.choice([1, 5, 9, 13, 17, 21]))
        text = BODIES[number % len(BODIES)].format(n=row) if row > 1 else f"unique {number} {row}"
        record.body.string_value = text
        record.attributes.add(key="n").value.int_value = number * RECORDS + row
        record.attributes.add(key="http.route").value.string_value = f"/r/{number % 40}"
        record.attributes.add(key="k8s.pod.name").value.string_value = f"pod-{rng.getrandbits(40):x}"
    return message.SerializeToString()


class Senders:
    """Four threads, each with a connection of its own, at a rate for all."""

    def __init__(self, service: Service, seconds: float, rate: float) -> None:
        self.acknowledged = 0
        self.problems: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._end = time.monotonic() + seconds
        self._pause = 4 * RECORDS / rate
        http = f"http://127.0.0.1:{service.http}"
        clients: list[Client] = [GrpcClient(f"127.0.0.1:{service.grpc}", zipped, HEADER) for zipped in (False, True)]
        clients += [HttpClient(http, zipped, HEADER) for zipped in (False, True)]
        self.threads = [threading.Thread(target=self._run, args=(client,)) for client in clients]
        for thread in self.threads:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether any still sends."""
        return any(thread.is_alive() for thread in self.threads)

    def _run(self, client: Client) -> None:
        rng = random.Random(next(self._numbers))
        due = time.monotonic()
        while time.monotonic() < self._end:
            number = next(self._numbers)
            problem = client.send(request(number, rng), DOMAINS[number % 3])
            with self._lock:
                self.acknowledged += 0 if problem else RECORDS
                self.problems.update([problem[:80]] if problem else [])
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))
        client.close()


def look(service: Service, second: int, acknowledged: int) -> Sample:
    """Memory of each process, by role."""
    assert service.process is not None
    root = psutil.Process(service.process.pid)
    children = sorted(root.children(), key=lambda process: (process.create_time(), process.pid))
    names = ["supervisor", "ingest", "worker", *(f"child {n}" for n in range(3, 9))]
    sample = Sample(second, acknowledged)
    descriptors = threads = 0
    for name, process in zip(names, [root, *children], strict=False):
        with contextlib.suppress(psutil.Error, OSError):
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status if line.startswith("Rss")}
            sample.anonymous[name], sample.mapped[name] = sizes["RssAnon"], sizes["RssFile"]
            descriptors += process.num_fds()
            threads += process.num_threads()
    return Sample(second, acknowledged, sample.anonymous, sample.mapped, descriptors, threads, on_disk(service.data))


def on_disk(folder: Path) -> float:
    """MiB that its files take."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it went meanwhile
            total += path.lstat().st_blocks * 512
    return total / 2**20


def grown(samples: Sequence[Sample]) -> list[str]:
    """What is over its level at the end."""
    quarter = len(samples) // 4
    before, after = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    for name, (share, least) in ROOM.items():
        was, became = (statistics.median(one.levels()[name] for one in part) for part in (before, after))
        if became > was + max(was * share, least):
            found.append(f"{name}: {was:.0f} in the second quarter, {became:.0f} in the last")
    return found


def show(sample: Sample) -> None:
    """A line of the curve."""
    memory = "  ".join(f"{name} {sample.anonymous[name]:.0f}+{sample.mapped[name]:.0f}" for name in sample.anonymous)
    print(f"{sample.second:5d} s  {sample.acknowledged:9,d} records  {memory} MiB  "
          f"fds {sample.descriptors}  threads {sample.threads}  disk {sample.disk:.0f} MiB", flush=True)  # fmt: skip


def slope(samples: list[Sample], name: str) -> float:
    """MiB an hour of a process's anonymous memory, by least squares, without the first quarter (it is still warming up)."""
    later = [sample for sample in samples[len(samples) // 4 :] if name in sample.anonymous]
    fit = statistics.linear_regression([one.second for one in later], [one.anonymous[name] for one in later])
    return fit.slope * 3600


def stored(service: Service) -> int:
    """Records that the store counted: counts by minute outlive rows, and a resend adds nothing."""
    return int(service.rows("SELECT coalesce(sum(n), 0) FROM log_minutes")[0][0])


def await_stored(service: Service, records: int, seconds: float) -> int:
    """What is stored once it is that many, or in the end."""
    deadline = time.monotonic() + seconds
    while (found := stored(service)) < records and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def run(seconds: float, rate: float) -> int:
    """The whole soak; 0 when all holds."""
    config = SERVICE + RETENTION.format(age=max(10, int(seconds / 8)), interval=max(1, min(60, int(seconds / 120))))
    with tempfile.TemporaryDirectory(prefix="logboom-soak-") as folder, Service(Path(folder), config) as service:
        senders = Senders(service, seconds, rate)
        began = time.monotonic()
        samples: list[Sample] = []
        while senders.running:
            time.sleep(min(60.0, seconds / 40))
            if senders.running:  # afterwards nothing comes, which is no level of this
                samples.append(look(service, int(time.monotonic() - began), senders.acknowledged))
                show(samples[-1])
        found = await_stored(service, senders.acknowledged, 300)
        code = service.terminate()
        assert_directory_conserved(service.data, "logs")
    slopes = {name: round(slope(samples, name), 1) for name in samples[0].anonymous}
    wrong = grown(samples)
    if found != senders.acknowledged:
        wrong.append(f"{senders.acknowledged:,} acknowledged, {found:,} stored")
    if code:
        wrong.append(f"exit {code}")
    print(f"acknowledged {senders.acknowledged:,}, stored {found:,}, refused {dict(senders.problems)}, exit {code}; "
          f"anonymous memory, MiB an hour: {slopes}; {'; '.join(wrong) or 'all holds'}")  # fmt: skip
    Path("build").mkdir(exist_ok=True)
    kept = {"rate": rate, "samples": [asdict(sample) for sample in samples], "mib_an_hour": slopes, "wrong": wrong}
    Path("build/soak.json").write_text(json.dumps(kept, indent=1))
    return 1 if wrong else 0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=7200)
    parser.add_argument("--rate", type=float, default=2000)
    options = parser.parse_args()
    sys.exit(run(options.seconds, options.rate))


if __name__ == "__main__":
    main()
