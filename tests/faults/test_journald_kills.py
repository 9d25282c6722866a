"""From systemd's journal to SQLite exactly once: the service is killed at any moment while entries are written, into one file after the other.

A round; `make faults` sets LOGBOOM_FAULT_ROUNDS.
"""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from collector.testing.service import Service
from counterparts.journal_files import entry, journalctl, write

pytestmark = pytest.mark.timeout(7200)
ROUNDS = max(1, int(os.environ.get("LOGBOOM_FAULT_ROUNDS", "9")) // 9)
CONFIG = """
receivers:
  journald:
    directory: "FOLDER"
    journalctl_path: "JOURNALCTL"
    start_at: beginning
    operators:
      - {{type: copy, from: body.MESSAGE, to: attributes.said}}
processors: {{categorize: {{}}}}
exporters: {{sqlite: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  ledger: {{partitions: 1}}
  pipelines: {{logs: {{receivers: [journald], processors: [categorize], exporters: [sqlite]}}}}
"""
SAID = "json_extract(attributes, '$.said')"


class Journald:
    """Writes numbered entries, and begins another file, or another boot."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.written = folder, 0
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        boot = file = 1
        while not self._stop.is_set():
            count = self._chance.randrange(1, 80)
            entries = [
                entry(number, boot=f"{boot:032x}", SYSLOG_IDENTIFIER="payd", PRIORITY=str(number % 4))
                for number in range(self.written, self.written + count)
            ]
            write(self.folder / f"{file}.journal", entries)
            self.written += count
            file += self._chance.random() < 0.1
            boot += self._chance.random() < 0.1
            self._stop.wait(self._chance.random() * 0.1)


def test_each_entry_is_stored_once_over_kills(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    chance = random.Random(7)
    config = CONFIG.replace("FOLDER", str(folder)).replace("JOURNALCTL", journalctl())
    service = Service(tmp_path, config=config)
    journald = Journald(folder, 7)
    journald.start()
    try:
        for _ in range(ROUNDS):
            service.start()
            service.await_ready()
            threading.Event().wait(chance.uniform(0.2, 2.0))
            service.kill()
        service.start()
        service.await_ready()
        journald.stop()
        count = journald.written
        service.await_rows(f"SELECT count(*), count(DISTINCT {SAID}) FROM sent", [(count, count)], 150)
        found = service.rows(f"SELECT {SAID}, component, severity_number FROM sent")
        severities = (21, 19, 18, 17)
        assert {(said, component) for said, component, _ in found} == {(f"message {n}", "payd") for n in range(count)}
        assert all(severity == severities[int(said.split()[1]) % 4] for said, _, severity in found)
    finally:
        journald.stop()
        service.kill()
