"""Options of earlier Collectors and of distributions: moved ones work, removed ones are accepted, all are told."""

from __future__ import annotations

import pytest

from collector.errors import ConfigError
from collector.settings import load

BASE = "receivers: {otlp: {protocols: {grpc: }}}"
SPLUNK = "endpoint: https://127.0.0.1:8088, token: s3cret-t0ken"


def loaded(section: str, name: str, options: str):
    processors = f"processors: [{name}], " if section == "processors" else ""
    exporter = name if section == "exporters" else "nop"
    return load(
        [
            f"yaml:{BASE}",
            "yaml:exporters: {nop: }",
            f"yaml:{section}: {{{name}: {{{options}}}}}",
            f"yaml:service: {{pipelines: {{logs: {{receivers: [otlp], {processors}exporters: [{exporter}]}}}}}}",
        ],
        environ={},
    )


@pytest.mark.parametrize(
    ("section", "name", "options", "told"),
    [
        ("exporters", "splunk_hec", f"{SPLUNK}, max_connections: 20", "exporters.splunk_hec"),
        ("processors", "memory_limiter", "check_interval: 1s, limit_mib: 64, ballast_size_mib: 20", "processors.memory_limiter"),
        ("processors", "batch", "storage: file_storage", "processors.batch"),
    ],
)  # fmt: skip
def test_a_removed_option_is_accepted_and_told(section, name, options, told):
    """It does nothing."""
    settings = loaded(section, name, options)
    option = options.rpartition(", ")[2].partition(":")[0]
    assert any(
        line.startswith(f'{told}: the option "{option}" is accepted and does nothing: ') for line in settings.warnings
    )


def test_an_option_that_moved_into_a_block_works_there():
    """Beside what the block says itself."""
    settings = loaded("exporters", "splunk_hec", f"{SPLUNK}, insecure_skip_verify: true, tls: {{min_version: '1.3'}}")
    tls = settings.exporters["splunk_hec"].config.tls
    assert (tls.insecure_skip_verify, tls.min_version) == (True, "1.3")
    assert (
        'exporters.splunk_hec: the option "insecure_skip_verify" is now called "tls.insecure_skip_verify"; the old name still works'
        in settings.warnings
    )


def test_a_wrong_value_of_a_moved_option_is_shown_where_it_stands():
    """Under the name that was written."""
    with pytest.raises(ConfigError) as refused:
        loaded("exporters", "splunk_hec", f"{SPLUNK}, insecure_skip_verify: [1]")
    [problem] = refused.value.problems
    assert problem.message.startswith("exporters.splunk_hec.insecure_skip_verify: must be true or false")


def test_an_option_is_not_said_twice():
    """In both places."""
    with pytest.raises(ConfigError, match=r"insecure_skip_verify is the old name of tls\.insecure_skip_verify"):
        loaded("exporters", "splunk_hec", f"{SPLUNK}, insecure_skip_verify: true, tls: {{insecure_skip_verify: false}}")


@pytest.mark.parametrize(
    ("level", "verbosity"), [("debug", "detailed"), ("INFO", "normal"), ("warn", "basic"), ("error", "basic")]
)
def test_the_exporter_logging_is_debug(level, verbosity):
    """Its `loglevel` is a verbosity."""
    settings = loaded("exporters", "logging", f"loglevel: {level}")
    assert settings.exporters["logging"].config.verbosity == verbosity
    assert settings.exporters["logging"].factory.name == "debug"
    assert any('the type "logging" is now called "debug"' in line for line in settings.warnings)


@pytest.mark.parametrize("name", ["otlp", "otlphttp"])
def test_options_of_tls_once_stood_beside_it(name):
    """Files of the first releases have them there."""
    settings = loaded("exporters", name, "endpoint: https://h:4317, insecure_skip_verify: true, ca_file: /x")
    tls = settings.exporters[name].config.tls
    assert (tls.insecure_skip_verify, tls.ca_file) == (True, "/x")


@pytest.mark.parametrize(
    ("options", "endpoint", "path"),
    [
        ("endpoint: 0.0.0.0:1, check_collector_pipeline: {enabled: true}", "0.0.0.0:1", "/"),
        ("use_v2: true, http: {endpoint: 0.0.0.0:2, status: {path: /s}}, component_health: {recovery_duration: 5m}", "0.0.0.0:2", "/s"),
        ("http: {endpoint: 0.0.0.0:3}, grpc: {endpoint: x:1}", "0.0.0.0:3", "/status"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["health_check", "healthcheckv2"])
def test_both_versions_of_health_are_one(name, options, endpoint, path):
    """Under both names."""
    settings = load(
        [
            f"yaml:{BASE}",
            f"yaml:exporters: {{nop: }}\nextensions: {{{name}: {{{options}}}}}",
            f"yaml:service: {{extensions: [{name}], pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}}}",
        ],
        environ={},
    )
    config = settings.extensions[name].config
    assert (config.endpoint, config.path) == (endpoint, path)


@pytest.mark.parametrize(
    ("level", "ours"), [("WARN", "warn"), ("warning", "warn"), ("panic", "error"), ("fatal", "error")]
)
def test_levels_of_our_log_that_only_the_collector_has(level, ours):
    """What is above error is an error."""
    settings = load(
        [f"yaml:{BASE}", "yaml:exporters: {nop: }", f"yaml:service: {{telemetry: {{logs: {{level: {level}}}}}, pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}}}"],
        environ={},
    )  # fmt: skip
    assert settings.service.telemetry.logs.level == ours
