"""A ClickHouse of a test: its engine behind its HTTP interface, in a process of its own. The engine is half a gigabyte, so it is no package of the
development environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from counterparts.fetched import packages

_TESTS = Path(__file__).parents[1]
_REQUIREMENTS = _TESTS / "counterparts" / "clickhouse" / "requirements.txt"


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
    path = os.pathsep.join(filter(None, (str(packages("chdb", _REQUIREMENTS)), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=_TESTS, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "it did not start"
            yield ClickHouse(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
