"""The systems that are compared: logboom in several configurations, Rotel, and the OpenTelemetry Collector."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from processes import SERVER_CORE, Tree, await_port, free_port

RECEIVER = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
extensions:
  health_check: {{endpoint: "127.0.0.1:{health}"}}
service:
  extensions: [health_check]
  domains: {{names: [tamyla.com, wetechfounders.com], header: x-logboom-domain}}
  telemetry: {{metrics: {{level: none}}}}
  ledger: {{dedup_window: 300s}}
  pipelines:
    logs: {{receivers: [otlp], processors: [{processors}], exporters: [{exporter}]}}
"""
EXPORTERS = {
    "nop": "exporters: {nop: {}}\n",
    "sqlite": "exporters: {sqlite: {}}\n",
    "otlp": 'exporters: {otlp: {endpoint: "127.0.0.1:%(sink)d", compression: none, tls: {insecure: true}}}\n',
    "otlphttp": 'exporters: {otlphttp: {endpoint: "http://127.0.0.1:%(sink)d", compression: none}}\n',
    "splunk_hec": 'exporters: {splunk_hec: {endpoint: "http://127.0.0.1:%(sink)d", token: t}}\n',
    **{
        f"syslog/{model}": f"exporters: {{syslog/{model}: {{endpoint: 127.0.0.1, port: %(sink)d, format: {model}, sending_queue: {{batch: {{}}}}, tls: {{insecure: true}}}}}}\n"
        for model in ("text", "cef", "leef")
    },
}


@dataclass
class System:
    """One running system under test."""

    name: str
    tree: Tree
    grpc: int
    http: int
    started_secs: float
    folder: Path | None = None
    ports: dict[str, int] = field(default_factory=dict)

    def stop(self) -> None:
        """End it and remove its data."""
        self.tree.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def logboom(
    exporter: str, triage: bool, sink: int = 0, cores: str = str(SERVER_CORE), python: str = sys.executable
) -> System:
    """logboom, of the environment of `python`, with one pipeline; `triage` puts categorize and triage into it."""
    folder = Path(tempfile.mkdtemp(prefix="logboom-bench-", dir=Path.cwd() / "build"))
    ports = {"grpc": free_port(), "http": free_port(), "health": free_port()}
    processors = "categorize, triage" if triage else ""
    text = RECEIVER.format(processors=processors, exporter=exporter, **ports)
    if triage:
        text += "processors: {categorize: {}, triage: {}}\n"
    config = folder / "logboom.yaml"
    config.write_text(text + EXPORTERS[exporter] % {"sink": sink})
    command = [
        str(Path(python).with_name("logboom")),
        "run",
        "--config",
        str(config),
        "--data-dir",
        str(folder / "data"),
    ]
    began = time.monotonic()
    tree = Tree(command, cores, log=folder / "log")
    _await_ready(tree, ports["health"], folder / "log")
    return System(f"logboom → {exporter}", tree, ports["grpc"], ports["http"], time.monotonic() - began, folder, ports)


def _await_ready(tree: Tree, port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if tree.process.poll() is not None:
            raise RuntimeError(log.read_text())
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
            return
        time.sleep(0.005)
    raise TimeoutError(log.read_text())


def rotel(sink: int = 0) -> System:
    """Rotel's binary from its wheel; without a sink it throws everything away (its blackhole exporter)."""
    spec = importlib.util.find_spec("rotel")
    assert spec is not None
    assert spec.origin is not None
    ports = {"grpc": free_port(), "http": free_port()}
    folder = Path(tempfile.mkdtemp(prefix="rotel-bench-", dir=Path.cwd() / "build"))
    command = [str(Path(spec.origin).with_name("rotel-agent")), "start",
               "--otlp-grpc-endpoint", f"127.0.0.1:{ports['grpc']}", "--otlp-http-endpoint", f"127.0.0.1:{ports['http']}",
               "--pid-file", str(folder / "pid"), "--log-file", str(folder / "rotel.log")]  # fmt: skip
    if sink:
        command += ["--exporter", "otlp", "--otlp-exporter-endpoint", f"http://127.0.0.1:{sink}",
                    "--otlp-exporter-protocol", "grpc", "--otlp-exporter-compression", "none"]  # fmt: skip
    else:
        command += ["--exporter", "blackhole"]
    began = time.monotonic()
    tree = Tree(command, str(SERVER_CORE), log=folder / "log")
    await_port(ports["grpc"])
    return System("Rotel", tree, ports["grpc"], ports["http"], time.monotonic() - began, folder, ports)


def otel_collector(sink: int = 0, *, durable: bool = False) -> System:
    """The OpenTelemetry Collector; without a sink it throws everything away. `durable`: its queue is on disk, fsynced, before a sender is answered."""
    from counterparts.otelcol import built

    ports = {"grpc": free_port(), "http": free_port()}
    folder = Path(tempfile.mkdtemp(prefix="otelcol-bench-", dir=Path.cwd() / "build"))
    queue = {"block_on_overflow": True, "queue_size": 100_000, **({"storage": "file_storage"} if durable else {})}
    sending = {
        "endpoint": f"127.0.0.1:{sink}",
        "compression": "none",
        "tls": {"insecure": True},
        "sending_queue": queue,
    }
    storage = {"directory": str(folder / "queue"), "create_directory": True, "fsync": True}
    exporter = "otlp" if sink else "nop"
    config = {
        "receivers": {"otlp": {"protocols": {name: {"endpoint": f"127.0.0.1:{port}"} for name, port in ports.items()}}},
        "exporters": {"otlp": sending} if sink else {"nop": {}},
        "extensions": {"file_storage": storage} if durable else {},
        "service": {
            "extensions": ["file_storage"] if durable else [],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": [exporter]}},
        },
    }
    file = folder / "otelcol.yaml"
    file.write_text(json.dumps(config))
    began = time.monotonic()
    tree = Tree([str(built("bench")), f"--config={file}"], str(SERVER_CORE), log=folder / "log")
    await_port(ports["grpc"])
    return System("Collector", tree, ports["grpc"], ports["http"], time.monotonic() - began, folder, ports)
