"""`logboom limits show`: what may be sent, and how much of it is used now."""

from __future__ import annotations

import json
import time

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.domains.quotas import FOLDER, QuotaBook
from collector.domains.rate_table import FILE, Cost, RateTable, name_of

LIMITS = "yaml:service::domains::limits: {records_per_second: 100, burst: 100s, overrides: {big.example: {records_per_second: 0, bytes_per_second: 1KiB}}}"


@pytest.fixture
def show(tmp_path):
    """Runs the command on a data directory."""

    def run(*arguments: str, limits: str = LIMITS):
        config = tmp_path / "logboom.yaml"
        config.write_text(
            "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {nop: {}}\n"
            "service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}\n"
        )
        command = [
            "limits",
            "show",
            "--config",
            str(config),
            "--config",
            limits,
            "--data-dir",
            str(tmp_path),
            *arguments,
        ]
        return CliRunner().invoke(app, command, env={"COLUMNS": "200"})

    return run


def test_for_programs(show, tmp_path):
    """A line a limit; what was taken is seen at once."""
    before = [json.loads(line) for line in show("--json").stdout.splitlines()]
    assert [(line["domain"], line["unit"], line["most"], line["used"]) for line in before] == [
        ("default", "records_per_second", 100.0, 0.0), ("big.example", "bytes_per_second", 1024.0, 0.0),
    ]  # fmt: skip
    RateTable(tmp_path / FILE).take(name_of("domain", "default"), [Cost(2, 50 * 10**9, 0)])
    used = json.loads(show("--json").stdout.splitlines()[0])["used"]
    assert 0.3 < used <= 0.5


def test_for_people(show):
    """A table, or a sentence; a configuration that is wrong ends with 2."""
    assert "big.example" in show().stdout
    assert "no limits" in show(limits="yaml:service::domains::default: default").stdout
    assert show(limits="yaml:service::domains::limits: {records_per_second: -1}").exit_code == 2


def test_quotas_of_the_day(show, tmp_path):
    """What all processes took together."""
    day = int(time.time()) // 86_400
    for slot in range(2):
        book = QuotaBook(tmp_path / FOLDER, slot, 2)
        book.connect({}, day)
        book.take("default", day, 30, 1)
    (line,) = show("--json", limits="yaml:service::domains::quotas: {records_per_day: 100}").stdout.splitlines()
    assert json.loads(line)["unit"] == "records_per_day"
    assert json.loads(line)["used"] in (0.6, 0.0)  # 0 where a day ended just now
