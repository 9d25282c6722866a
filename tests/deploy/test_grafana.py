"""The dashboard asks for metrics that there are, under the names that Prometheus sees."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY

from collector.component import Kind
from collector.registry import default_registry
from collector.telemetry import metrics

DASHBOARD = json.loads((Path(__file__).parents[2] / "deploy" / "grafana" / "logboom.json").read_text())
UNITS = {"s": "_seconds", "By": "_bytes"}


def exposed(name: str, unit: str, *, counter: bool) -> str:
    """As Prometheus has it."""
    suffix = UNITS.get(unit, "")
    return (name if name.endswith(suffix) else name + suffix) + ("_total" if counter else "")


def names() -> set[str]:
    counters = {exposed(name, "{records}", counter=True) for name in metrics.NAMES if name.startswith(("otelcol_receiver", "otelcol_exporter_sen", "otelcol_exporter_enq", "logboom_records"))}  # fmt: skip
    counters |= {exposed(name, unit, counter=True) for name, unit, *_ in metrics._CUMULATIVE}
    figures = [figure for kind in Kind for factory in default_registry().factories(kind) for figure in factory.figures]
    kept = {exposed(f"logboom_{each.name}", each.unit, counter=each.grows) for each in figures}
    return counters | kept | {exposed(name, unit, counter=False) for name, unit, *_ in metrics._GAUGES}


def targets() -> list[dict[str, Any]]:
    return [target for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def test_every_metric_of_it_exists() -> None:
    asked = {name for target in targets() for name in re.findall(r"\b(?:logboom|otelcol)_\w+", target["expr"])}
    assert len(asked) > 20
    assert asked - names() == set()


def test_names_are_those_of_the_exporter() -> None:
    """The rule above is the SDK's own."""
    reader = PrometheusMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    try:
        meter = provider.get_meter("test")
        meter.create_counter("logboom_trial_records", "{records}").add(1)
        meter.create_counter("logboom_trial_cpu_seconds", "s").add(1)
        meter.create_gauge("logboom_trial_age", "s").set(1)
        meter.create_gauge("logboom_trial_size", "By").set(1)
        found = {sample.name for family in REGISTRY.collect() for sample in family.samples if "trial" in sample.name}
    finally:
        provider.shutdown()
    assert found == {
        exposed("logboom_trial_records", "{records}", counter=True), exposed("logboom_trial_cpu_seconds", "s", counter=True),
        exposed("logboom_trial_age", "s", counter=False), exposed("logboom_trial_size", "By", counter=False),
    }  # fmt: skip


def test_each_panel_says_what_it_shows_and_asks_for_the_chosen_instances() -> None:
    for panel in DASHBOARD["panels"]:
        if panel["type"] != "row":
            assert panel["description"].endswith(".")
            assert all('instance=~"$instance"' in target["expr"] for target in panel["targets"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
