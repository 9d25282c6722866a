"""`logboom doctor`: what is well is well, what is not is found, with what to do."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.cli.traffic.client import HttpClient
from collector.testing.service import Service, free_ports
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def doctor(config: Path, data: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    command = [
        sys.executable, "-P", "-m", "collector.cli", "doctor", "--config", str(config), "--data-dir", str(data), "--json", *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


def found(findings: list[dict[str, Any]], check: str, severity: str = "problem") -> list[str]:
    return [
        f"{each['said']} → {each['cure']}"
        for each in findings
        if (each["check"], each["severity"]) == (check, severity)
    ]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """Ended by a kill, with a backlog: its second exporter's destination is away, and its journal has an entry."""
    (port,) = free_ports(1)
    away = (
        f"exporters: {{otlp_http: {{endpoint: 'http://127.0.0.1:{port}', sending_queue: {{on_full: spill}}}}}}\n"
        "service: {pipelines: {logs: {exporters: [sqlite, otlp_http]}}}"
    )
    with Service(tmp_path_factory.mktemp("service"), away) as service:
        client = HttpClient(f"http://127.0.0.1:{service.http}", False, HEADER)
        for first in range(0, 100, 10):
            assert client.send(request(range(first, first + 10), "s"), "tamyla.com") == ""
        client.close()
        service.await_stored(100)
        code, findings = doctor(service.config, service.data, "--config", f"yaml:{away}", "--quick")
        assert code == 0, findings
        assert found(findings, "process", "ok")[0].startswith("logboom runs as process ")
        assert found(findings, "ports", "ok")[0].startswith("held by the logboom that runs")
    (service.folder / "away.yaml").write_text(away)
    return service


@pytest.fixture
def copy(killed: Service, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-a", str(killed.data), str(tmp_path / "data")], check=True)
    return tmp_path / "data"


def examined(killed: Service, data: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    return doctor(killed.config, data, "--config", str(killed.folder / "away.yaml"), *arguments)


def test_what_waits_and_whose_destination_is_away(killed: Service, copy: Path) -> None:
    code, findings = examined(killed, copy)
    assert code == 1
    assert "Connection refused" in found(findings, "destination")[0]
    assert {each["check"] for each in findings if each["severity"] == "problem"} == {"destination"}
    assert found(findings, "damage", "ok")
    assert found(findings, "backup", "note")
    assert "whole" in found(findings, "store", "ok")[0]
    assert examined(killed, copy, "--quick")[0] == 0


def damage_store(data: Path) -> None:
    with contextlib.closing(sqlite3.connect(data / "store.db")) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # else the log still has the pages
    with (data / "store.db").open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096 * 8)


def newer_store(data: Path) -> None:
    with sqlite3.connect(data / "store.db") as store:
        store.execute("INSERT INTO logboom_migrations VALUES (9999, '9999_later', 0)")
    store.close()


WRONG: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "the store's pages": (damage_store, "store", "logboom restore"),
    "a newer store": (newer_store, "store", "install the version that wrote it"),
    "others may read": (lambda data: data.chmod(0o755), "data directory", "chmod 700"),
    "the layout is damaged": (lambda data: (data / "layout.json").write_text("{"), "data directory", "damaged"),
    "a partition's file": (
        lambda data: (data / "partition" / "0" / "data.mdb").write_bytes(b"x" * 8192),
        "backlog",
        "can't be opened",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_with_what_to_do(killed: Service, copy: Path, case: str) -> None:
    change, check, said = WRONG[case]
    change(copy)
    code, findings = examined(killed, copy)
    assert code == 1
    assert any(said in line for line in found(findings, check)), findings


def test_damaged_contents_are_counted(killed: Service, copy: Path) -> None:
    for path in copy.glob("partition/*/data.mdb"):  # pages that are free have such bytes, too: they are nobody's
        content = bytearray(path.read_bytes())
        at = content.find(b"LB2")
        while at > 0:
            content[at + 40] ^= 0xFF
            at = content.find(b"LB2", at + 1)
        path.write_bytes(content)
    code, findings = examined(killed, copy)
    assert code == 1
    assert "contents of outbox and dead letters are not what was written" in found(findings, "damage")[0]


def test_a_wrong_configuration_is_code_2(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("exporters: {sqlite: {pth: x}}\n")
    code, findings = doctor(tmp_path / "wrong.yaml", tmp_path / "data")
    assert code == 2
    assert found(findings, "configuration")


def test_before_the_first_start_nothing_is_wrong(killed: Service, tmp_path: Path) -> None:
    code, findings = doctor(killed.config, tmp_path / "data", "--quick")
    assert code == 0, findings
    assert "does not exist yet" in found(findings, "data directory", "ok")[0]
    assert not (tmp_path / "data").exists()
