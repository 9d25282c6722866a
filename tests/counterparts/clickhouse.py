"""A ClickHouse of a test: its engine behind its HTTP interface, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1]


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
    with subprocess.Popen(command, cwd=_TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "it did not start"
            yield ClickHouse(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
