"""Monitors over what is stored find what they would have found while it came."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from collector.cli import app
from collector.samples import batch_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows

SECOND = 10**9
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
NOW = time.time_ns()
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"grpc": None}}}, "processors": {"triage": None},
    "connectors": {"alerting": {
        "route": {"receiver": "ops", "routes": [{"matchers": ['level="critical"'], "receiver": "page"}]},
        "receivers": {"ops": ["webhook"], "page": ["webhook"]},
        "monitors": [
            {"name": "burst", "query": "failed @code:>=500", "window": "2m", "above": 3, "group_by": ["service", "@code"]},
            {"name": "backup", "query": '"backup done"', "absent_for": "2h", "level": "critical"},
            {"name": "quiet", "query": "service:nothing", "above": 1, "level": "info"},
        ],
    }},
    "exporters": {"webhook": {"endpoint": "https://chat.example.com/alerts"}},
    "service": {"pipelines": {
        "logs": {"receivers": ["otlp"], "processors": ["triage"], "exporters": ["alerting"]},
        "logs/alerts": {"receivers": ["alerting"], "exporters": ["webhook"]},
    }},
}  # fmt: skip


def said(body: str, ago: int, service: str = "shop", code: int = 500) -> dict[str, Any]:
    return {
        "body": body,
        "time_unix_nano": NOW - ago,
        "resource": {"service.name": service},
        "attributes": {"code": code},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    samples = [said("it FAILED", 3 * HOUR - at * SECOND) for at in range(4)] + [
        said("it failed", 3 * HOUR, code=400)
    ] * 9
    samples += [said("failed", 5 * HOUR + at * 10 * MINUTE, "till") for at in range(6)] + [
        said("backup done", ago) for ago in (5 * HOUR, 4 * HOUR)
    ]
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    store.insert(rows(batch_of(samples, "a.com"), Limits()))
    store.close()
    (tmp_path / "c.yaml").write_text(json.dumps(CONFIG))
    return tmp_path


def tried(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["monitors", "test", *arguments, "--config", str(folder / "c.yaml"), "--data-dir", str(folder)]
    )


def test_each_alert_has_its_beginning_end_and_receivers(folder: Path) -> None:
    lines = [json.loads(line) for line in tried(folder, "--since", "6h", "--json").stdout.splitlines()]
    burst, backup = lines
    assert (burst["monitor"], burst["receivers"], burst["sample"]) == ("burst", ["ops"], "it FAILED")
    assert burst["labels"] == {
        "domain": "a.com",
        "level": "warning",
        "rule": "monitor/burst",
        "service": "shop",
        "code": "500",
    }
    assert burst["sentence"] == "burst: 4 records in 2m, more than 3"
    assert 3 * HOUR - 4 * SECOND <= NOW - burst["began_unix_nano"] <= 3 * HOUR
    assert MINUTE <= burst["ended_unix_nano"] - burst["began_unix_nano"] <= 4 * MINUTE
    assert (backup["monitor"], backup["receivers"], backup["ended_unix_nano"]) == ("backup", ["page"], None)
    assert abs(NOW - backup["began_unix_nano"] - 4 * HOUR) < MINUTE


def test_for_people_and_by_name(folder: Path) -> None:
    shown = tried(folder, "burst", "--since", "6h").stdout
    assert "burst: 4 records in 2m, more than 3  domain=a.com service=shop code=500  told: ops" in shown
    assert shown.endswith("burst: once an alert\n")
    assert tried(folder, "quiet", "--since", "6h").stdout == "quiet: never an alert\n"


def test_another_domain_sees_nothing_of_it(folder: Path) -> None:
    assert tried(folder, "burst", "--since", "6h", "--domain", "b.com").stdout == "burst: never an alert\n"


def test_what_is_asked_wrongly(folder: Path) -> None:
    unknown = tried(folder, "brst")
    assert (unknown.exit_code, "there is no monitor 'brst'; there is burst, backup, quiet" in unknown.output) == (
        2,
        True,
    )
    assert tried(folder, "--since", "1h", "--until", "2h").exit_code == 2
