"""A real `logboom run` in a test: started, watched, killed, restarted on the same data directory."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from collector.backend.offline import desk_of
from collector.scope import Scope

if TYPE_CHECKING:
    import psutil

CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
processors: {{categorize: {{}}, triage: {{}}}}
exporters: {{sqlite: {{}}}}
extensions:
  health_check: {{endpoint: "127.0.0.1:{health}"}}
service:
  extensions: [health_check]
  domains: {{names: [tamyla.com, wetechfounders.com], header: x-logboom-domain}}
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  journal: {{max_bytes: 64MiB}}
  ledger: {{max_bytes: 64MiB, partitions: 2}}
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize, triage], exporters: [sqlite]}}
"""

_FIRST_PORT = 14_000
"""Above the ports that logboom listens on by default."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different, from where the system takes none for connections: between this look and the
    listening, no connection of whichever process can get one of them, and no other caller is given the same."""
    first, most = _FIRST_PORT, _ports_of_connections()
    turn = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logboom-tests" / "ports"
    turn.parent.mkdir(parents=True, exist_ok=True)
    with turn.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        written = file.read()
        port, found = int(written) if written.isdigit() else first, list[int]()
        for _ in range(most - first):
            port = port + 1 if first <= port < most - 1 else first
            if _is_free(port):
                found.append(port)
            if len(found) == count:
                break
        file.truncate(0)
        file.write(str(port))
    assert len(found) == count, "so many ports are not free"
    return found


def _ports_of_connections() -> int:
    """The first of the ports that the system gives to connections."""
    try:
        return max(_FIRST_PORT + 1000, int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    except OSError:
        return 32768


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return True
    return False


class Service:
    """One logboom on one data directory. `overrides` are further `--config yaml:` texts."""

    def __init__(self, folder: Path, *overrides: str, config: str = CONFIG, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.grpc, self.http, self.health, self.metrics = free_ports(4)
        self.config = folder / "logboom.yaml"
        self.config.write_text(config.format(grpc=self.grpc, http=self.http, health=self.health, metrics=self.metrics))
        self._overrides = overrides
        self.env = {**os.environ, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.await_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def run_from(self, tree: Path) -> None:
        """From the next start on, run the product that stands in this directory: another version."""
        paths = [str(tree), str(tree / "proto"), self.env.get("PYTHONPATH", "")]
        self.env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))

    def start(self, *arguments: str) -> None:
        """Start it; does not wait."""
        command = [sys.executable, "-P", "-m", "collector.cli", "run", "--config", str(self.config),
                   "--data-dir", str(self.data), *arguments]  # fmt: skip
        for override in self._overrides:
            command += ["--config", f"yaml:{override}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.env)  # noqa: S603 - ourselves

    def await_ready(self, seconds: float = 150.0) -> None:
        """Until `/ready` answers 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.get("/ready")[0] == 200:
                return
            assert self.process is not None
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"not ready:\n{self.log.read_text()[-4000:]}")

    def get(self, path: str, port: int = 0) -> tuple[int, str]:
        """Status and text of a GET on the health port (or another); 0 when nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.health}{path}", timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def health_body(self) -> dict[str, Any]:
        """The body of `/`."""
        body: dict[str, Any] = json.loads(self.get("/")[1] or "{}")
        return body

    def children(self) -> list[psutil.Process]:
        """The living children."""
        import psutil  # of the extra `testing`; so the module can be imported without

        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children()
        return []

    def child(self, role: str) -> psutil.Process:
        """The first child of a role, `ingest` or `worker`: it was started in that order."""
        children = sorted(self.children(), key=lambda process: (process.create_time(), process.pid))
        return children[0 if role == "ingest" else -1]

    def kill(self) -> None:
        """SIGKILL for the whole tree."""
        import psutil  # of the extra `testing`; so the module can be imported without

        children = self.children()
        if self.process is not None:
            self.process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        if self.process is not None:
            self.process.wait()
        psutil.wait_procs(children, timeout=30)

    def terminate(self, seconds: float = 60.0) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the embedded store; none before it exists. `sent` is a view of `logs`: without what components and the service
        made."""
        store = self.data / "store.db"
        if not store.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                connection.execute("CREATE TEMP VIEW sent AS SELECT * FROM main.logs WHERE generation IS NULL")
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError:
                return []

    def await_rows(self, sql: str, wanted: list[tuple[Any, ...]], seconds: float = 60.0) -> None:
        """Until the store gives these rows."""
        deadline = time.monotonic() + seconds
        while (found := self.rows(sql)) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == wanted, f"{found}\n{self.log.read_text()[-4000:]}"

    def stored(self) -> int:
        """Records in the store that were sent."""
        found = self.rows("SELECT count(*) FROM sent")
        return int(found[0][0]) if found else 0

    def await_stored(self, count: int, seconds: float = 60.0) -> None:
        """Until the store has `count` rows."""
        deadline = time.monotonic() + seconds
        while self.stored() < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.stored() == count, self.log.read_text()[-4000:]

    def replay_poison(self) -> None:
        """`logboom deadletter replay` of everything that was set aside as poison."""
        desk = desk_of(self.data, Scope.everything())
        desk.request("replay", [letter for letter in desk.letters() if letter.info.reason == "poison"])
