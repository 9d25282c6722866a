"""What can be wrong while logboom runs: the one table of conditions, how each is seen, and what follows.

health_check's README shows the same table (a test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.control import catalogue
from collector.control.event import ServiceEvent
from collector.control.record import Value
from collector.service.machine import in_words
from collector.service.observe import exporter_states, resting_pipelines
from collector.service.sight import COME_AGAIN, SET_ASIDE_WINDOW_SECS, Sight, age_secs

WATCH = "supervisor"
_REFUSED_SHARE, _REFUSED_LEAST = 0.05, 20
_NEARLY_FULL = 0.9
_COMMIT_SECS = 3.0
_DEATHS = 3
_LEAST_FREE_BYTES = 64 << 20
_EXPIRING_SECS = 14 * 86_400.0


@dataclass(frozen=True, slots=True)
class Found:
    """A condition holds: the sentence that health tells, and whether senders should go elsewhere (`/ready` 503)."""

    reason: str
    unready: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """More that its event says."""


Find = Callable[[Sight], Mapping[str, Found]]
"""Subject (a listener, an exporter, …) → what is wrong with it; empty while all is well."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One row.

    Args:
        name: of the gauge's label, and of the log line.
        what: in words.
        seen: how.
        find: finds it.
        ready: what `/ready` says.
        gauge: the figure behind it.
        told_by: whose log says when it begins and ends.
        event: what the watch tells of it; None: whoever has the log line has an event, too.
        subject: the event's attribute that names the subject.
    """

    name: str
    what: str
    seen: str
    find: Find
    ready: str
    gauge: str
    told_by: str = WATCH
    event: ServiceEvent | None = None
    subject: str = ""


def _doors(sight: Sight) -> dict[str, Found]:
    bound = sight.options.probe.failures
    return {
        name: Found(f"{name} does not serve ({door.failures} probes in a row): {door.reason}", door.failures >= bound)
        for name, door in sight.doors.items()
        if door.failures
    }


def _refusing(sight: Sight) -> dict[str, Found]:
    refusals = {child.name: str(child.last_report.stats.get("refusing", "")) for child in sight.serving}
    everywhere = all(refusals.values())
    return {name: Found(reason, everywhere) for name, reason in refusals.items() if reason}


def _missing(sight: Sight) -> dict[str, Found]:
    names = [child.name for child in sight.children if sight.settled and not child.ready]
    return {name: Found(f"{name} is being replaced") for name in names}


def _deaths(sight: Sight) -> dict[str, Found]:
    deaths = sight.supervisor.deaths
    return {
        name: Found(f"{name} died {n} times in a row, soon after its start")
        for name, n in deaths.items()
        if n >= _DEATHS
    }


def _crowded(sight: Sight) -> dict[str, Found]:
    return {
        sentence: Found(sentence) for child in sight.children for sentence in child.last_report.stats.get("crowded", ())
    }


def _refused(sight: Sight) -> dict[str, Found]:
    number = sum(sight.requests.get(kind, 0) for kind in COME_AGAIN)
    share = sum(part for kind, part in sight.refused_share().items() if kind in COME_AGAIN)
    if number < _REFUSED_LEAST or share < _REFUSED_SHARE:
        return {}
    return {"requests": Found(f"{share:.0%} of the requests of the last minute were told to come again ({number})")}


def _commits(sight: Sight) -> dict[str, Found]:
    waits = {child.name: child.last_report.stats.get("commit_waits_secs", 0.0) for child in sight.children}
    return {
        name: Found(f"{name}: requests have waited for {secs:.0f} s, the journal's disk is slow")
        for name, secs in waits.items()
        if secs > _COMMIT_SECS
    }


def _unread(sight: Sight) -> dict[str, Found]:
    ages = {name: age_secs(unix_ms) for name, unix_ms in sight.snapshot.unread_unix_ms.items()}
    return {
        name: Found(f"pipeline {name} is behind: its oldest request waits for {secs:.0f} s")
        for name, secs in ages.items()
        if secs > sight.options.max_unread_age
    }


def _resting(sight: Sight) -> dict[str, Found]:
    return {name: Found(f"{name} rests: {reason}") for name, reason in resting_pipelines(sight.children).items()}


def _blocked(sight: Sight) -> dict[str, Found]:
    return {
        name: Found(f"exporter {name} is blocked: {state['reason']}")
        for name, state in exporter_states(sight.children).items()
        if state["state"] == "blocked"
    }


def _moved(sight: Sight) -> dict[str, Found]:
    return {
        name: Found(f"exporter {name}: {state['moved']}")
        for name, state in exporter_states(sight.children).items()
        if state.get("moved")
    }


def _late(sight: Sight) -> dict[str, Found]:
    ages = {name: age_secs(queue.oldest_unix_ms) for name, queue in sight.snapshot.queues.items()}
    states = exporter_states(sight.children)
    return {
        name: Found(
            f"exporter {name} is late: its oldest record waits for {secs:.0f} s{_because(states.get(name, {}))}"
        )
        for name, secs in ages.items()
        if secs > sight.options.max_queue_age
    }


def _because(state: Mapping[str, object]) -> str:
    return f" ({state['reason']})" if state.get("reason") else ""


def _full(sight: Sight) -> dict[str, Found]:
    return {
        name: Found(f"exporter {name} has used {queue.size_bytes / queue.capacity_bytes:.0%} of its quota")
        for name, queue in sight.snapshot.queues.items()
        if queue.capacity_bytes and queue.size_bytes >= _NEARLY_FULL * queue.capacity_bytes
    }


def _set_aside(sight: Sight) -> dict[str, Found]:
    minutes = SET_ASIDE_WINDOW_SECS / 60
    return {
        name: Found(
            f"{name} set {n} record(s) aside within {minutes:.0f} minutes: `logboom deadletter list` shows them"
        )
        for name, n in sight.set_aside.items()
    }


def _descriptors(sight: Sight) -> dict[str, Found]:
    return {
        process.name: Found(f"{process.name} uses {process.open_files} of the {process.max_files} files it may open")
        for process in sight.snapshot.processes
        if process.max_files and process.open_files >= _NEARLY_FULL * process.max_files
    }


def _stale(sight: Sight) -> dict[str, Found]:
    said = [child.last_report.stats.get("stale", {}) for child in sight.children]
    return {who: Found(why) for stale in said for who, why in stale.items()}


def _unsourced(sight: Sight) -> dict[str, Found]:
    said = [child.last_report.stats.get("lacking", {}) for child in sight.children]
    return {source: Found(f"{source} can't be read: {why}") for lacking in said for source, why in lacking.items()}


def _backups(sight: Sight) -> dict[str, Found]:
    said = {child.name: child.last_report.stats.get("backup", {}).get("failing", "") for child in sight.children}
    return {name: Found(f"no backup is being made: {reason}") for name, reason in said.items() if reason}


def _cut_off(sight: Sight) -> dict[str, Found]:
    said = {child.name: child.last_report.stats.get("cut_off_secs", 0.0) for child in sight.children}
    return {
        name: Found(f"{name} has not heard of the brokers for {secs:.0f} s: it delivers nothing") for name, secs in said.items() if secs
    }  # fmt: skip


def _expired(sight: Sight) -> dict[str, Found]:
    said = {child.name: child.last_report.stats.get("expired", "") for child in sight.children}
    return {name: Found(reason) for name, reason in said.items() if reason}


def _short(sight: Sight) -> dict[str, Found]:
    free = sight.snapshot.disk_free_bytes
    if free is None or free >= _LEAST_FREE_BYTES:
        return {}
    return {"disk": Found(f"the file system of the data directory has {free >> 20} MiB left")}


def _expiring(sight: Sight) -> dict[str, Found]:
    return {
        f"{component} {file}": Found(
            f"{component}: the certificate {file} {in_words(secs)}",
            attributes={"logboom.component": component, "logboom.file": file, "logboom.seconds": round(secs)},
        )
        for component, file, secs in sight.snapshot.certificates
        if secs < _EXPIRING_SECS
    }


CONDITIONS = [
    Condition(
        "listener_silent", "A listener does not serve newcomers",
        "probe: an empty request over a new connection gets no answer within `probe.timeout`, or is told to come again",
        _doors, "503 after `probe.failures` in a row", "`logboom_listener_probe_failures`, `logboom_listener_probe_duration`",
        event=catalogue.LISTENER_SILENT, subject="logboom.listener",
    ),
    Condition(
        "refusing", "All requests are refused: the journal or memory is full", "each ingest process says so",
        _refusing, "503 when every ingest process does", "`logboom_journal_size`, `logboom_journal_capacity`",
        event=catalogue.INTAKE_REFUSING, subject="logboom.child",
    ),
    Condition(
        "requests_refused", "Many requests are told to come again",
        "more than 5 % of the requests of the last minute, and 20 at least; refusals that are the sender's fault don't count",
        _refused, "200", "`logboom_receiver_refused_share` (by reason, all of them)",
        event=catalogue.REQUESTS_REFUSED,
    ),
    Condition(
        "crowded", "A listener's connections, unfinished bodies or calls met their bound", "counts of the listeners, for a minute",
        _crowded, "200", "`logboom_listener_bounded`",
        event=catalogue.LISTENER_CROWDED, subject="logboom.reason",
    ),
    Condition(
        "source_unread", "A receiver can't read what it should (an API, a file); it tries again", "an ingest process says so",
        _unsourced, "200", "`logboom_condition`", event=catalogue.SOURCE_UNREAD, subject="logboom.source",
    ),
    Condition(
        "commits_slow", "Requests wait for the journal's disk", "none was committed for 3 s while some wait",
        _commits, "200; after 8 s the process is replaced", "`logboom_journal_commit_wait`",
        event=catalogue.JOURNAL_SLOW, subject="logboom.child",
    ),
    Condition(
        "process_missing", "A child process is being replaced", "it is not ready",
        _missing, "503 when no ingest process is left", "`logboom_process_restarts`", "supervisor, with the exit code",
    ),
    Condition(
        "process_dies", "A child process dies again and again",
        "3 in a row died before they were ready, or within 10 s of it", _deaths, "200; `/live` 503 after 5 (never ready) or 8",
        "`logboom_process_deaths_in_a_row`",
        event=catalogue.PROCESS_DIES, subject="logboom.child",
    ),
    Condition(
        "descriptors", "A process can hardly open more files or connections", "90 % of its limit are in use, in /proc",
        _descriptors, "200", "`logboom_process_open_files`, `logboom_process_max_files`",
        event=catalogue.DESCRIPTORS, subject="logboom.child",
    ),
    Condition(
        "pipeline_behind", "A pipeline is behind", "the oldest request that it has not read is older than `max_unread_age`",
        _unread, "200", "`logboom_pipeline_unread_age`, `logboom_pipeline_lag_records`",
        event=catalogue.PIPELINE_BEHIND, subject="logboom.pipeline",
    ),
    Condition(
        "cluster_cut_off", "A worker of a cluster has not heard of the brokers for as long as its session", "the worker says so",
        _cut_off, "200", "`logboom_condition`", event=catalogue.CLUSTER_CUT_OFF, subject="logboom.child",
    ),
    Condition(
        "cluster_expired", "Brokers deleted payloads that were not processed", "the worker says so, for an hour",
        _expired, "200", "`logboom_condition`", event=catalogue.CLUSTER_EXPIRED, subject="logboom.child",
    ),
    Condition(
        "pipeline_rests", "A pipeline rests: the disk has no room", "the worker says so",
        _resting, "200", "`logboom_pipelines_resting`", "worker",
    ),
    Condition(
        "exporter_blocked", "An exporter's destination refuses everything", "the worker says so",
        _blocked, "200", "`logboom_exporter_blocked`", "worker",
    ),
    Condition(
        "file_moved", "A file of an exporter was moved, deleted, replaced or cut while it was open", "the worker says so, for a minute",
        _moved, "200", "`logboom_exporter_file_moved`",
        event=catalogue.EXPORTER_MOVED, subject="logboom.exporter",
    ),
    Condition(
        "exporter_late", "An exporter does not keep up, or its destination does not answer",
        "its oldest record is older than `max_queue_age`", _late, "200", "`logboom_exporter_queue_age`",
        event=catalogue.EXPORTER_LATE, subject="logboom.exporter",
    ),
    Condition(
        "exporter_full", "An exporter's quota is nearly used up", "90 % of it", _full, "200",
        "`otelcol_exporter_queue_size`, `otelcol_exporter_queue_capacity`",
        event=catalogue.EXPORTER_FULL, subject="logboom.exporter",
    ),
    Condition(
        "set_aside", "Records were set aside as dead letters", "their count grew within 10 minutes",
        _set_aside, "200", "`otelcol_exporter_send_failed_log_records`",
        event=catalogue.SET_ASIDE, subject="logboom.component",
    ),
    Condition(
        "disk_short", "The disk is nearly full", "the file system of the data directory has less than 64 MiB left",
        _short, "200", "`logboom_disk_free`", event=catalogue.DISK_SHORT,
    ),
    Condition(
        "tls_expiring", "A certificate expires soon", "a file that a component shows is good for less than 14 days; looked at each hour",
        _expiring, "200", "`logboom_tls_expiry`", event=catalogue.TLS_EXPIRING,
    ),
    Condition(
        "jwks_stale", "A provider of tokens can't be asked for its keys; those of before are good for some time", "an ingest process says so",
        _stale, "200", "`logboom_condition`", event=catalogue.JWKS_STALE, subject="logboom.authenticator",
    ),
    Condition(
        "backup_failing", "A snapshot can't be taken, or a store not be followed", "the backup process says so",
        _backups, "200", "`logboom_backup_age`", "backup", event=catalogue.BACKUP_FAILING, subject="logboom.child",
    ),
]  # fmt: skip


def markdown() -> str:
    """The table as health_check's README shows it."""
    head = "| condition | it is seen by | `/ready` | gauges | told once by |\n| --- | --- | --- | --- | --- |\n"
    rows = (f"| `{c.name}`: {c.what} | {c.seen} | {c.ready} | {c.gauge} | {c.told_by} |\n" for c in CONDITIONS)
    return head + "".join(rows)
