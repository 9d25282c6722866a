"""The alert rules for Prometheus: every metric and label that they name is served, by the SDK's own exposition; every expression parses; every
runbook section exists. `make check-alert-rules` lets a real promtool run them on series."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

from collector.component import Kind
from collector.ledger.gauges import QueueState
from collector.outcomes import Counts, Outcome
from collector.registry import default_registry
from collector.service.conditions import CONDITIONS
from collector.service.sight import COME_AGAIN
from collector.telemetry.metrics import NAMES
from collector.telemetry.reader import OwnMetrics
from collector.telemetry.snapshot import (
    ExporterQueue,
    JournalState,
    KeptBytes,
    ListenerState,
    ProcessState,
    Snapshot,
    Snapshots,
)

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "prometheus" / "logboom.rules.yaml"
RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
ADDED = frozenset({"job", "instance"})
"""By Prometheus."""
CASES: Mapping[str, dict[str, Any]] = {rule["alert"]: rule for rule in RULES}


def everything() -> Snapshot:
    """A number of each kind."""
    outcomes = (Outcome.ACCEPTED, Outcome.REFUSED, "repaired:trace_id")
    counts = {("a.com", "receiver/otlp", str(outcome)): 1 for outcome in outcomes}
    counts |= {
        ("a.com", "exporter/x", outcome): 1
        for outcome in ("exported", "dead_lettered", "dropped:queue_full", "filtered")
    }
    counts |= {("a.com", "connector/c", outcome): 1 for outcome in ("offered", "passed:logs/a", "dropped:no_route")}
    counts |= {("a.com", "pipeline/logs", "fed"): 1}
    figures = {
        (factory.name, "a.com"): {each.name: {("x",) * len(each.labels): 1} for each in factory.figures}
        for kind in Kind
        for factory in default_registry().factories(kind)
    }
    return Snapshot(
        Counts(counts), figures=figures, journals=[JournalState(0, 1, 1, 1, 1)], kept=[KeptBytes(0, 1, 1)],
        queues={"x": ExporterQueue(1, 1, 1, QueueState().oldest_unix_ms)}, lag_records={"logs": 1},
        processes=[ProcessState("worker-0", 1, 1.0, 1, 1, 1)], exporters={"x": {"state": "ok", "in_flight": 0, "concurrency": 1}},
        not_run={"traces": 1}, unread_unix_ms={"logs": 1}, commit_waits_secs={"ingest-0": 1.0}, limits_refused={("a.com", "records"): 1},
        auth_requests={("api_keys", "Unauthenticated", "missing"): 1}, quota_used={("a.com", "records"): 1}, cardinality={("a.com", "services"): 1},
        cardinality_over={("a.com", "services"): 1}, costs={("a.com", "day"): 1.0}, bounds=[("ingest-0", "otlp grpc", "calls", 1)],
        events_lost={"worker-0": 1}, native_lines=[("worker-0", "grpc", 1)], listeners={"otlp grpc": ListenerState(0, 0.1)},
        refused_share=dict.fromkeys(COME_AGAIN, 0.1), deaths={"worker 0": 1}, conditions={each.name: 0 for each in CONDITIONS},
        backup_unix_ms={"snapshot": 1}, disk_free_bytes=1, certificates=[("receivers.otlp", "/a", 1.0)], credentials=[("a.com", "k", 1.0)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Mapping[str, frozenset[str]]:
    """Metric → its labels, as `/metrics` has them."""
    snapshot = everything()
    metrics = OwnMetrics(Snapshots(lambda: snapshot))
    figures = [
        (factory.name, each)
        for kind in Kind
        for factory in default_registry().factories(kind)
        for each in factory.figures
    ]
    metrics.declare([], figures)
    try:
        found: dict[str, frozenset[str]] = {
            sample.name: frozenset(sample.labels) - {"otel_scope_name", "otel_scope_version", "otel_scope_schema_url"}
            for family in REGISTRY.collect()
            for sample in family.samples
        }
    finally:
        metrics.shutdown()
    missing = {name for name in NAMES if not any(each.startswith(name) for each in found)}
    assert missing == set(), "the snapshot above lacks a number of these"
    return found


def selectors(expression: Any) -> Iterator[Any]:
    """All selections of series, and where they stand."""
    found: list[Any] = []

    def visit(each: Any) -> bool:
        if isinstance(each, promql_parser.VectorSelector | promql_parser.MatrixSelector):
            found.append(getattr(each, "vector_selector", each))
        return True

    promql_parser.walk(expression, visit)
    yield from found


def aggregations(expression: Any) -> list[Any]:
    found: list[Any] = []

    def visit(each: Any) -> bool:
        if isinstance(each, promql_parser.AggregateExpr):
            found.append(each)
        return True

    promql_parser.walk(expression, visit)
    return found


def labels_of(expression: Any, served: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Those that each series of the expression may have."""
    if isinstance(expression, promql_parser.AggregateExpr):
        assert expression.modifier is not None
        return frozenset(expression.modifier.labels)
    if isinstance(expression, promql_parser.BinaryExpr):
        return labels_of(expression.lhs, served)
    if isinstance(expression, promql_parser.ParenExpr):
        return labels_of(expression.expr, served)
    if isinstance(expression, promql_parser.Call):
        return frozenset() if expression.func.name == "absent" else labels_of(expression.args[0], served)
    return served[next(selectors(expression)).name] | ADDED


