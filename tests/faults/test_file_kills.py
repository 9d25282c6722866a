"""From files to SQLite exactly once: the service is killed at any moment while files grow and rotate.

Two rounds; `make faults` sets LOGBOOM_FAULT_ROUNDS.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from collector.testing.service import Service

pytestmark = pytest.mark.timeout(7200)
ROUNDS = max(2, int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "9")) // 4)
CONFIG = """
receivers:
  file_log:
    include: ["FOLDER/*.log*"]
    start_at: beginning
    poll_interval: 20ms
    preserve_leading_whitespaces: true
    operators:
      - {{type: recombine, combine_field: body, is_first_entry: 'body matches "^[0-9]"', force_flush_period: 1s}}
exporters: {{sqlite: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  ledger: {{partitions: 1}}
  pipelines: {{logs: {{receivers: [file_log], exporters: [sqlite]}}}}
"""


class Program:
    """Writes numbered records of two lines, and rotates: by renaming."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.written = folder, 0
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._rotations = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        path = self.folder / "app.log"
        while not self._stop.is_set():
            with path.open("a") as file:
                for _ in range(self._chance.randrange(1, 12)):
                    file.write(f"{self.written} happened\n   in detail {self.written}\n")
                    self.written += 1
            if self._chance.random() < 0.1:
                self._rotations += 1
                path.rename(self.folder / f"app.log.{self._rotations}")
            self._stop.wait(self._chance.random() * 0.05)


def test_each_record_is_stored_once_over_kills_and_rotations(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    chance = random.Random(7)
    service = Service(tmp_path, config=CONFIG.replace("FOLDER", str(folder)))
    program = Program(folder, 7)
    program.start()
    try:
        for _ in range(ROUNDS):
            service.start()
            service.await_ready()
            threading.Event().wait(chance.uniform(0.2, 2.0))
            service.kill()
        service.start()
        service.await_ready()
        program.stop()
        service.await_rows("SELECT count(*), count(DISTINCT body) FROM sent", [(program.written, program.written)], 150)
        found = service.rows("SELECT body FROM sent")
        assert sorted(int(body.split()[0]) for (body,) in found) == list(range(program.written))
        assert {body for (body,) in found} == {f"{n} happened\n   in detail {n}" for n in range(program.written)}
    finally:
        program.stop()
        service.kill()
        shutil.rmtree(folder)


def test_each_record_is_stored_once_over_reloads_with_other_numbers_of_processes(tmp_path: Path) -> None:
    """SIGHUP while the file grows and rotates: the process that reads next goes on where the one before was."""
    folder = tmp_path / "logs"
    folder.mkdir()
    service = Service(tmp_path, config=CONFIG.replace("FOLDER", str(folder)))
    written = service.config.read_text()
    program = Program(folder, 11)
    with service:
        program.start()
        try:
            for number, processes in enumerate((2, 1), 1):
                service.config.write_text(f"{written}  processes: {{ingest: {processes}}}\n")
                assert service.process is not None
                service.process.send_signal(signal.SIGHUP)
                _await_reloads(service, number)
        finally:
            program.stop()
        service.await_rows("SELECT count(*), count(DISTINCT body) FROM sent", [(program.written, program.written)], 150)


def _await_reloads(service: Service, number: int) -> None:
    deadline = time.monotonic() + 150
    while service.log.read_text().count("configuration reloaded") < number:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        threading.Event().wait(0.05)
