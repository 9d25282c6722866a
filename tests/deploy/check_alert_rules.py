"""The alert rules and a real promtool, built from its Go module: it takes them, and they begin and end as they should (`make check-alert-rules`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from counterparts.go_programs import built

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "command",
    [("check", "rules", "deploy/prometheus/logboom.rules.yaml"), ("test", "rules", "tests/deploy/alert_rules.yaml")],
    ids=lambda command: command[0],
)
def test_promtool_finds_nothing(command: tuple[str, ...]) -> None:
    done = subprocess.run([built("promtool"), *command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
