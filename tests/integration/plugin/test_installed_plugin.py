"""Somebody else's exporter, processor and connector, installed from a wheel: found, checked, explained, run, and counted as ours are."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.backend.offline import view_of
from collector.component import Counting, Explains, Kind, LeadsTo, PayloadExporter, StepLimiting, TakesEvents, Ticking
from collector.registry import Registry
from collector.testing.conservation import assert_directory_conserved
from collector.testing.contract import misfits, powers_of
from collector.testing.payloads import payload
from collector.testing.service import Service

SOURCE = Path(__file__).with_name("logboom-parrot")
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
processors: {{shout: {{mark: "!"}}}}
connectors: {{flock: {{loud: [logs/repeated]}}}}
exporters:
  sqlite: {{}}
  parrot/soft: {{directory: soft, events: true}}
  parrot/loud: {{directory: loud, events: true}}
  parrot/plain: {{directory: plain}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  journal: {{max_bytes: 64MiB}}
  ledger: {{max_bytes: 64MiB, partitions: 2}}
  pipelines:
    logs/loud: {{receivers: [otlp], processors: [shout], exporters: [flock, sqlite]}}
    logs/repeated: {{receivers: [flock], exporters: [parrot/loud]}}
    logs/muttered: {{receivers: [flock], exporters: [parrot/soft]}}
    logs/plain: {{receivers: [otlp], exporters: [parrot/plain]}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the plugin in it, as pip made it of a wheel."""
    folder = tmp_path_factory.mktemp("plugin")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(SOURCE)], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def logboom(site: Path, *arguments: str) -> str:
    """What a command prints where the plugin is installed."""
    command = [sys.executable, "-P", "-m", "collector.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_it_keeps_the_contract(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by its entry points, without half powers."""
    monkeypatch.syspath_prepend(str(site))
    registry = Registry()
    exporter, processor = registry.find(Kind.EXPORTER, "parrot"), registry.find(Kind.PROCESSOR, "shout")
    connector = registry.find(Kind.CONNECTOR, "flock")
    assert exporter is not None
    assert processor is not None
    assert connector is not None
    assert registry.origin(Kind.EXPORTER, "parrot") == "logboom-parrot"
    assert misfits(exporter) + misfits(processor) + misfits(connector) == []
    assert powers_of(exporter.load()) == {PayloadExporter.__name__, Counting.__name__}
    assert powers_of(processor.load()) == {Explains.__name__, Ticking.__name__}
    assert powers_of(processor.config) == {StepLimiting.__name__}
    assert powers_of(connector.load()) == {TakesEvents.__name__}
    assert powers_of(connector.config) == {LeadsTo.__name__}


def test_the_commands_know_it(site: Path, tmp_path: Path) -> None:
    """`components`, `validate` and `explain`."""
    config = tmp_path / "logboom.yaml"
    config.write_text(CONFIG.format(http=1, health=2, metrics=3))
    listed = json.loads(logboom(site, "components", "--json"))
    assert {"name": "parrot", "module": "logboom_parrot (logboom-parrot 1.0.0)", "stability": {"logs": "Development"}} in (
        listed["exporters"]
    )  # fmt: skip
    assert "a file a request in loud" in logboom(site, "validate", "--config", str(config))
    told = logboom(site, "explain", '{"body": "no space"}', "--config", str(config), "--pipeline", "logs/loud")
    assert "NO SPACE!" in told
    assert "shout is for the hard of hearing" in told


def send(service: Service, records: int, text: str) -> None:
    """One OTLP request; it is on disk."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs", payload(records, text), {"Content-Type": "application/x-protobuf"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def lines(folder: Path) -> set[str]:
    """The lines of all files that an exporter of batches wrote."""
    return {line for path in folder.glob("*.txt") for line in path.read_text().splitlines()}


def plain(folder: Path) -> set[str]:
    """The bodies in all files that the exporter of payloads wrote."""
    requests = [ExportLogsServiceRequest.FromString(path.read_bytes()) for path in folder.glob("plain/*.otlp")]
    return {
        record.body.string_value
        for request in requests
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    }


def await_squawks(service: Service, exporter: str) -> None:
    """Until `/metrics` says that the exporter counted a file."""
    shown = re.compile(rf'^logboom_exporter_squawks\{{exporter="{exporter}",.*\}} [1-9]', re.MULTILINE)
    deadline = time.monotonic() + 60
    while not shown.search(metrics := service.get("/metrics", service.metrics)[1]):
        assert time.monotonic() < deadline, metrics
        time.sleep(0.2)


@pytest.mark.e2e
@pytest.mark.timeout(150)
def test_it_runs(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a SIGKILL: what the processor keeps goes on, what it makes comes once, nothing is lost; without processors payloads
    stay as they came."""
    monkeypatch.chdir(tmp_path)
    service = Service(tmp_path, config=CONFIG, env={"PYTHONPATH": str(site)})
    with service:
        send(service, 3, "hello")
        service.await_stored(3)
        service.kill()
        service.start()
        service.await_ready()
        send(service, 2, "again")
        service.await_stored(5)
        said = {"hello 0", "hello 1", "hello 2", "again 0", "again 1"}
        shouted, muttered = {f"{text.upper()}!" for text in said} | {"5"}, {"echo 5"}
        deadline = time.monotonic() + 60
        while (heard := (lines(tmp_path / "loud"), lines(tmp_path / "soft"), plain(tmp_path))) != (
            shouted,
            muttered,
            said,
        ):
            assert time.monotonic() < deadline, (heard, service.log.read_text()[-3000:])
            time.sleep(0.1)
        numbers = service.rows(
            "SELECT json_extract(attributes, '$.\"shout.number\"') FROM logs WHERE event_name IS NULL OR event_name = '' ORDER BY 1"
        )
        made = "SELECT event_name, body FROM logs WHERE event_name LIKE 'shout%' ORDER BY 1"
        while service.rows(made) != [("shout.echo", "echo 5"), ("shout.fifth", "5")]:
            assert time.monotonic() < deadline, service.rows(made)
            time.sleep(0.1)
        assert numbers == [(1,), (2,), (3,), (4,), (5,)]
        await_squawks(service, "parrot/loud")
        await_squawks(service, "parrot/plain")
        assert service.terminate() == 0
    assert_directory_conserved(service.data, "logs/loud", "logs/plain")
    with closing(view_of(service.data)) as view:
        counts = view.counts()
    assert counts["default", "connector/logs/loud/flock", "passed:logs/repeated"] == 6
    assert counts["default", "connector/logs/loud/flock", "passed:logs/muttered"] == 1


@pytest.mark.e2e
@pytest.mark.timeout(150)
def test_its_numbers_come_with_a_reload(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration of the start names no plugin."""
    monkeypatch.chdir(tmp_path)
    before = CONFIG.replace(", exporters: [parrot/plain]", ", exporters: [sqlite]").replace(
        "[flock, sqlite]", "[sqlite]"
    )
    before = "\n".join(line for line in before.splitlines() if "flock" not in line)
    service = Service(tmp_path, config=before, env={"PYTHONPATH": str(site)})
    with service:
        assert service.process is not None
        service.config.write_text(CONFIG.format(http=service.http, health=service.health, metrics=service.metrics))
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while "configuration reloaded" not in service.log.read_text():
            assert time.monotonic() < deadline, service.log.read_text()[-3000:]
            time.sleep(0.05)
        send(service, 1, "hello")
        await_squawks(service, "parrot/loud")
