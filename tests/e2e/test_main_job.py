"""The main job, end to end, with the product as users run it: real processes, real SDKs, a real store."""

from __future__ import annotations

import json
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cli.traffic.sdk import Senders
from collector.testing.service import Service
from counterparts.numbered import HEADER, NumberedSenders, request

pytestmark = pytest.mark.e2e


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A running logboom with the default pipeline."""
    with Service(tmp_path) as running:
        yield running


def metric(service: Service, name: str) -> float:
    """The sum of a metric over its labels."""
    status, text = service.get("/metrics", service.metrics)
    assert status == 200
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))


def outcomes(service: Service) -> Counter[str]:
    """Records by component and outcome, as `/metrics` tells them."""
    _, text = service.get("/metrics", service.metrics)
    found: Counter[str] = Counter()
    for line in text.splitlines():
        if line.startswith("logboom_records_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            found[f"{labels['component']} {labels['outcome']}"] += int(float(line.rsplit(" ", 1)[1]))
    return found


def test_sdk_records_are_stored_sorted_and_judged(service: Service) -> None:
    """What six SDKs send over gRPC and HTTP stands in the store, with domain, categories and level."""
    senders = Senders(f"127.0.0.1:{service.grpc}", f"http://127.0.0.1:{service.http}", seed=5)
    senders.emit(2_000)
    senders.close()
    service.await_stored(2_000)
    assert {d for (d,) in service.rows("SELECT DISTINCT domain FROM sent")} == {"tamyla.com", "wetechfounders.com"}
    sources = dict(service.rows("SELECT DISTINCT service_name, source_type FROM sent"))
    assert sources["storefront"] == "ui"
    assert sources["checkout-api"] == "logic"
    assert sources["postgres"] == "backend"
    assert service.rows("SELECT count(*) FROM sent WHERE environment NOT IN ('production', 'staging')") == [(0,)]
    errors = service.rows("SELECT DISTINCT error_type FROM sent WHERE attributes LIKE '%exception.type%'")
    assert errors == [("exception",)]
    levels = {level for (level,) in service.rows("SELECT DISTINCT triage_level FROM sent")}
    assert levels == {"critical", "warning", "info", "debug"}
    assert service.rows("SELECT count(*) FROM sent WHERE component IS NULL OR triage_level IS NULL") == [(0,)]
    assert service.rows("SELECT count(DISTINCT record_id) FROM sent") == [(2_000,)]


def test_counts_add_up(service: Service) -> None:
    """accepted = sum of outcomes + in flight, on `/metrics`, under the collector's names."""
    senders = NumberedSenders(service.grpc, service.http, ("tamyla.com", "wetechfounders.com"))
    senders.start()
    time.sleep(1.5)
    senders.stop()
    service.await_stored(len(senders.acknowledged))
    deadline = time.monotonic() + 60
    while metric(service, "otelcol_exporter_sent_log_records_total") < len(senders.acknowledged):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    counted = outcomes(service)
    assert counted["receiver/otlp accepted"] == len(senders.acknowledged)
    assert counted["exporter/sqlite enqueued"] == counted["exporter/sqlite exported"] == len(senders.acknowledged)
    assert metric(service, "otelcol_receiver_accepted_log_records_total") == len(senders.acknowledged)
    assert metric(service, "logboom_pipeline_lag_records") == 0
    assert metric(service, "logboom_exporter_queue_records") == 0
    assert metric(service, "otelcol_exporter_queue_capacity_bytes") > 0


def test_a_resent_request_is_a_duplicate(service: Service) -> None:
    """The same bytes twice are stored once and counted as `duplicate`."""
    from collector.cli.traffic.client import GrpcClient

    client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
    body = request(range(10), "twice")
    for _ in range(3):
        assert client.send(body, "tamyla.com") == ""
    client.close()
    service.await_stored(10)
    deadline = time.monotonic() + 60
    while outcomes(service)["pipeline/logs duplicate"] < 20:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert service.stored() == 10


def test_sigterm_drains_and_exits_zero(service: Service) -> None:
    """Intake stops, what was acknowledged is delivered, the exit code is 0."""
    senders = NumberedSenders(service.grpc, service.http, ("tamyla.com",))
    senders.start()
    time.sleep(0.7)
    assert service.terminate() == 0
    senders.stop(patience_secs=0.1)
    stored = {n for (n,) in service.rows("SELECT json_extract(attributes, '$.n') FROM sent")}
    assert senders.acknowledged <= stored


