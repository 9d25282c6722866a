"""The supervisor stays small: neither grpc nor polars nor pyarrow is loaded by `logboom run` before a child is."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("grpc", "polars", "pyarrow", "ptars", "google.protobuf")


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["collector.cli.run", "collector.service.run", "collector.settings", "collector.cli"]
)
def test_no_heavy_import(module: str) -> None:
    """Importing what the supervisor runs loads none of the heavy libraries."""
    script = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
