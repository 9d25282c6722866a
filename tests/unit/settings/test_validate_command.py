"""`logboom validate` and `logboom components`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

import collector.receivers as receivers
from collector.cli.components import components, listing
from collector.cli.validate import service_pipeline, summary, validate
from collector.component import Kind
from collector.registry import Registry
from collector.settings import load
from collector.testing.sample_components import sample_registry

GOOD = """
receivers: {source: }
processors: {filter: }
exporters:
  sink/only: {endpoint: "http://localhost:1"}
  sink/second: {endpoint: "http://localhost:1", retry_on_failure: {max_elapsed_time: 5m}, sending_queue: {on_full: drop_oldest, max_age: 1h}}
  debug: {retry_on_failure: {enabled: false}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [source], processors: [filter], exporters: [sink/only]}
    logs/audit: {receivers: [source], exporters: [debug, sink/second]}
"""


def test_summary_says_what_an_exporter_does_not_get() -> None:
    """What is left out or hidden, in a few words; conditions, patterns and the key are not shown."""
    options = {
        "endpoint": "http://localhost:1",
        "select": {
            "levels": ["critical", "warning"],
            "domains": ["tamyla.com", "*.example.com"],
            "conditions": ["true", "false"],
        },
        "attributes": {"allow": ["service.*"], "deny": ["a", "b", "c", "d", "e"]},
        "redact": {
            "attributes": ["user.email"],
            "action": "hash",
            "hash_key": "hunter2hunter2hunter2",
            "patterns": [r"\d{16}"],
        },
    }
    text = yaml.safe_dump(
        yaml.safe_load(GOOD) | {"exporters": {"sink/only": options, "sink/second": options, "debug": None}}
    )
    lines = list(summary(load([f"yaml:{text}"], registry=sample_registry(), environ={})))
    [line] = [line for line in lines if line.startswith("  sink/only ")]
    first, second = line.splitlines()
    assert first == (
        "  sink/only    only levels critical, warning; only domains tamyla.com, *.example.com; "
        "only records that meet one of 2 conditions; only attributes service.*; "
        "without attributes a, b, c, d, e; hashes user.email; masks 1 pattern"
    )
    assert second.startswith("               queue on disk 256 MiB")
    assert not any("only" in line for line in lines if "debug" in line)


DESTINATIONS = {
    "a URL without what it may hide": ("otlp_http", {"endpoint": "https://user:pass@h.example:1/secret?key=1"}, "https://h.example:1"),
    "plain http": ("otlp_http", {"endpoint": "http://h.example/x"}, "http://h.example (in the clear)"),
    "on this machine": ("otlp_http", {"endpoint": "http://localhost:1"}, "http://localhost:1"),
    "a secret URL": ("http", {"url": "https://hooks.example/T0/B0/secret"}, "https://hooks.example"),
    "nodes": ("elasticsearch", {"endpoints": ["https://a:9200", "https://b:9200"]}, "https://a:9200, https://b:9200"),
    "the address of a site": ("datadog", {"api": {"key": "k" * 32, "site": "datadoghq.eu"}}, "https://http-intake.logs.datadoghq.eu"),
    "syslog": ("syslog", {"endpoint": "siem.example", "port": 6514}, "siem.example:6514 (TLS)"),
    "syslog in the clear": ("syslog", {"endpoint": "siem.example", "tls": {"insecure": True}}, "siem.example:514 (TCP, in the clear)"),
    "syslog over UDP": ("syslog", {"endpoint": "::1", "network": "udp"}, "[::1]:514 (UDP)"),
    "syslog on a socket": ("syslog", {"endpoint": "/dev/log", "network": "unix"}, "unix:/dev/log"),
    "gRPC": ("otlp", {"endpoint": "h.example:4317"}, "h.example:4317"),
    "gRPC in the clear": ("otlp", {"endpoint": "h.example:4317", "tls": {"insecure": True}}, "h.example:4317 (in the clear)"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "options", "told"), DESTINATIONS.values(), ids=DESTINATIONS)
def test_summary_says_where_records_go(name: str, options: dict[str, object], told: str) -> None:
    """The server, and that what leaves can be read on the way; no path, no credential."""
    config = yaml.safe_load(CONFIG) | {"exporters": {name: options}}
    config["service"]["pipelines"]["logs"]["exporters"] = [name]
    lines = list(summary(load([f"yaml:{yaml.safe_dump(config)}"], environ={})))
    line = [line for line in lines if line.startswith(f"  {name} ")][-1]  # the receiver otlp stands before
    assert line.splitlines()[0] == f"  {name}  to {told}"
    assert "secret" not in "".join(lines)


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(validate)
    application.command()(components)
    return application


def test_summary_draws_pipelines_and_says_which_exporter_can_stop_intake() -> None:
    """What an operator wants to know before a start."""
    settings = load([f"yaml:{GOOD}"], registry=sample_registry(), environ={})
    assert list(summary(settings)) == [
        "pipeline logs",
        "  source ─► filter ─► sink/only",
        "pipeline logs/audit",
        "  source ─► debug, sink/second",
        "disk",
        (
            "  180 MiB in the data directory at first, and up to 2.2 GiB: journal 512 MiB x 1, partitions 320 MiB x 4, control 16 MiB, a quarter for pages in use; "
            "the store's records beside it"
        ),
        "exporters",
        (
            "  sink/only    queue on disk 256 MiB x 4 partitions; retries until delivered; "
            "block: when full, it stops intake: senders are told to wait"
        ),
        (
            "  debug        queue on disk 256 MiB x 4 partitions; drops after one failed attempt; "
            "spill: when full, its backlog moves to an area of its own; intake goes on"
        ),
        (
            "  sink/second  queue on disk 256 MiB x 4 partitions; drops records older than 3600s; "
            "retries for 300s, then drops; drop_oldest: when full, its oldest records are dropped and counted; intake goes on"
        ),
    ]


ALERTING = """
receivers: {otlp: {protocols: {grpc: }}}
connectors: {alerting: {route: {receiver: team}, receivers: {team: [webhook]}}}
exporters: {sqlite: , debug: , webhook: {endpoint: "http://localhost:1"}}
service:
  pipelines:
    logs: {receivers: [otlp], exporters: [debug, alerting]}
    logs/told: {receivers: [alerting], exporters: [sqlite, webhook]}
