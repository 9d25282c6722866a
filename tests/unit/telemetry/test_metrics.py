"""Metrics say what the rows say, under the OpenTelemetry Collector's names."""

from __future__ import annotations

import time

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from collector.component import Instrument
from collector.outcomes import Counts
from collector.telemetry.exporter_counters import ExporterCounters
from collector.telemetry.metrics import Snapshots, register
from collector.telemetry.snapshot import ExporterQueue, JournalState, ProcessState, Snapshot

OLDEST = time.time() - 5
SNAPSHOT = Snapshot(
    counts=Counts(
        {
            ("tamyla.com", "receiver/otlp", "accepted"): 90,
            ("wetechfounders.com", "receiver/otlp", "accepted"): 10,
            ("tamyla.com", "receiver/otlp", "refused"): 7,
            ("tamyla.com", "exporter/sqlite/main", "exported"): 80,
            ("tamyla.com", "exporter/sqlite/main", "dead_lettered"): 3,
            ("tamyla.com", "exporter/sqlite/main", "dropped:queue_full"): 2,
            ("tamyla.com", "exporter/sqlite/main", "filtered"): 6,
            ("tamyla.com", "processor/logs/filter", "filtered"): 5,
            ("tamyla.com", "connector/logs/routing/x", "offered"): 9,
            ("tamyla.com", "connector/logs/routing/x", "passed:logs/a"): 5,
            ("tamyla.com", "connector/logs/routing/x", "passed:logs/b"): 3,
            ("tamyla.com", "connector/logs/routing/x", "dropped:no_route"): 1,
            ("tamyla.com", "pipeline/logs/a", "fed"): 5,
        }
    ),
    journals=[JournalState(0, 4096, 8192, 3, int(OLDEST * 1000))],
    queues={"sqlite/main": ExporterQueue(12, 3400, 9999, 0)},
    lag_records={"logs": 4},
    processes=[ProcessState("worker-0", 42, 1.5, 1 << 20)],
    exporters={"sqlite/main": {"state": "blocked", "in_flight": 2, "concurrency": 4}},
    restarts=1,
    uptime_secs=9.0,
    not_run={"traces": 2},
    events_lost={"worker-0": 7},
)


