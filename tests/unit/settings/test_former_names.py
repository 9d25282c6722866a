"""Options that were renamed: the old name works, is told, and errors point at what was written."""

from __future__ import annotations

import pytest

from collector.component import Kind
from collector.errors import ConfigError
from collector.registry import default_registry
from collector.settings.documentation import options
from collector.settings.load import load
from collector.settings.schema import schema

EXPORTERS = {
    "http": ("model", "url: https://intake.example"),
    "chronicle": ("model", "project: p1, instance: i1, log_type: TYPE, credentials_file: /key.json"),
    "syslog": ("message_format", "endpoint: 127.0.0.1, network: udp"),
    "splunk_hec": ("event_model", "endpoint: https://127.0.0.1:8088, token: s3cret-t0ken"),
}


def loaded(name, *given):
    _, needed = EXPORTERS[name]
    options = "".join(f", {option}" for option in given)
    return load(
        [
            "yaml:receivers: {otlp: {protocols: {grpc: {}}}}",
            f"yaml:exporters: {{{name}: {{{needed}{options}}}}}",
            f"yaml:service: {{pipelines: {{logs: {{receivers: [otlp], exporters: [{name}]}}}}}}",
        ]
    )


@pytest.mark.parametrize("name", EXPORTERS)
def test_the_old_name_still_works(name):
    """And says which is the new one."""
    old, _ = EXPORTERS[name]
    settings = loaded(name, f"{old}: ocsf")
    assert settings.exporters[name].config.format == "ocsf"
    told = f'exporters.{name}: the option "{old}" is now called "format"; the old name still works'
    assert told in settings.warnings
    assert not [warning for warning in loaded(name, "format: ocsf").warnings if "format" in warning]


@pytest.mark.parametrize("name", EXPORTERS)
def test_both_names_are_one_too_many(name):
    """Which of them is meant nobody can know."""
    old, _ = EXPORTERS[name]
    with pytest.raises(ConfigError, match=f"{old} is the old name of format: keep format alone"):
        loaded(name, f"{old}: ocsf", "format: ecs")


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_wrong_value_is_shown_where_it_stands(name):
    """Under the name that was written."""
    old, _ = EXPORTERS[name]
    with pytest.raises(ConfigError) as caught:
        loaded(name, f"{old}: xml")
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"exporters.{name}.{old}: ")
    with pytest.raises(ConfigError) as right:
        loaded(name, "format: xml")
    assert right.value.problems[0].column - len("format") == problem.column - len(old)


@pytest.mark.parametrize("name", EXPORTERS)
def test_only_the_new_name_is_documented(name):
    """Tables and hints show `format`; the schema knows the old one as deprecated, so that editors accept it."""
    old, _ = EXPORTERS[name]
    model = default_registry().find(Kind.EXPORTER, name).config
    assert old not in {option.name for option in options(model)}
    definition = schema(default_registry())["$defs"][model.__name__]["properties"]
    assert definition[old]["deprecated"]
    assert "deprecated" not in definition["format"]
