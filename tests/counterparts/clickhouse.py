"""A ClickHouse of a test: its engine behind its HTTP interface, in a process of its own. The engine is half a gigabyte, so it is no package of the
development environment: pip installs it into the tests' cache, once for each list of requirements."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1]
_REQUIREMENTS = _TESTS / "counterparts" / "clickhouse" / "requirements.txt"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_INSTALL_SECS = 270


class ClickHouse:
    """`url` is where it listens."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, statement: str) -> list[dict[str, Any]]:
        """The rows; none of a statement without any."""
        request = urllib.request.Request(f"{self.url}/", statement.encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]


@contextmanager
def running(folder: Path) -> Iterator[ClickHouse]:
    """Started, with an empty database; ended at the end."""
    command = [sys.executable, "-m", "counterparts.clickhouse_interface", str(folder)]
    path = os.pathsep.join(filter(None, (str(_engine()), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=_TESTS, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "it did not start"
            yield ClickHouse(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def _engine() -> Path:
    """The folder of packages with chDB. Whoever asks while another process installs it waits: it is not fetched twice."""
    home = _CACHE / f"chdb-{hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            building = Path(tempfile.mkdtemp(dir=_CACHE))
            try:
                _install(building)
                building.rename(home)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return home


def _install(folder: Path) -> None:
    """Without what it depends on: pyarrow is here, pandas is only for results that no test asks for."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
               "--only-binary", ":all:", "--target", str(folder), "--requirement", str(_REQUIREMENTS)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECS, check=False)
    assert done.returncode == 0, f"pip cannot install ClickHouse's engine:\n{done.stderr[-3000:]}"
