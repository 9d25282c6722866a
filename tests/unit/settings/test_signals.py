"""Files with pipelines of several signals: those of logs run, the others are told."""

from __future__ import annotations

import pytest

from collector.errors import ConfigError
from collector.settings import load
from collector.settings.upstream.component_types import for_other_signals, known
from collector.testing.sample_components import sample_registry

HEAD = """
receivers: {source: , prometheus: {config: [nonsense]}, hostmetrics: {scrapers: }, host_metrics/disks: }
exporters: {debug: , jaeger: {endpoint: "${env:JAEGER}"}}
connectors: {bridge: , exceptions: , sum/bytes: {logs: }}
"""
PIPELINES = {
    "traces and metrics beside logs": (
        {
            "traces": "receivers: [source], exporters: [jaeger]",
            "metrics/host": "receivers: [prometheus], exporters: [debug]",
            "logs": "receivers: [source], exporters: [debug]",
        },
        ["logs"],
        {"traces": "logboom carries logs, not traces", "metrics/host": "logboom carries logs, not metrics"},
    ),
    "logs that are made of spans only": (
        {
            "traces": "receivers: [source], exporters: [exceptions]",
            "logs": "receivers: [source], exporters: [debug]",
            "logs/exceptions": "receivers: [exceptions], exporters: [debug]",
        },
        ["logs"],
        {
            "traces": "logboom carries logs, not traces",
            "logs/exceptions": "nothing comes in but through the connector exceptions: logboom carries logs only, and it makes logs of the exceptions in spans",
        },
    ),
    "logs that become metrics only": (
        {
            "logs": "receivers: [source], exporters: [debug]",
            "logs/sum": "receivers: [source], exporters: [sum/bytes]",
            "metrics": "receivers: [sum/bytes], exporters: [debug]",
        },
        ["logs"],
        {
            "metrics": "logboom carries logs, not metrics",
            "logs/sum": "nothing goes out but through the connector sum/bytes: logboom carries logs only, and it makes metrics",
        },
    ),
    "what is fed by one that does not run": (
        {
            "traces": "receivers: [source], exporters: [exceptions]",
            "logs": "receivers: [source], exporters: [debug]",
            "logs/1": "receivers: [exceptions], exporters: [bridge]",
            "logs/2": "receivers: [bridge], exporters: [debug]",
        },
        ["logs"],
        {
            "traces": "logboom carries logs, not traces",
            "logs/1": "nothing comes in but through the connector exceptions",
            "logs/2": "nothing comes in but through the connector bridge: its other pipelines do not run",
        },
    ),
    "a receiver that has no logs": (
        {
            "logs": "receivers: [source], exporters: [debug]",
            "logs/entities": "receivers: [hostmetrics], exporters: [debug]",
        },
        ["logs"],
        {"logs/entities": "nothing comes in but through the receiver hostmetrics: it reads the host's metrics"},
    ),
}  # fmt: skip


def loaded(pipelines: dict[str, str], *, strict: bool = False, more: str = ""):
    written = "".join(f"    {name}: {{{lists}}}\n" for name, lists in pipelines.items())
    text = f"{HEAD}{more}\nservice:\n  pipelines:\n{written}"
    return load([f"yaml:{text}"], registry=sample_registry(), environ={}, strict_signals=strict)


@pytest.mark.parametrize("name", PIPELINES)
def test_logs_run_and_the_others_are_told(name):
    """With the reason, at the start as well; nothing of them is looked at."""
    pipelines, runs, told = PIPELINES[name]
    settings = loaded(pipelines)
    assert list(settings.pipelines) == runs
    assert {one.pipeline for one in settings.not_run} == set(told)
    for one in settings.not_run:
        assert one.why.startswith(told[one.pipeline])
        assert any(line.startswith(f"pipeline {one.pipeline} does NOT RUN: ") for line in settings.notices())
    assert set(settings.receivers) == {"source"}
    assert not [line for line in settings.warnings if "JAEGER" in line]


@pytest.mark.parametrize("name", PIPELINES)
def test_strict_signals_refuses_each_of_them(name):
    """For whoever would rather have no logs than lose traces."""
    pipelines, _, told = PIPELINES[name]
    with pytest.raises(ConfigError) as refused:
        loaded(pipelines, strict=True)
    problems = refused.value.problems
    assert {problem.code for problem in problems} == {"config/unsupported-signal"}
    assert len(problems) == len(told)
    assert all("run without --strict-signals" in problem.hint for problem in problems)


def test_a_receiver_without_logs_is_left_out_of_a_pipeline_that_runs():
    """The others go on; in the old and the new spelling."""
    for name in ("hostmetrics", "host_metrics/disks"):
        settings = loaded({"logs": f"receivers: [source, {name}], exporters: [debug]"})
        assert list(settings.pipelines["logs"].receivers) == ["source"]
        told = f"receivers.{name} brings nothing to the pipeline logs: it reads"
        assert [line for line in settings.warnings if line.startswith(told)]


def test_an_id_that_is_none_is_told_as_such():
    """Whatever else is asked of it."""
    with pytest.raises(ConfigError) as refused:
        loaded({"logs": 'receivers: [source, "e:x"], exporters: [debug]'})
    assert [problem.code for problem in refused.value.problems if "e:x" in problem.message] == [
        "config/unknown-reference"
    ]


def test_a_connector_of_another_signal_is_left_out_of_a_pipeline_that_runs():
    """What else comes in and goes out stays."""
    settings = loaded(
        {
            "traces": "receivers: [source], exporters: [exceptions]",
            "logs": "receivers: [source, exceptions], exporters: [sum/bytes, debug]",
            "metrics": "receivers: [sum/bytes], exporters: [debug]",
        }
    )
    assert tuple(settings.pipelines["logs"].receivers) == ("source",)
    assert tuple(settings.pipelines["logs"].exporters) == ("debug",)
    assert not settings.connectors
    said = [line for line in settings.warnings if "the pipeline logs" in line]
    assert [line.partition(":")[0] for line in said] == [
        "connectors.exceptions brings nothing to the pipeline logs",
        "connectors.sum/bytes takes nothing from the pipeline logs",
    ]


def test_a_file_without_logs_is_refused():
    """It says what each of its pipelines is."""
    with pytest.raises(ConfigError) as refused:
        loaded({"traces": "receivers: [source], exporters: [debug]"})
    assert [problem.code for problem in refused.value.problems] == ["config/unsupported-signal"]


def test_a_connector_with_one_end_stays_an_error():
    """Whatever signal it is for."""
    with pytest.raises(ConfigError, match="but not used in any supported receiver pipeline"):
        loaded({"logs": "receivers: [source], exporters: [debug, bridge]"})


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("processors", "cumulativetodelta", "it is for metrics, and logboom carries logs only"),
        ("processors", "cumulative_to_delta", "it is for metrics, and logboom carries logs only"),
        ("processors", "tail_sampling", "it is for traces, and logboom carries logs only"),
        ("receivers", "prometheus", "it is for metrics, and logboom carries logs only"),
        ("exporters", "prometheusremotewrite", "it is for metrics, and logboom carries logs only"),
        ("receivers", "filelog", ""),
        ("connectors", "span_metrics", "logboom carries logs only, and it makes metrics of spans"),
    ],
)
def test_types_of_other_signals_are_known_by_old_and_new_names(kind, name, sentence):
    """So that the refusal says why."""
    from collector.component import Kind

    assert for_other_signals(Kind(kind), name) == sentence
    assert known(Kind(kind), name)