@pytest.mark.parametrize("alert", CASES)
def test_its_metrics_and_labels_are_served(alert: str, served: Mapping[str, frozenset[str]]) -> None:
    """Also those that it groups by, and those of its sentences."""
    expression = promql_parser.parse(CASES[alert]["expr"])
    chosen = list(selectors(expression))
    assert chosen
    for each in chosen:
        assert each.name in served, each.name
        assert {matcher.name for matcher in each.matchers.matchers} <= served[each.name] | ADDED
    for each in aggregations(expression):
        assert each.modifier is not None
        for inner in selectors(each.expr):
            assert set(each.modifier.labels) <= served[inner.name] | ADDED
    said = set(re.findall(r"\$labels\.(\w+)", str(CASES[alert]["annotations"])))
    assert said <= labels_of(expression, served)


@pytest.mark.parametrize("alert", CASES)
def test_it_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    rule = CASES[alert]
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Logboom[A-Z][A-Za-z]+", alert)
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert rule["annotations"]["description"].endswith(".")
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_values_of_labels_are_those_that_there_are() -> None:
    """A condition, a reason, an outcome that nobody writes would never alert."""
    written: dict[str, set[str]] = defaultdict(set)
    for rule in RULES:
        for each in selectors(promql_parser.parse(rule["expr"])):
            for matcher in each.matchers.matchers:
                written[matcher.name] |= set(matcher.value.split("|"))
    assert written["condition"] <= {each.name for each in CONDITIONS}
    assert written["reason"] == COME_AGAIN
    assert written["unit"] == {".+_per_day"}
    assert written["outcome"] == {"let_in", "dead_lettered", "dropped:.+", "dropped:superseded"}


def test_each_condition_has_an_alert() -> None:
    """By its own gauge, or by the figure behind it."""
    text = " ".join(rule["expr"] for rule in RULES)
    behind = {each.name: re.findall(r"`((?:logboom|otelcol)_\w+)`", each.gauge) for each in CONDITIONS}
    assert [
        name
        for name, gauges in behind.items()
        if f'"{name}"' not in text and not any(gauge in text for gauge in gauges if gauge != "logboom_condition")
    ] == []


def test_the_chart_has_the_same_rules() -> None:
    """helm reads no file outside of its chart."""
    assert (ROOT / "deploy" / "helm" / "logboom" / "logboom.rules.yaml").read_bytes() == FILE.read_bytes()
