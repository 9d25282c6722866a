"""`logboom demo` from its start to its end: a version is deployed and fails, and the demo says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_incident_is_an_issue_with_its_cause_and_a_suggestion(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "collector.cli",
        "demo",
        "--data-dir",
        str(tmp_path / "data"),
        "--seconds",
        "6",
        "--rate",
        "100",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=os.environ | {"COLUMNS": "400"}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "KeyError: 'currency'" in done.stdout
    assert "events are from checkout-api 2.15.0 (deployed" in done.stdout
    assert "suggestion: look at what checkout-api 2.15.0 changed" in done.stdout
    assert "issues show" in done.stdout