"""


def test_each_listener_is_shown_with_its_address() -> None:
    """Whatever it takes: connections, datagrams, a unix socket."""
    receivers = {
        "otlp": {"protocols": {"grpc": {"endpoint": "/run/a.sock", "transport": "unix"}, "http": None}},
        "syslog/old": {"udp": {"listen_address": "localhost:514"}, "protocol": "rfc3164"},
        "tcp_log": {"listen_address": "unix:///run/b.sock"},
        "udp_log": {"listen_address": "localhost:515"},
    }
    config = {
        "receivers": receivers, "exporters": {"debug": None},
        "service": {"pipelines": {"logs": {"receivers": list(receivers), "exporters": ["debug"]}}},
    }  # fmt: skip
    lines = list(summary(load([f"yaml:{yaml.safe_dump(config)}"], environ={})))
    shown = dict(line.split(maxsplit=1) for line in lines[lines.index("listens") + 1 :][:4])
    assert shown == {
        "otlp": "unix:/run/a.sock, localhost:4318", "syslog/old": "udp://localhost:514", "tcp_log": "unix:/run/b.sock",
        "udp_log": "udp://localhost:515",
    }  # fmt: skip


def test_the_pipeline_that_every_configuration_has_is_drawn(tmp_path: Path) -> None:
    """With who takes what people do and the service knows; where nobody does, that is said."""
    alerting = service_pipeline(load([f"yaml:{ALERTING}"], environ={}), tmp_path)
    assert alerting[1:] == ["  service ─► sqlite, webhook, alerting", "    alerting ─► logs/told"]
    nobody = load([f"yaml:{CONFIG.replace('sqlite', 'debug')}"], environ={})
    assert service_pipeline(nobody, tmp_path)[1:] == ["  service ─► nobody: nothing here takes events"]


CONFIG = """
receivers: {otlp: {protocols: {grpc: , http: }}}
exporters: {sqlite: }
extensions: {health_check: }
service:
  extensions: [health_check]
  pipelines: {logs: {receivers: [otlp], exporters: [sqlite]}}
"""


def test_a_good_configuration_exits_0_and_says_what_would_run(app: typer.Typer, tmp_path: Path) -> None:
    """On standard output, with the addresses."""
    (tmp_path / "good.yaml").write_text(CONFIG)
    result = CliRunner().invoke(app, ["validate", "--config", str(tmp_path / "good.yaml")])
    assert (result.exit_code, result.stderr) == (0, "")
    for text in (
        "otlp ─► sqlite",
        "localhost:4317",
        "localhost:4318",
        "localhost:13133",
        "http://localhost:8888/metrics",
    ):
        assert text in result.stdout


def test_a_bad_configuration_exits_2_with_all_errors_on_stderr(app: typer.Typer, tmp_path: Path) -> None:
    """And prints nothing on standard output."""
    (tmp_path / "bad.yaml").write_text(CONFIG.replace("sqlite: ", "sqlit: ").replace("protocols", "protocol"))
    result = CliRunner().invoke(
        app, ["validate", "-c", str(tmp_path / "bad.yaml"), "--set", "service.pipelines.logs.x=1"]
    )
    assert (result.exit_code, result.stdout) == (2, "")
    codes = ("unknown-component", "unknown-key", "unknown-reference", "did you mean")
    assert [text for text in codes if text not in result.stderr] == []


def test_a_risky_data_directory_is_a_warning(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It still exits 0."""
    monkeypatch.setattr(
        "collector.settings.mounts._RISKY", {"": "forgets", "ext4": "forgets", "tmpfs": "forgets", "overlay": "forgets"}
    )
    (tmp_path / "good.yaml").write_text(CONFIG)
    result = CliRunner().invoke(app, ["validate", "-c", str(tmp_path / "good.yaml"), "--data-dir", "/proc-is-not-here"])
    assert result.exit_code == 0
    assert "warning: the data directory /proc-is-not-here forgets" in result.stdout