def test_sighup_loses_nothing_and_closes_no_port(service: Service) -> None:
    """Two reloads under load: a changed option takes effect, every request is acknowledged, none is stored twice."""
    senders = NumberedSenders(service.grpc, service.http, ("tamyla.com", "other.example"))
    senders.start()
    before = {child.pid for child in service.children()}
    for name in ("first.example", "other.example"):
        text = service.config.read_text()
        service.config.write_text(text.replace("names: [", f"names: [{name}, "))
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while {child.pid for child in service.children()} & before or len(service.children()) != 2:
            assert time.monotonic() < deadline, service.log.read_text()[-3000:]
            time.sleep(0.1)
        service.await_ready()
        before = {child.pid for child in service.children()}
    time.sleep(0.5)
    senders.stop()
    service.await_stored(len(senders.acknowledged))
    stored = Counter(n for (n,) in service.rows("SELECT json_extract(attributes, '$.n') FROM sent"))
    assert stored.keys() == senders.acknowledged
    assert service.rows("SELECT count(*) FROM sent WHERE domain = 'other.example'") != [(0,)]


def test_a_bad_reload_keeps_the_old_configuration(service: Service) -> None:
    """The error is logged, the same children go on."""
    before = {child.pid for child in service.children()}
    service.config.write_text(service.config.read_text().replace("processors: [categorize", "processors: [categorise"))
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while "categorise" not in service.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {child.pid for child in service.children()} == before
    assert service.get("/ready")[0] == 200


def test_a_dead_child_is_replaced(service: Service) -> None:
    """Killed children come back; health says so in between and after."""
    victim = service.child("worker")
    victim.kill()
    deadline = time.monotonic() + 30
    while victim.is_running() or len(service.children()) != 2 or "degraded" in service.health_body():
        assert service.get("/ready")[0] == 200  # intake goes on
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert metric(service, "logboom_process_restarts_total") >= 1


def test_a_taken_port_is_reported_before_anything_starts(service: Service, tmp_path: Path) -> None:
    """Exit code 1, a sentence with the option and the address, and no data directory of its own is used."""
    second = Service(tmp_path / "second-place") if (tmp_path / "second-place").mkdir() is None else service
    second.config.write_text(service.config.read_text())
    second.start()
    assert second.process is not None
    assert second.process.wait(30) == 1
    text = second.log.read_text()
    assert f"receivers.otlp: can't listen on 127.0.0.1:{service.grpc}: Address already in use" in text
    assert not (second.data / "journal").exists()


def test_a_bad_configuration_is_reported_before_anything_starts(tmp_path: Path) -> None:
    """All errors at once, with file and line; nothing is made on disk."""
    service = Service(tmp_path)
    service.config.write_text(
        service.config.read_text().replace("protocols:", "protocolls:").replace("sqlite:", "sqlit:")
    )
    service.start()
    assert service.process is not None
    assert service.process.wait(30) == 2
    text = service.log.read_text()
    assert "protocols" in text
    assert "sqlite" in text
    assert "logboom.yaml:" in text
    assert not service.data.exists()


def test_in_process_mode_does_the_same_job(tmp_path: Path) -> None:
    """One process, no children: accepted, stored, drained."""
    service = Service(tmp_path)
    service.start("--in-process")
    try:
        service.await_ready()
        assert service.children() == []
        senders = NumberedSenders(service.grpc, service.http, ("tamyla.com",))
        senders.start()
        time.sleep(0.5)
        senders.stop()
        service.await_stored(len(senders.acknowledged))
        assert service.terminate() == 0
    finally:
        service.kill()


def test_a_pass_through_pipeline_forwards_without_decoding(tmp_path: Path) -> None:
    """OTLP in, OTLP out to a second logboom: every record arrives once; the first has no processor."""
    (tmp_path / "second").mkdir()
    with Service(tmp_path / "second") as second:
        override = {
            "exporters": {"otlp": {"endpoint": f"127.0.0.1:{second.grpc}", "tls": {"insecure": True},
                                   "headers": {HEADER: "tamyla.com"}}},
            "service": {"pipelines": {"logs": {"receivers": ["otlp"], "processors": [], "exporters": ["otlp"]}}},
        }  # fmt: skip
        (tmp_path / "first").mkdir()
        with Service(tmp_path / "first", json.dumps(override)) as first:
            senders = NumberedSenders(first.grpc, first.http, ("tamyla.com",))
            senders.start()
            time.sleep(1.0)
            senders.stop()
            second.await_stored(len(senders.acknowledged))
            assert first.terminate() == 0
        stored = {n for (n,) in second.rows("SELECT json_extract(attributes, '$.n') FROM sent")}
        assert stored == senders.acknowledged
