"""Each condition of the table: what is seen, what health says, and what the log tells."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.errors import Damaged
from collector.extensions.health_check.config import HealthCheckConfig
from collector.outcomes import Counts
from collector.service import watch as module
from collector.service.channel import Report
from collector.service.commits import Commits
from collector.service.conditions import CONDITIONS, markdown
from collector.service.doors import Door, Doors
from collector.service.increase import Increase
from collector.service.restarts import Restarts
from collector.service.sight import Sight
from collector.service.watch import Watch
from collector.settings import load
from collector.telemetry.snapshot import ExporterQueue, ProcessState, Snapshot, Snapshots
from collector.transport.probe import Probe

README = Path(__file__).parents[3] / "collector" / "extensions" / "health_check" / "README.md"
AGO_MS = int((time.time() - 3600) * 1000)


def child(name: str, ready: bool = True, **stats: Any) -> Any:
    """A child that has said `stats`."""
    role = name.split(maxsplit=1)[0]
    report = Report("ready" if ready else "starting", stats=stats)
    return SimpleNamespace(
        start=SimpleNamespace(role=role), name=name, pid=1, ready=ready, last_report=report, show=lambda _state: None
    )


def supervisor(*children: Any, **other: Any) -> Any:
    """One that has started, with an ingest process and a worker that serve unless others are given."""
    have = {each.name.split()[0]: each for each in (child("ingest 0"), child("worker 0"), *children)}
    state = {"started": True, "stopping": False, "handing_over": False, "hopeless": [], "deaths": {}, "restarts": 0}
    settings = load(["yaml:" + SETTINGS])
    return SimpleNamespace(children=have, settings=settings, started_unix=0.0, **(state | other))


SETTINGS = """
receivers: {otlp: {protocols: {http: {}, grpc: {}}}}
exporters: {nop: {}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
"""


def snapshot(**fields: Any) -> Snapshot:
    return Snapshot(Counts(), **fields)


def blocked(state: str) -> dict[str, Any]:
    return {"d1": {"state": state, "reason": "401", "in_flight": 0}}


CASES: dict[str, tuple[str, Sight, str, bool]] = {
    "one probe without an answer": (
        "listener_silent", Sight(supervisor(), (), doors={"otlp grpc": Door(1, "no answer within 5 s")}),
        "otlp grpc does not serve (1 probes in a row): no answer within 5 s", False,
    ),
    "three in a row": (
        "listener_silent", Sight(supervisor(), (), doors={"otlp grpc": Door(3, "no answer within 5 s")}),
        "otlp grpc does not serve (3 probes in a row): no answer within 5 s", True,
    ),
    "the journal is full": (
        "refusing", Sight(supervisor(), [child("ingest 0", refusing="the journal is full")]), "the journal is full", True,
    ),
    "one of two journals is full": (
        "refusing", Sight(supervisor(), [child("ingest 0", refusing="the journal is full"), child("ingest 1")]),
        "the journal is full", False,
    ),
    "many are told to come again": (
        "requests_refused", Sight(supervisor(), (), requests={"accepted": 60, "Unavailable": 40}),
        "40% of the requests of the last minute were told to come again (40)", False,
    ),
    "connections met their bound": (
        "crowded", Sight(supervisor(), [child("ingest 0", crowded=["http: all connections are in use"])]),
        "http: all connections are in use", False,
    ),
    "the journal's disk is slow": (
        "commits_slow", Sight(supervisor(), [child("ingest 0", commit_waits_secs=5.0)]),
        "ingest 0: requests have waited for 5 s, the journal's disk is slow", False,
    ),
    "a worker is away": (
        "process_missing", Sight(supervisor(), [child("worker 0", ready=False)]), "worker 0 is being replaced", False,
    ),
    "a worker dies again and again": (
        "process_dies", Sight(supervisor(deaths={"worker 0": 4}), ()), "worker 0 died 4 times in a row, soon after its start", False,
    ),
    "descriptors are nearly used up": (
        "descriptors", Sight(supervisor(), (), snapshot=snapshot(processes=[ProcessState("ingest-0", 1, 0.0, 0, 116, 128)])),
        "ingest-0 uses 116 of the 128 files it may open", False,
    ),
    "a pipeline is behind": (
        "pipeline_behind", Sight(supervisor(), (), snapshot=snapshot(unread_unix_ms={"logs": AGO_MS})),
        "pipeline logs is behind: its oldest request waits for", False,
    ),
    "the disk is nearly full": (
        "disk_short", Sight(supervisor(), (), snapshot=snapshot(disk_free_bytes=31 << 20)),
        "the file system of the data directory has 31 MiB left", False,
    ),
    "a certificate expires": (
        "tls_expiring", Sight(supervisor(), (), snapshot=snapshot(certificates=[("receivers.otlp", "/a.crt", 500_000.0)])),
        "receivers.otlp: the certificate /a.crt expires in 6 days", False,
    ),
    "a worker of a cluster hears nothing": (
        "cluster_cut_off", Sight(supervisor(), [child("worker 0", cut_off_secs=12.3)]),
        "worker 0 has not heard of the brokers for 12 s: it delivers nothing", False,
    ),
    "brokers deleted what nobody had read": (
        "cluster_expired", Sight(supervisor(), [child("worker 0", expired="pipeline logs had not read up to 12 payloads")]),
        "pipeline logs had not read up to 12 payloads", False,
    ),
    "a pipeline has no room": (
        "pipeline_rests", Sight(supervisor(), [child("worker 0", resting={"pipeline logs": "No space left"})]),
        "pipeline logs rests: No space left", False,
    ),
    "a destination refuses everything": (
        "exporter_blocked", Sight(supervisor(), [child("worker 0", exporters=blocked("blocked"))]),
        "exporter d1 is blocked: 401", False,
    ),
    "a store was moved": (
        "file_moved", Sight(supervisor(), [child("worker 0", exporters={"sqlite": {"state": "ok", "reason": "", "moved": "it was moved"}})]),
        "exporter sqlite: it was moved", False,
    ),
    "a destination never answers": (
        "exporter_late",
        Sight(supervisor(), [child("worker 0", exporters=blocked("retrying"))],
              snapshot=snapshot(queues={"d1": ExporterQueue(1, 1, 100, AGO_MS)})),
        "exporter d1 is late: its oldest record waits for", False,
    ),
    "a quota is nearly used up": (
        "exporter_full", Sight(supervisor(), (), snapshot=snapshot(queues={"d1": ExporterQueue(1, 95, 100, 0)})),
        "exporter d1 has used 95% of its quota", False,
    ),
    "records were set aside": (
        "set_aside", Sight(supervisor(), (), set_aside={"exporter/d1": 7}), "exporter/d1 set 7 record(s) aside within 10 minutes", False,
    ),
    "a provider of tokens is away": (
        "jwks_stale", Sight(supervisor(), [child("ingest 0", stale={"oidc https://id.example": "https://id.example can't be asked"})]),
        "https://id.example can't be asked", False,
    ),
    "the API of a receiver is away": (
        "source_unread", Sight(supervisor(), [child("ingest 0", lacking={"k8s_events events": "api:443: connection refused"})]),
        "k8s_events events can't be read: api:443: connection refused", False,
    ),
    "the target of backups is away": (
        "backup_failing", Sight(supervisor(), [child("backup 0", backup={"failing": "s3://b can't be written"})]),
        "no backup is being made: s3://b can't be written", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_found(case: str) -> None:
    """The condition of that name, and it alone, with a reason that says what and where."""
    name, sight, reason, unready = CASES[case]
    found = {row.name: list(row.find(sight).values()) for row in CONDITIONS if row.find(sight)}
    assert list(found) == [name]
    assert found[name][0].reason.startswith(reason)
    assert found[name][0].unready is unready


def test_every_condition_has_a_case() -> None:
    """A row that nothing shows may be one that can't be met."""
    assert {name for name, *_ in CASES.values()} == {row.name for row in CONDITIONS}


def test_nothing_is_wrong_with_a_service_that_works() -> None:
    """And a stranger's mistakes are no condition of ours."""
    sight = Sight(supervisor(), [child("ingest 0"), child("worker 0")], requests={"accepted": 1, "InvalidPayload": 999})
    assert not [row.name for row in CONDITIONS if row.find(sight)]
    assert sight.refused_share() == {"InvalidPayload": 0.999}


def test_the_readme_shows_the_table() -> None:
    """The very rows."""
    assert markdown() in README.read_text()


def test_told_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Looks in between say nothing; the end says how long it lasted."""
    now = [100.0]
    here = supervisor()
    watch = Watch(here, snapshot, clock=lambda: now[0])
    full = snapshot(queues={"d1": ExporterQueue(1, 95, 100, 0)})
    with caplog.at_level(logging.WARNING):
        for look in (snapshot(), full, full, full, snapshot(), snapshot()):
            now[0] += 5
            watch.look(look)
    assert [record.getMessage() for record in caplog.records] == [
        "exporter_full begins: exporter d1 has used 95% of its quota",
        "exporter_full is over after 15 s; it began with: exporter d1 has used 95% of its quota",
    ]


def test_what_cannot_be_looked_at_is_told_once_and_in_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """Until it says something else."""
    said = ["journal is damaged", "journal is damaged", "", "journal is damaged", "it is gone"]

    def take() -> Snapshot:
        if reason := reasons.pop(0):
            raise Damaged(reason)
        return snapshot()

    reasons = [*said]
    watch = Watch(supervisor(), snapshot)
    watch.snapshots = Snapshots(take, max_age_secs=-1.0)
    for _ in said:
        asyncio.run(watch._look_once())
    told = [(record.getMessage().partition(": ")[2], record.exc_info) for record in caplog.records]
    assert told == [("journal is damaged", None), ("journal is damaged", None), ("it is gone", None)]


def test_health_tells_a_silent_listener_and_its_recovery() -> None:
    """Degraded, then not ready, then well again with the first answer."""
    reasons = iter(["no answer", "no answer", "no answer", ""])
    asked: list[Probe] = []

    def ask(probe: Probe, _address: str, _timeout: float) -> str:
        asked.append(probe)
        return next(reasons)

    doors = Doors(ask)
    ingest = child("ingest 0", doors={"otlp": {"http": "127.0.0.1:4318"}})
    here = supervisor(ingest)
    watch = Watch(here, snapshot, doors)
    answers = []
    for _ in range(4):
        asyncio.run(doors.look(here.settings, [ingest], 5.0))
        status, body = watch.health().answer("/ready")
        answers.append((status, "degraded" in body))
    assert answers == [(200, True), (200, True), (503, True), (200, False)]
    assert asked == [Probe("http", "/v1/logs")] * 4


def test_a_stop_does_not_wait_for_a_probe() -> None:
    """A listener that is silent keeps its thread for as long as it likes; nobody else."""
    asked, released = threading.Event(), threading.Event()

    def ask(_probe: Probe, _address: str, _timeout: float) -> str:
        asked.set()
        released.wait(60)
        return ""

    async def stop_while_asking() -> None:
        looking = asyncio.ensure_future(Doors(ask).look(supervisor().settings, [ingest], 60.0))
        await asyncio.to_thread(asked.wait)
        looking.cancel()

    ingest = child("ingest 0", doors={"otlp": {"http": "127.0.0.1:4318"}})
    release = threading.Timer(50, released.set)
    release.start()
    asyncio.run(stop_while_asking())
    assert not released.is_set()
    release.cancel()
    released.set()


def test_probes_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """`interval: 0s`: nobody is asked."""
    asked: list[str] = []
    monkeypatch.setattr(module, "LOOK_SECS", 0.01)
    here = supervisor(child("ingest 0", doors={"otlp": {"http": "127.0.0.1:1"}}))
    here.settings = load(["yaml:" + SETTINGS, "yaml:extensions: {health_check: {probe: {interval: 0s}}}",
                          "yaml:service: {extensions: [health_check]}"])  # fmt: skip
    watch = Watch(here, snapshot, Doors(lambda _probe, address, _timeout: asked.append(address) or ""))

    async def for_a_moment() -> None:
        running = asyncio.ensure_future(watch.run())
        await asyncio.sleep(0.1)
        running.cancel()

    asyncio.run(for_a_moment())
    assert not asked
    assert HealthCheckConfig().probe.interval


def test_increase_counts_what_came_within_the_window() -> None:
    """Not what stood there at first, nor what is older."""
    now = [0.0]
    increase: Increase[str] = Increase(60.0, lambda: now[0])
    seen = []
    for at, totals in [(0, {"a": 5}), (30, {"a": 7, "b": 2}), (60, {"a": 7, "b": 2}), (100, {"a": 7, "b": 2})]:
        now[0] = at
        seen.append(increase.look(totals))
    assert seen == [{}, {"a": 2, "b": 2}, {"a": 2, "b": 2}, {}]


def test_commits_wait_only_while_somebody_does() -> None:
    """Idle is not slow; a commit ends the wait."""
    now = [0.0]
    commits = Commits(lambda: now[0])
    waits = []
    for at, done, waiting in [(0, 0, 0), (50, 0, 0), (60, 0, 3), (64, 0, 3), (65, 1, 3), (66, 1, 0)]:
        now[0] = at
        waits.append(commits.look(done, waiting))
    assert waits == [0, 0, 0, 4, 0, 0]


DEATHS = {
    "none": ([], None, 0),
    "three short lives": ([0.5, 0.5, 0.5], 2.0, 3),
    "never ready, then ready at last": ([None, None, 0.5], 1.0, 1),
    "the present one serves": ([0.5, 0.5, 0.5], 60.0, 0),
    "an accident long after the start": ([600.0], 1.0, 0),
}


@pytest.mark.parametrize("case", DEATHS)
def test_deaths_in_a_row(case: str) -> None:
    """By lives in seconds (None: never ready), and how long the present child has served."""
    lives, present, expected = DEATHS[case]
    restarts = Restarts()
    for life in lives:
        restarts.pause_after(life)
    assert restarts.in_a_row(present) == expected


def test_what_begins_and_ends_is_told_as_events(caplog: pytest.LogCaptureFixture) -> None:
    """Once each, with who is meant; what others tell is not told twice."""
    told: list[ControlRecord] = []
    now = [100.0]
    reporter = Reporter(SimpleNamespace(tell=told.append), "supervisor", lambda: "ops.example")
    watch = Watch(supervisor(), snapshot, reporter=reporter, clock=lambda: now[0])
    bad = snapshot(
        queues={"d1": ExporterQueue(1, 95, 100, 0)},
        certificates=[("receivers.otlp", "/a.crt", -7200.0)],
        exporters=blocked("blocked"),
    )
    for look in (snapshot(), bad, bad, snapshot()):
        now[0] += 5
        watch.look(look)
    said = sorted((each.name, each.attributes["logboom.phase"], each.severity) for each in told)
    assert said == [
        ("logboom.service.exporter.full", "began", "WARN"),
        ("logboom.service.exporter.full", "ended", "INFO"),
        ("logboom.service.tls.expiring", "began", "WARN"),
        ("logboom.service.tls.expiring", "ended", "INFO"),
    ]
    (full,) = [each for each in told if each.name.endswith("full") and each.severity == "INFO"]
    assert full.attributes["logboom.exporter"] == "d1"
    assert full.attributes["logboom.duration"] == 10.0
    (expired,) = [each for each in told if each.name.endswith("expiring") and each.severity == "WARN"]
    assert expired.body == "receivers.otlp: the certificate /a.crt expired 2 hours ago"
    assert expired.attributes["logboom.seconds"] == -7200


def test_a_clock_that_jumped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ControlRecord] = []
    jumps = [0.0, -3600.0, 0.0]
    machine = SimpleNamespace(clock_jump=lambda: jumps.pop(0), disk_free_bytes=lambda: None, certificates=lambda _: [])
    reporter = Reporter(SimpleNamespace(tell=told.append), "supervisor", lambda: "ops.example")
    watch = Watch(supervisor(), snapshot, reporter=reporter, machine=machine)
    for _ in range(3):
        asyncio.run(watch._look_once())
    assert [(each.name, each.body) for each in told] == [
        ("logboom.service.clock.jumped", "the clock was set back by 3600.0 s")
    ]
