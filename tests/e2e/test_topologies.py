"""Several pipelines, exporters and processes, and changes among them at a reload."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import NumberedSenders

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]
DOMAINS = ("tamyla.com", "wetechfounders.com", "default")


def send_for(service: Service, seconds: float, first: int = 0) -> NumberedSenders:
    """Senders of all kinds for some time; every request is acknowledged at the end."""
    senders = NumberedSenders(service.grpc, service.http, DOMAINS, first=first)
    senders.start()
    time.sleep(seconds)
    senders.stop()
    assert senders.acknowledged == senders.sent
    return senders


def file_numbers(path: Path) -> list[int]:
    """The numbers in a file of OTLP JSON lines."""
    return [
        int(attribute["value"]["intValue"])
        for line in path.read_text().splitlines()
        for resource in json.loads(line)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
        for attribute in record["attributes"]
        if attribute["key"] == "n"
    ]


def stored_numbers(service: Service) -> list[int]:
    """The numbers in the store."""
    return [int(n) for (n,) in service.rows("SELECT json_extract(attributes, '$.n') FROM sent")]


def reload(running: Service, /, **override: Any) -> None:
    """SIGHUP with `override` on top; until the new children serve."""
    logged = running.log.read_text().count("configuration reloaded")
    (running.folder / "more.yaml").write_text(json.dumps(override))
    assert running.process is not None
    running.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 40
    while running.log.read_text().count("configuration reloaded") == logged:
        assert time.monotonic() < deadline, running.log.read_text()[-3000:]
        time.sleep(0.05)


def start(tmp_path: Path, **override: Any) -> Service:
    """A service whose second configuration file may change."""
    more = tmp_path / "more.yaml"
    more.write_text(json.dumps(override))
    service = Service(tmp_path)
    service.start("--config", str(more))
    service.await_ready()
    return service


def test_two_pipelines_share_a_receiver_and_an_exporter(tmp_path: Path) -> None:
    """Each record once through each pipeline: the exporter of both has it twice under two ids, that of one once."""
    out = tmp_path / "out.jsonl"
    service = start(
        tmp_path,
        exporters={"file": {"path": str(out)}},
        service={
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize"], "exporters": ["sqlite", "file"]},
                "logs/second": {"receivers": ["otlp"], "processors": [], "exporters": ["file"]},
            }
        },
    )
    try:
        senders = send_for(service, 1.0)
        service.await_stored(len(senders.acknowledged))
        assert service.terminate() == 0
    finally:
        service.kill()
    assert sorted(stored_numbers(service)) == sorted(senders.acknowledged)
    assert sorted(file_numbers(out)) == sorted([*senders.acknowledged] * 2)
    assert_directory_conserved(service.data, "logs", "logs/second")


def test_more_processes_at_a_reload_and_fewer_again(tmp_path: Path) -> None:
    """1 + 1, 2 + 2, 1 + 1 under load: every journal is read, every partition has an owner, nothing is lost."""
    service = start(tmp_path)
    try:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        for count in (2, 1):
            reload(service, service={"processes": {"ingest": count, "workers": count}})
            assert len(service.children()) == 2 * count
            time.sleep(0.7)
        senders.stop()
        service.await_stored(len(senders.acknowledged))
        assert service.terminate() == 0
    finally:
        service.kill()
    assert sorted(stored_numbers(service)) == sorted(senders.acknowledged)
    assert_directory_conserved(service.data, "logs")


def test_an_exporter_and_a_pipeline_come_and_go_at_reloads(tmp_path: Path) -> None:
    """What is not concerned goes on; what comes begins with what is sent from then on."""
    out = tmp_path / "out.jsonl"
    both = {
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs/file": {"receivers": ["otlp"], "exporters": ["file"]}}},
    }
    service = start(tmp_path)
    try:
        first = send_for(service, 0.5)
        service.await_stored(len(first.acknowledged))
        reload(service, **both)
        second = send_for(service, 0.5, first=1_000_000)
        service.await_stored(len(first.acknowledged | second.acknowledged))
        reload(service)
        assert service.terminate() == 0
    finally:
        service.kill()
    seen = file_numbers(out)
    assert set(seen) >= second.acknowledged
    assert len(seen) == len(set(seen))
    assert_directory_conserved(service.data, "logs")


def test_more_workers_than_partitions_and_one_process_for_all(tmp_path: Path) -> None:
    """A worker without a partition rests; `--in-process` takes all partitions, whatever `processes` says."""
    crowded = json.dumps({"service": {"processes": {"ingest": 2, "workers": 3}}})
    service = Service(tmp_path, crowded)
    sent = 0
    for mode in ((), ("--in-process",)):
        service.start(*mode)
        try:
            service.await_ready()
            sent += len(send_for(service, 0.5).acknowledged)
            deadline = time.monotonic() + 30
            while service.stored() < sent:
                assert time.monotonic() < deadline, f"{service.stored()} of {sent} stored"
                time.sleep(0.05)
            assert service.terminate() == 0
        finally:
            service.kill()
        assert_directory_conserved(service.data, "logs")
        sent = service.stored()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"service": {"ledger": {"partitions": 4}}}, "service.ledger.partitions can't change from 2 to 4"),
        ({"exporters": {"file": {"path": "/proc/no/such/place"}}, "service": {"pipelines": {"logs": {"exporters": ["fil"]}}}}, '"fil"'),
    ],
)  # fmt: skip
def test_a_reload_that_can_not_take_over_is_refused(tmp_path: Path, override: dict[str, Any], words: str) -> None:
    """The old children go on as if nothing had happened."""
    service = start(tmp_path)
    try:
        before = {child.pid for child in service.children()}
        (tmp_path / "more.yaml").write_text(json.dumps(override))
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while words not in service.log.read_text():
            assert time.monotonic() < deadline, service.log.read_text()[-2000:]
            time.sleep(0.05)
        assert {child.pid for child in service.children()} == before
        senders = send_for(service, 0.2)
        service.await_stored(len(senders.acknowledged))
    finally:
        service.kill()
