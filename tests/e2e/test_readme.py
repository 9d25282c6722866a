"""The README, followed word by word: each command of it runs, each configuration in it starts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from collector.cli.defaults import default_config
from collector.settings import load
from collector.testing.service import free_ports

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
YAML = [text for language, text in BLOCKS if language == "yaml"]
SMALL = ["service.journal.max_bytes=16MiB", "service.ledger.max_bytes=32MiB", "service.ledger.partitions=1"]
LOGS_ONLY = """
import logging, sys
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
provider = LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
provider.get_logger("shop.Checkout").emit(body="from an SDK", severity_number=None)
provider.shutdown()
"""


def section(title: str) -> list[str]:
    """The shell blocks below a heading."""
    text = README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


class Newcomer:
    """Someone in an empty folder, with `logboom` on the path and ports that are free here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grpc, self.http, self.console, self.health, self.metrics = free_ports(5)

    def shell(self, text: str) -> str:
        """What the lines print; `tail` is not followed for ever."""
        text = text.replace(":4318", f":{self.http}").replace("logboom tail", "logboom tail --no-follow")
        ours = f'set -e; logboom() {{ {sys.executable} -P -m collector.cli "$@"; }}\n{text}'
        done = subprocess.run(
            ["bash", "-c", ours], check=False, cwd=self.folder, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *configs: str) -> Iterator[None]:
        """`logboom run`, until it is ready; drained at the end."""
        ports = [
            f"receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{self.grpc}",
            f"receivers.otlp.protocols.http.endpoint=127.0.0.1:{self.http}",
            f"extensions.console.endpoint=127.0.0.1:{self.console}",
            f"extensions.health_check.endpoint=127.0.0.1:{self.health}",
            f"service.telemetry.metrics.readers=[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {self.metrics}}}}}}}}}]",
        ]
        command = [sys.executable, "-P", "-m", "collector.cli", "run"]
        command += [part for config in configs for part in ("--config", config)]
        command += [part for value in (*ports, *SMALL) for part in ("--set", value)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        try:
            self._await_ready(process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert process.poll() is None, (self.folder / "log").read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.health}/ready", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def asked(self, sql: str, wanted: str) -> None:
        """Until the answer holds what is wanted."""
        deadline = time.monotonic() + 30
        while wanted not in (told := self.shell(f'logboom query --json "{sql}" || true')):
            assert time.monotonic() < deadline, told
            time.sleep(0.2)


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path)


@pytest.mark.parametrize("text", YAML)
def test_each_configuration_goes_with_the_default(text: str) -> None:
    """As a second --config: it loads, and nothing in it is unused or risky."""
    domains = yaml.safe_load(text).get("service", {}).get("domains", {})
    extra = [] if domains or "x-domain" not in text else ["service.domains.header=x-domain"]
    settings = load(
        [str(default_config()), f"yaml:{text}"],
        extra,
        environ={"ELASTICSEARCH_API_KEY": "key", "SLACK_WEBHOOK_URL": "https://hooks.example"},
    )
    assert list(settings.warnings) == []


@pytest.mark.e2e
def test_try_it_and_your_services(newcomer: Newcomer) -> None:
    """init, validate, run; a record by curl, one by an SDK with the variables of the README; query, tail, explain."""
    newcomer.shell("logboom init; logboom validate --config logboom.yaml")
    *_, curl_and_ask = section("Try it")
    curl, ask = curl_and_ask.split("\n", 1)
    [variables] = section("Your services")
    with newcomer.running("logboom.yaml"):
        assert newcomer.shell(curl) == '{"partialSuccess":{}}'
        newcomer.asked("SELECT count(*) AS n FROM logs WHERE body LIKE '%no space left%'", '"n":1')
        told = newcomer.shell(ask)
        assert "no space left on device" in told
        assert "critical" in told
        (newcomer.folder / "app.py").write_text(LOGS_ONLY)
        newcomer.shell(f"{variables}\n{sys.executable} -W ignore app.py")
        newcomer.asked("SELECT service_name, body FROM logs", '"service_name":"checkout","body":"from an SDK"')


@pytest.mark.e2e
def test_two_customers(newcomer: Newcomer) -> None:
    """The header names the domain; a reader of one domain sees no other; a request that names none is refused."""
    [domains] = [text for text in YAML if "names:" in text]
    (newcomer.folder / "domains.yaml").write_text(domains)
    [block] = section("Two customers")
    curl, ask = block.split("\n", 1)
    with newcomer.running(str(default_config()), "domains.yaml"):
        assert newcomer.shell(curl) == '{"partialSuccess":{}}'
        newcomer.asked("SELECT domain FROM logs", "tamyla.com")
        assert "signed in" in newcomer.shell(ask)
        assert "signed in" not in newcomer.shell(ask.replace("tamyla.com", "wetechfounders.com"))
        refused = newcomer.shell(
            curl.replace("x-domain: tamyla.com", "x-domain: other.com") + " -o answer -w '%{http_code}'"
        )
        assert refused == "403"


def test_deliver(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files together, as print-config and validate read them; the destination of the example is not there."""
    monkeypatch.setenv("ELASTICSEARCH_API_KEY", "hunter2")
    [overlay] = [text for text in YAML if "exporters:" in text and "elasticsearch:" in text]
    (newcomer.folder / "elasticsearch-too.yaml").write_text(overlay)
    [block] = section("Deliver")
    validate, show, _ = block.strip().split("\n")
    newcomer.shell("logboom init")
    told = newcomer.shell(validate.replace("--reach", "") + f"\n{show}")
    assert (
        "otlp ─► categorize ─► triage ─► patterns ─► anomalies ─► issues ─► aggregate ─► sqlite, elasticsearch" in told
    )
    assert ("endpoint: https://es.example.com:9200" in told, "hunter2" in told) == (True, False)
