"""Numbers that components keep of their state: changed by labels, never below 0, and metrics of the service."""

from __future__ import annotations

import re

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from collector.component import Figure, Figures, Kind
from collector.component.figures import NAME, joined, read
from collector.outcomes import Counts
from collector.registry import default_registry
from collector.telemetry.component_figures import ComponentFigures
from collector.telemetry.metrics import NAMES
from collector.telemetry.snapshot import Snapshot, Snapshots
from collector.testing.work import MemoryState

OPEN, SEEN = (
    Figure("things", ("state",), "{things}", "Things."),
    Figure("thing_events", ("level", "of"), "{events}", "Events.", grows=True),
)


def test_they_are_kept_by_label_and_fall_to_nothing_but_not_below() -> None:
    state = MemoryState()
    Figures(state).add("things", {("new",): 2, ("old",): 1})
    Figures(state).add("things", {("new",): -1, ("old",): -5})
    Figures(state).add("thing_events", {("critical", "a"): 7})
    assert read(state.get(NAME)) == {"things": {("new",): 1, ("old",): 0}, "thing_events": {("critical", "a"): 7}}
    Figures(state).set("things", {("gone",): 3})
    assert read(state.get(NAME))["things"] == {("gone",): 3}
    assert "things" in Figures(state)
    assert "others" not in Figures(state)
    assert read(None) == {}


def test_two_components_of_a_type_are_one_metric() -> None:
    one, other = {"things": {("new",): 2}}, {"things": {("new",): 1, ("old",): 4}, "more": {(): 1}}
    assert joined(one, other) == {"things": {("new",): 3, ("old",): 4}, "more": {(): 1}}


def test_the_metrics_are_those_of_the_type_by_domain_and_labels() -> None:
    """Declared twice, made once; another type's numbers of that name are not shown."""
    values = {"things": {("new",): 2}, "thing_events": {("critical", "a"): 7}}
    snapshot = Snapshot(Counts(), figures={("own", "a.example"): values, ("other", "b.example"): values})
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    figures = ComponentFigures(provider.get_meter("test"), Snapshots(lambda: snapshot))
    for _ in range(2):
        figures.declare([("own", OPEN), ("own", SEEN)])
    data = reader.get_metrics_data()
    assert data is not None
    [scope] = data.resource_metrics[0].scope_metrics
    found = {
        metric.name: (
            type(metric.data).__name__,
            [(dict(point.attributes), point.value) for point in metric.data.data_points],
        )
        for metric in scope.metrics
    }
    assert found == {
        "logboom_things": ("Gauge", [({"domain": "a.example", "state": "new"}, 2)]),
        "logboom_thing_events": ("Sum", [({"domain": "a.example", "level": "critical", "of": "a"}, 7)]),
    }


def test_declared_names_are_of_one_type_and_no_metric_of_logboom_itself() -> None:
    declared = [figure for kind in Kind for factory in default_registry().factories(kind) for figure in factory.figures]
    assert {"issues", "issue_events", "alert_groups", "alert_notifications"} <= {each.name for each in declared}
    assert len({each.name for each in declared}) == len(declared)
    for each in declared:
        assert f"logboom_{each.name}" not in NAMES
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", each.name)
        assert "domain" not in each.labels
        assert each.description.endswith(".")