def collect(snapshot: Snapshot, *declared: Instrument) -> dict[tuple[str, frozenset[tuple[str, object]]], float]:
    """(name, attributes) → value of every observation."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    register(meter, Snapshots(lambda: snapshot))
    ExporterCounters(meter, Snapshots(lambda: snapshot)).declare(declared)
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        (metric.name, frozenset((point.attributes or {}).items())): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    provider.shutdown()
    return found


def test_every_row_has_its_metric() -> None:
    """Receiver, exporter and processor rows stand under the right name and labels; ids keep their slash."""
    found = collect(SNAPSHOT)

    def value(name: str, **labels: object) -> float:
        return found[name, frozenset(labels.items())]

    assert value("otelcol_receiver_accepted_log_records", receiver="otlp", domain="tamyla.com") == 90
    assert value("otelcol_receiver_accepted_log_records", receiver="otlp", domain="wetechfounders.com") == 10
    assert value("otelcol_receiver_refused_log_records", receiver="otlp", domain="tamyla.com") == 7
    assert value("otelcol_exporter_sent_log_records", exporter="sqlite/main", domain="tamyla.com") == 80
    assert value("otelcol_exporter_send_failed_log_records", exporter="sqlite/main", domain="tamyla.com") == 5
    assert value("otelcol_exporter_enqueue_failed_log_records", exporter="sqlite/main", domain="tamyla.com") == 2
    routing = {"connector": "logs/routing/x", "domain": "tamyla.com"}
    assert value("otelcol_connector_consumed_items", **routing) == 9
    assert value("otelcol_connector_produced_items", **routing) == 8
    assert value("logboom_connector_unrouted_log_records", **routing) == 1
    assert value("logboom_pipeline_fed_log_records", pipeline="logs/a", domain="tamyla.com") == 5
    assert value("otelcol_exporter_queue_size", exporter="sqlite/main") == 3400
    assert value("otelcol_exporter_queue_capacity", exporter="sqlite/main") == 9999
    assert value("otelcol_exporter_in_flight_requests", exporter="sqlite/main") == 2
    assert value("logboom_exporter_filtered_log_records", exporter="sqlite/main", domain="tamyla.com") == 6
    assert value("logboom_exporter_concurrency_limit", exporter="sqlite/main") == 4
    assert value("logboom_exporter_blocked", exporter="sqlite/main") == 1
    assert value("logboom_pipeline_lag_records", pipeline="logs") == 4
    assert value("logboom_pipelines_not_run", signal="traces") == 2
    assert value("logboom_journal_size", slot="0") == 4096
    assert value("logboom_events_lost", process="worker-0") == 7
    assert 4 < value("logboom_journal_age", slot="0") <= time.time() - OLDEST + 1
    assert value("logboom_records", domain="tamyla.com", component="processor/logs/filter", outcome="filtered") == 5


def test_partitions_that_move_are_counted_one_by_one() -> None:
    """Who has one goes on with its number; what no partition counted stands by itself."""
    key, other = ("a.example", "exporter/d1", "exported"), ("a.example", "receiver/otlp", "accepted")
    counts = Counts({key: 12, other: 20})
    found = collect(Snapshot(counts, by_partition={3: Counts({key: 5}), 7: Counts({key: 7})}))
    sent = "otelcol_exporter_sent_log_records"
    labels = frozenset({"exporter": "d1", "domain": "a.example"}.items())
    assert {attributes - labels: value for (name, attributes), value in found.items() if name == sent} == {
        frozenset({("partition", "3")}): 5, frozenset({("partition", "7")}): 7,
    }  # fmt: skip
    records = {attributes: value for (name, attributes), value in found.items() if name == "logboom_records"}
    assert sum(records.values()) == 32
    assert [value for attributes, value in records.items() if "partition" not in dict(attributes)] == [20]


def test_snapshots_are_taken_at_most_once_a_second() -> None:
    """One scrape reads the disk once, however many instruments there are."""
    taken: list[int] = []

    def take() -> Snapshot:
        taken.append(1)
        return SNAPSHOT

    snapshots = Snapshots(take, max_age_secs=3600)
    for _ in range(20):
        snapshots.get()
    assert len(taken) == 1


def test_what_exporters_count_is_shown_as_their_factories_declare_it() -> None:
    """Of two exporters, one of which counts nothing; what was not declared stays unseen; ours keep their names."""
    counted = {"state": "ok", "in_flight": 0, "counters": {"rows_written": 7, "secret": 1, "blocked": 5}}
    snapshot = Snapshot(counts=Counts(), exporters={"d1": counted, "debug": {"state": "ok", "in_flight": 0}})
    rows = Instrument("rows_written", "{rows}", "Rows.")
    found = collect(snapshot, rows, rows, Instrument("blocked", "1", "Not ours."))
    shown = {(name, *labels): value for (name, labels), value in found.items()}
    d1, debug = ("exporter", "d1"), ("exporter", "debug")
    assert {key: n for key, n in shown.items() if key[0].startswith("logboom_exporter_rows")} == {
        ("logboom_exporter_rows_written", d1): 7
    }
    assert (shown["logboom_exporter_blocked", d1], shown["logboom_exporter_blocked", debug]) == (0, 0)
    assert "logboom_exporter_secret" not in {name for name, *_ in shown}


def test_a_counter_that_is_declared_later_appears_then() -> None:
    """After a SIGHUP; the same provider."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    counted = {"d1": {"counters": {"rows_written": 7}}}
    counters = ExporterCounters(
        provider.get_meter("test"), Snapshots(lambda: Snapshot(counts=Counts(), exporters=counted))
    )
    assert reader.get_metrics_data() is None
    counters.declare([Instrument("rows_written", "{rows}", "Rows.")])
    data = reader.get_metrics_data()
    provider.shutdown()
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit, metric.description) == ("logboom_exporter_rows_written", "{rows}", "Rows.")
