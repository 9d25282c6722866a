"""`load` on configurations that are right: sources, leniency, what runs and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.errors import ConfigError
from collector.settings import Settings, load
from collector.testing.sample_components import sample_registry

ROOT = Path(__file__).parents[3]
GOOD = """
receivers: {source: , source/unused: }
processors: {filter: {attributes: {a: 1}}}
exporters: {sink: {endpoint: "http://localhost:1"}, debug: , debug/unused: }
service:
  pipelines:
    logs: {receivers: [source], processors: [filter], exporters: [sink]}
    logs/audit: {receivers: [source], exporters: [sink, debug]}
"""


def loaded(*sources: str, sets: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> Settings:
    return load([f"yaml:{source}" for source in sources], sets, registry=sample_registry(), environ=environ or {})


def sink(text: str, **environ: str) -> Any:
    """The options of a sink written as a flow mapping."""
    return loaded(GOOD, f"exporters: {{sink: {text}}}", environ=environ).exporters["sink"].config


def test_only_what_a_pipeline_names_is_in_the_settings() -> None:
    """Unused components are checked and not started."""
    settings = loaded(GOOD)
    assert (list(settings.receivers), list(settings.exporters)) == (["source"], ["sink", "debug"])
    assert settings.pipelines["logs/audit"].exporters == ("sink", "debug")
    assert settings.exporters["sink"].config.endpoint == "http://localhost:1"


def test_a_component_knows_where_it_was_declared(tmp_path: Path) -> None:
    """`place` is file, line and column of its key."""
    file = tmp_path / "a.yaml"
    file.write_text(GOOD)
    settings = load([str(file)], registry=sample_registry(), environ={})
    assert settings.exporters["sink"].place == (str(file), 4, 13)
    assert settings.sources == (str(file),)


def test_sources_merge_in_order_and_sets_come_last(tmp_path: Path) -> None:
    """file:, a path, env:, yaml: and --set, the later the stronger."""
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("exporters: {sink: {timeout: 1s, interval: 1s}}")
    environ = {"CONFIG": "exporters: {sink: {timeout: 2s, max_size: 5KiB}}"}
    sources = [f"file:{tmp_path}/a.yaml", f"{tmp_path}/b.yaml", "env:CONFIG", "yaml:exporters::sink::timeout: 3s"]
    settings = load(sources, ["exporters.sink.tls={insecure: true}"], registry=sample_registry(), environ=environ)
    config = settings.exporters["sink"].config
    assert (config.timeout, config.interval, config.max_size, config.tls.insecure) == (3, 1, 5120, True)


def test_set_wins_over_everything() -> None:
    """And may hold `=`."""
    settings = loaded(GOOD, sets=("exporters.sink.timeout=9s", "exporters.sink.endpoint=http://x/?a=b"))
    assert (settings.exporters["sink"].config.timeout, settings.exporters["sink"].config.endpoint) == (
        9,
        "http://x/?a=b",
    )


LENIENT: dict[str, tuple[str, dict[str, Any]]] = {
    "null block is the default": ("{tls: }", {"tls": {"insecure": False, "ca_file": None}}),
    "null value is the default": ("{max_size: }", {"max_size": 1 << 20}),
    "number where text is wanted": ("{tls: {ca_file: 007}}", {"tls": {"insecure": False, "ca_file": "007"}}),
    "version keeps its zero": ("{headers: {version: 1.10}}", {"headers": {"version": "1.10"}}),
    "quoted number where a number is wanted": ("{sending_queue: {num_consumers: '7'}}", {}),
    "headers as a list": ("{headers: [{name: a, value: 1}]}", {"headers": [{"name": "a", "value": "1"}]}),
    "duration with several units": ("{interval: 1m30s}", {"interval": 90.0}),
}


@pytest.mark.parametrize(("text", "expected"), LENIENT.values(), ids=LENIENT)
def test_leniency_of_the_opentelemetry_collector(text: str, expected: dict[str, Any]) -> None:
    """What its decoder takes, ours takes."""
    dumped = sink(text).model_dump()
    assert {key: dumped[key] for key in expected} == expected


def test_expanded_number_where_text_is_wanted_keeps_its_text() -> None:
    """A password of digits stays what it is."""
    config = sink("{api_key: '${env:KEY}', sending_queue: {num_consumers: '${env:N}'}}", KEY="0042", N="3")
    assert (config.api_key.get_secret_value(), config.sending_queue.num_consumers) == ("0042", 3)


def test_text_where_a_list_is_wanted_is_split_at_commas() -> None:
    """Handy for lists from the environment."""
    settings = loaded(
        GOOD, "receivers: {source: {include: 'a, b'}}", "service: {pipelines: {logs: {exporters: 'sink,debug'}}}"
    )
    assert settings.receivers["source"].config.include == ["a", "b"]
    assert settings.pipelines["logs"].exporters == ("sink", "debug")


def test_spaces_round_the_slash_of_an_id_do_not_matter() -> None:
    """`debug / b` is `debug/b`."""
    settings = loaded(GOOD, "exporters: {debug / b: }", "service: {pipelines: {logs: {exporters: [debug/b]}}}")
    assert "debug/b" in settings.exporters


def test_deprecated_names_work_and_warn() -> None:
    """One sentence for each, with the new name."""
    settings = loaded(
        GOOD,
        "exporters: {otlphttp/x: {endpoint: 'http://a'}}",
        "service: {pipelines: {logs: {exporters: [otlphttp/x]}}}",
    )
    assert (
        settings.warnings[0]
        == 'exporters.otlphttp/x: the type "otlphttp" is now called "otlp_http"; the old name still works'
    )
    assert not any("old name" in warning for warning in settings.warnings[1:])


def test_unset_variables_warn() -> None:
    """Sentences for the operator come with the settings."""
    assert "NOPE is not set" in loaded(GOOD, "exporters: {debug: {timeout: '${env:NOPE}'}}").warnings[0]


def test_connectors_join_pipelines() -> None:
    """A connector is an exporter here and a receiver there, and no component of either section."""
    settings = loaded(
        """
        receivers: {source: }
        connectors: {bridge: }
        exporters: {debug: }
        service:
          pipelines:
            logs/in: {receivers: [source], exporters: [bridge]}
            logs/out: {receivers: [bridge], exporters: [debug]}
        """
    )
    assert (list(settings.connectors), list(settings.exporters), list(settings.receivers)) == (
        ["bridge"],
        ["debug"],
        ["source"],
    )


def test_all_problems_of_all_files_come_at_once_in_file_order(tmp_path: Path) -> None:
    """Nobody should have to run it once for each error."""
    (tmp_path / "a.yaml").write_text(GOOD + "wrong: 1\n")
    (tmp_path / "b.yaml").write_text("exporters: {sink: {timeout: x}}\nservice: {extensions: [nope]}\n")
    with pytest.raises(ConfigError) as refused:
        load([f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"], registry=sample_registry(), environ={})
    places = [(Path(problem.file).name, problem.line) for problem in refused.value.problems]
    assert places == [("a.yaml", 9), ("b.yaml", 1), ("b.yaml", 2)]


def test_default_configuration_loads() -> None:
    """OTLP on loopback, categorize, triage, patterns, anomalies, issues, the embedded store, health."""
    settings = load([str(ROOT / "config" / "logboom.yaml")], environ={})
    assert settings.pipelines["logs"].processors == (
        "categorize",
        "triage",
        "patterns",
        "anomalies",
        "issues",
        "aggregate",
    )
    assert (list(settings.exporters), list(settings.extensions)) == (["sqlite"], ["console", "health_check"])
    assert settings.warnings == ()


@pytest.mark.slow
def test_loading_imports_neither_grpc_nor_polars() -> None:
    """The supervisor reads the configuration and must stay small."""
    script = (
        "import sys; from collector.settings import load; load(['config/logboom.yaml']);"
        "print([name for name in ('grpc', 'polars', 'pyarrow', 'google.protobuf') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
