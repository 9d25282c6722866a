"""What a process does not need with its configuration it does not load: the supervisor neither grpc nor polars, no child what
other components need. Told by names, for times differ from machine to machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "grpc",
    "polars",
    "pyarrow",
    "ptars",
    "google.protobuf",
    "aiohttp",
    "cryptography",
    "obstore",
    "opentelemetry",
    "rich",
    "sqlite3",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["collector.cli.run", "collector.service.run", "collector.settings", "collector.cli"]
)
def test_no_heavy_import(module: str) -> None:
    """Importing what the supervisor runs loads none of the heavy libraries."""
    script = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OF_OTHERS = (
    "aiohttp", "bcrypt", "cryptography", "hpack", "jwt", "libpass", "obstore", "opentelemetry.exporter", "opentelemetry.sdk",
    "passlib", "prometheus_client", "rich", "typer",
)  # fmt: skip
"""Libraries of authenticators, backups, destinations, own metrics and the command line."""
NOT_IN = {
    "ingest": (*OF_OTHERS, "lark", "numpy", "polars", "ptars", "pyarrow", "re2", "sqlite3"),
    "worker": (*OF_OTHERS, "grpc", "httptools", "uvicorn"),
    "console": ("grpc", "polars", "pyarrow", "ptars"),
    "opamp": (
        "grpc",
        "polars",
        "pyarrow",
        "ptars",
        "sqlite3",
        "rich",
        "typer",
        "prometheus_client",
        "opentelemetry.sdk",
    ),
}
START = """
import os, sys, threading, time
from pathlib import Path
import collector.service.child
from collector.backend.data_dir import open_data_dir
from collector.service.channel import Start
from collector.service.plan import backend_of
from collector.service.roles import make_role
from collector.settings import load

role, root, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
sets = [f"receivers.otlp.protocols.{protocol}.endpoint=localhost:0" for protocol in ("grpc", "http")]
sets.append("extensions.console.endpoint=localhost:0")
if role == "opamp":
    sets += ["extensions.opamp.server.ws.endpoint=ws://localhost:1", "service.extensions=[opamp]"]
settings = load(["collector/cli/logboom.yaml"], sets)
open_data_dir(root, settings.service.ledger.partitions)
backend_of(settings, root).prepare()
child = make_role(Start(role, 0, settings, root))
threading.Thread(target=child.run, daemon=True).start()
while (report := child.report()) is None or report.phase != "ready":
    time.sleep(0.01)
print([name for name in names if name in sys.modules], flush=True)
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted(NOT_IN))
def test_a_child_loads_what_its_configuration_needs(role: str, tmp_path: Path) -> None:
    """With the default configuration, when it is ready."""
    command = [sys.executable, "-P", "-c", START, role, str(tmp_path), *NOT_IN[role]]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"
