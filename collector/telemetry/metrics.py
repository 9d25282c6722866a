"""logboom's own metrics, through the OpenTelemetry SDK.

Where the OpenTelemetry Collector has a name for a number, it is that name. Every instrument is observable and reads
one `Snapshot`, made at most once a second: the numbers are rows that were committed with what they count, so they add
up over any crash, and nothing is counted on the data path.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from collector.outcomes import Outcome
from collector.telemetry.snapshot import Snapshot, Snapshots

Rows = Callable[[Snapshot], Iterator[Observation]]

_REPAIRED = f"{Outcome.REPAIRED}:"
_SENT = {Outcome.EXPORTED.value}
_COUNTERS: dict[str, tuple[str, str, Callable[[str], bool], str]] = {
    "otelcol_receiver_accepted_log_records": (
        "receiver", "receiver", lambda outcome: outcome == Outcome.ACCEPTED,
        "Log records acknowledged to senders: they are on disk."),
    "otelcol_receiver_refused_log_records": (
        "receiver", "receiver", lambda outcome: outcome == Outcome.REFUSED,
        "Log records refused; the sender was told."),
    "otelcol_exporter_sent_log_records": (
        "exporter", "exporter", lambda outcome: outcome in _SENT,
        "Log records that the destination has taken."),
    "otelcol_exporter_send_failed_log_records": (
        "exporter", "exporter", lambda outcome: outcome == Outcome.DEAD_LETTERED or outcome.startswith("dropped:"),
        "Log records that the destination will never take; dead-lettered ones can be replayed."),
    "logboom_exporter_filtered_log_records": (
        "exporter", "exporter", lambda outcome: outcome == Outcome.FILTERED,
        "Log records that the exporter's select left out."),
    "otelcol_connector_consumed_items": (
        "connector", "connector", lambda outcome: outcome == Outcome.OFFERED,
        "Log records that a connector was offered, by the pipeline in front of it."),
    "otelcol_connector_produced_items": (
        "connector", "connector", lambda outcome: outcome.startswith(f"{Outcome.PASSED}:"),
        "Log records that a connector handed to the pipelines that it feeds; a copy counts."),
    "logboom_pipeline_fed_log_records": (
        "pipeline", "pipeline", lambda outcome: outcome == Outcome.FED,
        "Log records that connectors handed to a pipeline."),
    "logboom_connector_unrouted_log_records": (
        "connector", "connector", lambda outcome: outcome == f"{Outcome.DROPPED}:no_route",
        "Log records that a connector had no pipeline for."),
    "otelcol_exporter_enqueue_failed_log_records": (
        "exporter", "exporter", lambda outcome: outcome == "dropped:queue_full",
        "Log records given up because the exporter's quota was full and on_full is drop_oldest."),
}  # fmt: skip


def register(meter: Meter, snapshots: Snapshots) -> None:
    """Make every instrument of our own on `meter`."""

    def callback(rows: Rows) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: list(rows(snapshots.get()))

    for name, (kind, label, wanted, text) in _COUNTERS.items():
        rows = _count_rows(kind, label, wanted)
        meter.create_observable_counter(name, [callback(rows)], unit="{records}", description=text)
    meter.create_observable_counter(
        "logboom_records", [callback(_all_counts)], "{records}", "Log records by domain, component and outcome."
    )
    meter.create_observable_counter(
        "logboom_receiver_repaired_values", [callback(_repairs)], "{values}",
        "Values that were not as OTLP has them, put right or left out; the sender was told.",
    )  # fmt: skip
    for name, unit, text, rows in _CUMULATIVE:
        meter.create_observable_counter(name, [callback(rows)], unit, text)
    for name, unit, text, rows in _GAUGES:
        meter.create_observable_gauge(name, [callback(rows)], unit, text)


def _count_rows(kind: str, label: str, wanted: Callable[[str], bool]) -> Rows:
    def rows(snapshot: Snapshot) -> Iterator[Observation]:
        totals: dict[tuple[tuple[str, str], ...], int] = {}
        for labels, (domain, component, outcome), records in snapshot.counted():
            section, _, component_id = component.partition("/")
            if section == kind and wanted(outcome):
                key = (*labels.items(), (label, component_id), ("domain", domain))
                totals[key] = totals.get(key, 0) + records
        for key, records in totals.items():
            yield Observation(records, dict(key))

    return rows


def _all_counts(snapshot: Snapshot) -> Iterator[Observation]:
    for labels, (domain, component, outcome), records in snapshot.counted():
        if not outcome.startswith(_REPAIRED):
            yield Observation(records, {**labels, "domain": domain, "component": component, "outcome": outcome})


def _repairs(snapshot: Snapshot) -> Iterator[Observation]:
    for (domain, component, outcome), values in snapshot.counts.items():
        if outcome.startswith(_REPAIRED):
            receiver, reason = component.partition("/")[2], outcome.removeprefix(_REPAIRED)
            yield Observation(values, {"receiver": receiver, "domain": domain, "reason": reason})


def _age_secs(unix_ms: int) -> float:
    return max(0.0, time.time() - unix_ms / 1000) if unix_ms else 0.0


_CUMULATIVE: list[tuple[str, str, str, Rows]] = [
    ("otelcol_process_uptime", "s", "Time since the supervisor started.",
     lambda s: iter([Observation(s.uptime_secs)])),
    ("otelcol_process_cpu_seconds", "s", "CPU time of each process.",
     lambda s: (Observation(p.cpu_secs, {"process": p.name}) for p in s.processes)),
    ("logboom_native_log_lines", "{lines}", "Log lines of native libraries since the child started; one a minute and place is shown.",
     lambda s: (Observation(n, {"process": child, "kind": kind}) for child, kind, n in s.native_lines)),
    ("logboom_events_lost", "{events}", "Events of the service that a process could not tell: nobody took them in, or there were too many.",
     lambda s: (Observation(n, {"process": process}) for process, n in s.events_lost.items())),
    ("logboom_limit_refused", "{requests}", "Requests that a limit of their domain or credential refused, since the child started.",
     lambda s: (Observation(n, {"domain": domain, "unit": unit}) for (domain, unit), n in s.limits_refused.items())),
    ("logboom_cardinality_over", "{names}", "Services or attribute keys above the bound of their domain, which became another, since the child started.",
     lambda s: (Observation(n, {"domain": domain, "of": kind}) for (domain, kind), n in s.cardinality_over.items())),
    ("logboom_auth_requests", "{requests}", "Requests that were asked who sends them, by what became of it, since the child started.",
     lambda s: (Observation(n, {"authenticator": who, "outcome": outcome, "reason": reason}) for (who, outcome, reason), n in s.auth_requests.items())),
    ("logboom_process_restarts", "{restarts}", "Children replaced because they died or hung.",
     lambda s: iter([Observation(s.restarts)])),
]  # fmt: skip

_GAUGES: list[tuple[str, str, str, Rows]] = [
    ("otelcol_process_memory_rss", "By", "Resident memory of each process.",
     lambda s: (Observation(p.rss_bytes, {"process": p.name}) for p in s.processes)),
    ("otelcol_exporter_queue_size", "By", "Bytes of the outbox that wait for the exporter.",
     lambda s: (Observation(q.size_bytes, {"exporter": name}) for name, q in s.queues.items())),
    ("otelcol_exporter_queue_capacity", "By", "The exporter's quota of the outbox.",
     lambda s: (Observation(q.capacity_bytes, {"exporter": name}) for name, q in s.queues.items())),
    ("otelcol_exporter_in_flight_requests", "{requests}", "Requests that wait for an answer.",
     lambda s: (Observation(int(e.get("in_flight", 0)), {"exporter": name}) for name, e in s.exporters.items())),
    ("logboom_exporter_concurrency_limit", "{requests}", "Requests that may be in flight at once: fewer after push-back.",
     lambda s: (Observation(int(e["concurrency"]), {"exporter": n}) for n, e in s.exporters.items() if "concurrency" in e)),
    ("logboom_exporter_queue_records", "{records}", "Log records that wait for the exporter.",
     lambda s: (Observation(q.records, {"exporter": name}) for name, q in s.queues.items())),
    ("logboom_exporter_queue_age", "s", "Age of the oldest record that waits for the exporter.",
     lambda s: (Observation(_age_secs(q.oldest_unix_ms), {"exporter": name}) for name, q in s.queues.items())),
    ("logboom_exporter_blocked", "1", "1 while the destination refuses everything (credential, missing index).",
     lambda s: (Observation(int(e.get("state") == "blocked"), {"exporter": n}) for n, e in s.exporters.items())),
    ("logboom_exporter_file_moved", "1", "1 for a minute after a file of the exporter was moved, deleted or replaced while it was open.",
     lambda s: (Observation(int(bool(e.get("moved"))), {"exporter": n}) for n, e in s.exporters.items())),
    ("logboom_state_size", "By", "What components remember in the partition.",
     lambda s: (Observation(k.used_bytes, {"partition": str(k.partition)}) for k in s.kept)),
    ("logboom_state_capacity", "By", "Budget of what they remember; above it they forget what tells least.",
     lambda s: (Observation(k.budget_bytes, {"partition": str(k.partition)}) for k in s.kept)),
    ("logboom_journal_size", "By", "Pages of the journal in use.",
     lambda s: (Observation(j.used_bytes, {"slot": str(j.slot)}) for j in s.journals)),
    ("logboom_journal_capacity", "By", "Budget of the journal; beyond it senders are told to wait.",
     lambda s: (Observation(j.budget_bytes, {"slot": str(j.slot)}) for j in s.journals)),
    ("logboom_journal_entries", "{entries}", "Payloads in the journal.",
     lambda s: (Observation(j.entries, {"slot": str(j.slot)}) for j in s.journals)),
    ("logboom_journal_age", "s", "Age of the oldest payload in the journal.",
     lambda s: (Observation(_age_secs(j.oldest_unix_ms), {"slot": str(j.slot)}) for j in s.journals)),
    ("logboom_pipeline_lag_records", "{records}", "Log records accepted and not yet processed.",
     lambda s: (Observation(lag, {"pipeline": name}) for name, lag in s.lag_records.items())),
    ("logboom_pipelines_not_run", "{pipelines}", "Pipelines of the configuration that do not run, by signal.",
     lambda s: (Observation(number, {"signal": signal}) for signal, number in s.not_run.items())),
    ("logboom_pipelines_resting", "{pipelines}", "Pipelines, one a partition, that wait for room on the disk.",
     lambda s: iter([Observation(len(s.resting))])),
    ("logboom_pipeline_unread_age", "s", "Age of the oldest request that the pipeline has not read.",
     lambda s: (Observation(_age_secs(ms), {"pipeline": name}) for name, ms in s.unread_unix_ms.items())),
    ("logboom_quota_used", "1", "Records or bytes that a domain with a quota has sent today (UTC).",
     lambda s: (Observation(n, {"domain": domain, "unit": unit}) for (domain, unit), n in s.quota_used.items())),
    ("logboom_cardinality", "{names}", "Different services and attribute keys of a domain, where they are bounded.",
     lambda s: (Observation(n, {"domain": domain, "of": kind}) for (domain, kind), n in s.cardinality.items())),
    ("logboom_cost", "{currency}", "What destinations bill for a domain, this day and this month (UTC), in the currency of the prices.",
     lambda s: (Observation(round(n, 6), {"domain": domain, "per": period}) for (domain, period), n in s.costs.items())),
    ("logboom_journal_commit_wait", "s", "How long requests have waited without a commit of the journal.",
     lambda s: (Observation(secs, {"process": name}) for name, secs in s.commit_waits_secs.items())),
    ("logboom_listener_bounded", "1", "What listeners bound: in use now, or how often since the start the bound was met (…_cut).",
     lambda s: (Observation(n, {"process": child, "protocol": protocol, "of": what}) for child, protocol, what, n in s.bounds)),
    ("logboom_listener_probe_failures", "{probes}", "Probes in a row that the listener did not answer, or told to come again.",
     lambda s: (Observation(each.failures, {"listener": name}) for name, each in s.listeners.items())),
    ("logboom_listener_probe_duration", "s", "How long the listener took for the last probe.",
     lambda s: (Observation(each.secs, {"listener": name}) for name, each in s.listeners.items())),
    ("logboom_receiver_refused_share", "1", "Refused requests by all requests of the last minute.",
     lambda s: (Observation(share, {"reason": reason}) for reason, share in s.refused_share.items())),
    ("logboom_process_deaths_in_a_row", "{deaths}", "Children in a row that died before they were ready, or soon after.",
     lambda s: (Observation(deaths, {"process": name.replace(" ", "-")}) for name, deaths in s.deaths.items())),
    ("logboom_process_open_files", "{files}", "Descriptors that the process uses.",
     lambda s: (Observation(p.open_files, {"process": p.name}) for p in s.processes)),
    ("logboom_process_max_files", "{files}", "Descriptors that the process may use.",
     lambda s: (Observation(p.max_files, {"process": p.name}) for p in s.processes)),
    ("logboom_backup_age", "s", "Since the last snapshot, and since stores were last sent after it.",
     lambda s: (Observation(_age_secs(ms), {"of": name}) for name, ms in s.backup_unix_ms.items() if ms)),
    ("logboom_disk_free", "By", "Room on the file system of the data directory.",
     lambda s: iter([] if s.disk_free_bytes is None else [Observation(s.disk_free_bytes)])),
    ("logboom_tls_expiry", "s", "How long a certificate that a component shows is still good; negative: it has expired.",
     lambda s: (Observation(round(secs), {"component": who, "file": file}) for who, file, secs in s.certificates)),
    ("logboom_key_expiry", "s", "How long a key of a domain is still good, of those that end within 14 days and were not rotated.",
     lambda s: (Observation(round(secs), {"domain": domain, "key": key}) for domain, key, secs in s.credentials)),
    ("logboom_condition", "{subjects}", "Of how many (listeners, exporters, …) the condition holds now; 0 = all is well.",
     lambda s: (Observation(number, {"condition": name}) for name, number in s.conditions.items())),
]  # fmt: skip

NAMES = frozenset(
    {"logboom_records", "logboom_receiver_repaired_values", *_COUNTERS}
    | {name for name, *_ in _CUMULATIVE}
    | {name for name, *_ in _GAUGES}
)
"""Every metric that is not an exporter's own."""
