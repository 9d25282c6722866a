"""Definitions that nothing names refuse no file; extensions that no record passes are accepted."""

from __future__ import annotations

import pytest

from collector.errors import ConfigError
from collector.extensions.health_check.config import HealthCheckConfig
from collector.service.plan import extension
from collector.service.ports import own_listeners
from collector.settings import load

BASE = """
receivers: {otlp: {protocols: {grpc: }}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
"""
UNUSED = {
    "of a type that the Collector has": ("exporters: {pulsar: {topic: t}}", "exporters.pulsar"),
    "of a type that nobody has": ("processors: {frobnicate: {a: 1}}", "processors.frobnicate"),
    "with an option that does not exist": ("exporters: {debug: {colour: red}}", "exporters.debug"),
    "with a wrong value": ("exporters: {otlp/2: {endpoint: [1]}}", "exporters.otlp/2"),
    "with an expression that leads nowhere": ('exporters: {debug: {verbosity: "${file:/nowhere}"}}', "exporters.debug"),
    "that is an extension": ("extensions: {asapclient: {kid: 1}}", "extensions.asapclient"),
    "with an unset variable": ('exporters: {otlp/2: {endpoint: "${env:NOWHERE}"}}', "exporters.otlp/2"),
}


def loaded(*more: str):
    return load([f"yaml:{text}" for text in (BASE, *more)], environ={})


@pytest.mark.parametrize("name", UNUSED)
def test_a_definition_that_nothing_names_refuses_nothing(name):
    """It is named, with what is wrong with it."""
    text, component = UNUSED[name]
    told = [line for line in loaded(text).warnings if line.startswith(f"{component} is declared, but ")]
    assert len(told) == 1
    assert "it does nothing" in told[0]
    assert not [line for line in loaded(text).warnings if "NOWHERE is not set" in line]


def test_what_is_wrong_is_told():
    """In the words of the error that it would be."""
    [told] = [line for line in loaded(UNUSED["with an option that does not exist"][0]).warnings if "debug" in line]
    assert 'and would be refused: exporters.debug has no option "colour"' in told


def test_where_an_id_is_missing_broken_definitions_are_told_as_errors():
    """One of them may be the one that was meant."""
    with pytest.raises(ConfigError) as refused:
        loaded("exporters: {sqlit: }", "service: {pipelines: {logs: {receivers: [otlp], exporters: [sqlite]}}}")
    assert {problem.code for problem in refused.value.problems} == {
        "config/unknown-reference",
        "config/unknown-component",
    }


@pytest.mark.parametrize("name", ["pprof", "memory_ballast", "k8s_observer", "http_forwarder"])
def test_an_extension_that_no_record_passes_is_accepted(name):
    """Whatever its options; it is told that it does nothing."""
    settings = loaded(
        f"extensions: {{{name}/x: {{endpoint: anything, more: [1]}}}}", f"service: {{extensions: [{name}/x]}}"
    )
    assert list(settings.accepted) == [f"{name}/x"]
    assert not settings.extensions
    assert any(line.startswith(f"extensions.{name}/x is accepted and does nothing: ") for line in settings.notices())


def test_the_service_finds_its_own_extensions_beside_it():
    """What does nothing is not looked at when it starts."""
    settings = loaded("extensions: {pprof: , health_check: }", "service: {extensions: [pprof, health_check]}")
    found = extension(settings, HealthCheckConfig)
    assert found is not None
    assert found.endpoint == "localhost:13133"
    assert ("extensions.health_check", "localhost:13133") in own_listeners(settings)


@pytest.mark.parametrize("name", ["redis_storage", "pebble", "some_vendors_storage"])
def test_a_queue_may_name_any_storage(name):
    """It is on disk in any case."""
    settings = loaded(
        f"extensions: {{{name}: {{directory: /x}}}}",
        f"exporters: {{nop: {{sending_queue: {{storage: {name}}}}}}}",
        f"service: {{extensions: [{name}]}}",
    )
    assert settings.accepted == {name: "every queue is on disk in any case"}


def test_an_extension_that_nobody_knows_is_refused():
    """Nobody knows what a record would have met."""
    with pytest.raises(ConfigError) as refused:
        loaded("extensions: {frobnicate: }", "service: {extensions: [frobnicate]}")
    assert [each.code for each in refused.value.problems] == ["config/unknown-component"]


def test_an_authenticator_is_refused_where_an_exporter_names_it():
    """And accepted where nobody does."""
    extensions = "extensions: {asapclient: }", "service: {extensions: [asapclient]}"
    assert loaded(*extensions).accepted == {"asapclient": "no component that runs names it"}
    with pytest.raises(ConfigError) as refused:
        loaded(
            *extensions,
            'exporters: {otlp_http: {endpoint: "https://h", auth: {authenticator: asapclient}}}',
            "service: {pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}}",
        )
    assert [each.code for each in refused.value.problems] == ["config/unknown-component"]


def test_what_does_nothing_is_no_authenticator():
    """An exporter that names it would send without a credential."""
    with pytest.raises(ConfigError, match='extension "pprof" is not an authenticator of exporters'):
        loaded(
            "extensions: {pprof: }",
            'exporters: {otlp_http: {endpoint: "https://h", auth: {authenticator: pprof}}}',
            "service: {extensions: [pprof], pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}}",
        )