def test_without_a_file_it_takes_the_default_and_says_so(app: typer.Typer) -> None:
    """As `run` does."""
    result = CliRunner().invoke(app, ["validate"])
    assert (result.exit_code, "otlp ─► categorize" in result.stdout) == (0, True)
    assert "  service ─► triage ─► sqlite\n" in result.stdout
    assert "no --config: taking the default configuration" in result.stderr


def test_schema_is_printed_as_json(app: typer.Typer) -> None:
    """For editors."""
    result = CliRunner().invoke(app, ["validate", "--schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "logboom configuration"


def test_components_are_listed_like_the_opentelemetry_collector_does(app: typer.Typer) -> None:
    """YAML into a pipe, a table when asked."""
    listed = yaml.safe_load(CliRunner().invoke(app, ["components"]).stdout)
    assert list(listed) == ["buildinfo", *(kind.value for kind in Kind), "providers", "converters"]
    modules = {found["name"]: found["module"].partition(" ")[0] for found in listed["receivers"]}
    folders = {folder.parent.name for folder in Path(receivers.__file__).parent.glob("*/__init__.py")}
    assert modules == {name: f"collector.receivers.{name}" for name in folders}
    assert {tuple(found["stability"].items()) for found in listed["receivers"]} == {(("logs", "Beta"),)}
    assert "health_check" in CliRunner().invoke(app, ["components", "--format", "table"]).stdout


def test_listing_names_the_distribution() -> None:
    """So that plugins can be told apart."""
    entry = next(item for item in listing(Registry())["extensions"] if item["name"] == "file_storage")
    assert entry["module"].startswith("collector.extensions.file_storage (logboom ")
    assert entry["stability"] == {"extension": "Beta"}


MIXED = """
receivers: {otlp: {protocols: {grpc: }}}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 64, min_gc_interval_when_soft_limited: 5s}}
exporters: {sqlite: , nop: {sending_queue: {block_on_overflow: true}}, jaeger: {endpoint: j:1}}
extensions: {pprof: }
service:
  extensions: [pprof]
  pipelines:
    traces: {receivers: [otlp], exporters: [jaeger]}
    logs: {receivers: [otlp], processors: [memory_limiter], exporters: [sqlite, nop]}
"""


def test_what_does_not_run_and_what_is_equal_are_said(app: typer.Typer, tmp_path: Path) -> None:
    """A pipeline of traces; components of the Collector's; nothing of those that only logboom has."""
    (tmp_path / "mixed.yaml").write_text(MIXED)
    result = CliRunner().invoke(app, ["validate", "-c", str(tmp_path / "mixed.yaml")])
    assert result.exit_code == 0
    why = "logboom carries logs, not traces, but for requests that pass as they are: the exporter jaeger carries none"
    assert f"NOT RUN\n  pipeline traces  {why}\n" in result.stdout
    compared = result.stdout.partition("compared with the OpenTelemetry Collector\n")[2]
    assert "processors.memory_limiter  equal but for: it measures the memory of all processes" in compared
    assert "accepted without effect: min_gc_interval_when_soft_limited\n" in compared
    assert "exporters.nop              equal\n" in compared
    assert "accepted without effect: sending_queue.block_on_overflow\n" in compared
    assert "extensions.pprof           accepted without effect: " in compared
    assert "sqlite" not in compared


def test_what_several_components_have_in_common_is_said_once(app: typer.Typer, tmp_path: Path) -> None:
    """For those who read it; machines are told of each."""
    (tmp_path / "two.yaml").write_text(
        MIXED.replace("nop: {", "debug: , debug/too: , nop/too: , nop: {").replace(
            "nop]", "nop, nop/too, debug, debug/too]"
        )
    )
    lines = CliRunner().invoke(app, ["validate", "-c", str(tmp_path / "two.yaml")]).stdout.splitlines()
    assert "  exporters.debug/too        as exporters.debug" in lines
    assert "  exporters.nop/too          equal" in lines
    told = json.loads(CliRunner().invoke(app, ["validate", "--json", "-c", str(tmp_path / "two.yaml")]).stdout)[
        "compared"
    ]
    assert told["exporters.debug/too"] == told["exporters.debug"] != "equal"


def test_strict_signals_refuses_what_does_not_run(app: typer.Typer, tmp_path: Path) -> None:
    """For machines as well."""
    (tmp_path / "mixed.yaml").write_text(MIXED)
    loose = json.loads(CliRunner().invoke(app, ["validate", "--json", "-c", str(tmp_path / "mixed.yaml")]).stdout)
    assert (loose["runs"], [one["pipeline"] for one in loose["not_run"]]) == (["logs"], ["traces"])
    result = CliRunner().invoke(app, ["validate", "--strict-signals", "--json", "-c", str(tmp_path / "mixed.yaml")])
    assert result.exit_code == 2
    assert [problem["code"] for problem in json.loads(result.stdout)["problems"]] == ["config/unsupported-signal"]
