"""A legal hold in a service that runs: sweeps leave what is held, an erasure is refused, and a reload ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli.traffic.client import GrpcClient
from collector.testing.service import Service
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SWEEPS = "exporters: {sqlite: {retention: {default: 1s, interval: 200ms}}}"
HOLD = 'privacy: {{holds: [{{domain: tamyla.com, reason: "case 7"}}]}}'
HELD = "(SELECT count(*) FROM sent WHERE domain = 'tamyla.com')"
OTHERS = "(SELECT count(*) FROM sent WHERE domain = 'wetechfounders.com')"
CAME = "(SELECT sum(n) FROM log_minutes WHERE domain = 'wetechfounders.com')"


def test_what_is_held_stays_until_a_reload_ends_it(tmp_path: Path) -> None:
    """The newest row of a store always stays, whosever it is."""
    service = Service(tmp_path, SWEEPS)
    without = service.config.read_text()
    service.config.write_text(without.replace("service:\n", f"service:\n  {HOLD.format()}\n"))
    with service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        for domain in ("tamyla.com", "wetechfounders.com"):
            assert client.send(request(range(5), "old"), domain) == ""
        client.close()
        service.await_rows(f"SELECT {HELD}, {OTHERS} <= 1, {CAME}", [(5, 1, 5)])
        command = [sys.executable, "-P", "-m", "collector.cli", "privacy", "erase", "--all", "--domain", "tamyla.com"]
        asked = subprocess.run(
            [*command, "--reason", "a wish", "--data-dir", str(service.data)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.returncode == 1
        assert "tamyla.com is under a legal hold: case 7" in asked.stderr
        assert service.rows(f"SELECT {HELD}") == [(5,)]
        service.config.write_text(without)
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        service.await_rows(f"SELECT {HELD} <= 1", [(1,)])
        assert service.terminate() == 0
