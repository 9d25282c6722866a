"""The whole of deploy/cloudflare but Docker: sender → Worker → logboom with the deployed configuration → Worker → D1, KV."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.testing.service import Service
from counterparts.cloudflare_deployment import DEPLOY, Deployment, checked_out, deployed
from counterparts.examples import rounds

DOMAIN, KEY = "tamyla.com", "a-key"
HASH = hashlib.sha256(KEY.encode()).hexdigest()
BINDINGS = {"INGEST_KEYS": json.dumps({DOMAIN: [HASH], "wetechfounders.com": [HASH]})}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The deployed configuration as it is; only addresses, sizes and KV's waiting time differ."""
    text = (DEPLOY / "logboom.yaml").read_text().replace("{", "{{").replace("}", "}}")
    one = Service(tmp_path, config=text, env={"LOGBOOM_DOMAIN": DOMAIN})
    yield one
    one.kill()


@pytest.fixture
def worker(tmp_path: Path, service: Service) -> Iterator[Deployment]:
    checkout = checked_out(tmp_path / "checkout")
    checkout.dry_run()
    containers = {DOMAIN: {4318: service.http, 13133: service.health, 8888: service.metrics}}
    with deployed(checkout, containers, BINDINGS) as running:
        yield running


def on_loopback(service: Service, worker: Deployment) -> str:
    """What differs on this machine."""
    gateway = worker.outbound(DOMAIN)
    return json.dumps({
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{service.http}"}}}},
        "extensions": {
            "health_check": {"endpoint": f"127.0.0.1:{service.health}"},
            "backup": {"storage": {"endpoint": gateway.replace("/client/v4", "/r2")}},
        },
        "exporters": {
            "d1": {"base_url": gateway},
            "kv": {"base_url": gateway, "sending_queue": {"batch": {"flush_timeout": "1s"}}},
        },
        "service": {
            "journal": {"max_bytes": "16MiB"}, "ledger": {"max_bytes": "32MiB"},
            "telemetry": {"metrics": {"readers": [
                {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": service.metrics}}}}]}},
        },
    })  # fmt: skip


def otlp(bodies: list[str]) -> bytes:
    now = str(time.time_ns())
    records = [{"timeUnixNano": now, "severityNumber": 9, "body": {"stringValue": body}} for body in bodies]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


def post(worker: Deployment, bodies: list[str], host: str = f"logger.{DOMAIN}") -> int:
    headers = {"host": host, "authorization": f"Bearer {KEY}", "content_type": "application/json"}
    return worker.request("POST", "/v1/logs", otlp(bodies), **headers)[0]


def rows(worker: Deployment, sql: str) -> list[dict[str, Any]]:
    url = f"/outbound/{DOMAIN}/client/v4/accounts/-/d1/database/LOGS/query"
    _, _, body = worker.request("POST", url, json.dumps({"sql": sql}).encode())
    found: list[dict[str, Any]] = json.loads(body)["result"][0]["results"]
    return found


def test_from_a_sender_to_d1_and_kv_and_nothing_is_left_behind(service, worker):
    """SIGTERM right after the last acknowledgement, as when a container is replaced: all of it is in D1 and KV."""
    service.start("--config", f"yaml:{on_loopback(service, worker)}")
    service.await_ready()
    sent = [f"record {n}" for n in range(3000)]
    assert {post(worker, sent[first : first + 100]) for first in range(0, len(sent), 100)} == {200}
    ready = worker.request("GET", "/ready", host=DOMAIN, authorization=f"Bearer {KEY}")
    assert (ready[0], json.loads(ready[2])["status"]) == (200, "Server available")
    assert service.terminate() == 0
    stored = rows(worker, "SELECT body, domain, triage_level FROM logs WHERE generation IS NULL")
    assert sorted(row["body"] for row in stored) == sorted(sent)
    assert {(row["domain"], row["triage_level"]) for row in stored} == {(DOMAIN, "info")}
    kept = worker.control("/kv")
    counts = [value for key, value in kept.items() if key.startswith(f"logboom/v1/counts/{DOMAIN}/")]
    assert sum(hour["levels"]["info"] for hour in counts) == len(sent)
    (start,) = worker.control(f"/container/{DOMAIN}")["started"]
    assert start["env"] == {"LOGBOOM_DOMAIN": DOMAIN}
    assert not {name for name in os.environ if name.startswith("CLOUDFLARE_API")}


def test_a_container_takes_its_own_domain_only(service, worker):
    """Were the Worker ever wrong about a host, logboom refuses: one domain's records never reach another's container."""
    service.start("--config", f"yaml:{on_loopback(service, worker)}")
    service.await_ready()
    local = Deployment(f"http://127.0.0.1:{service.http}")
    headers = {"content_type": "application/json"}
    assert local.request("POST", "/v1/logs", otlp(["x"]), host="logger.wetechfounders.com", **headers)[0] == 403
    assert local.request("POST", "/v1/logs", otlp(["x"]), host="logger.tamyla.com", **headers)[0] == 200


DELIVERED = "receivers: {otlp: {ack: delivered, ack_exporters: [d1], ack_timeout: 20s}}"
OFTEN = "extensions: {backup: {interval: 1s}}"


def end_instance(service: Service) -> None:
    """SIGKILL for all of it, and its disk is gone."""
    service.kill()
    shutil.rmtree(service.data)


class Senders:
    """Each sends a record at a time, again and again until it is answered 200."""

    def __init__(self, worker: Deployment, threads: int = 4) -> None:
        self.acknowledged: set[str] = set()
        self._worker = worker
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, sender: int) -> None:
        number = 0
        while not self._enough.wait(0.02):
            body = f"sender {sender} record {number}"
            if send(self._worker, otlp([body])):
                self.acknowledged.add(body)
                number += 1


def send(worker: Deployment, body: bytes) -> bool:
    headers = {"host": f"logger.{DOMAIN}", "authorization": f"Bearer {KEY}", "content_type": "application/json"}
    try:
        return worker.request("POST", "/v1/logs", body, **headers)[0] == 200
    except OSError:
        return False


def await_more(senders: Senders, count: int) -> None:
    wanted = len(senders.acknowledged) + count
    deadline = time.monotonic() + 90
    while len(senders.acknowledged) < wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(senders.acknowledged) >= wanted


def test_with_ack_delivered_nothing_that_was_acknowledged_is_lost_with_an_instance(service, worker):
    """Killed again and again at any moment, each time with its disk."""
    arguments = ["--config", f"yaml:{on_loopback(service, worker)}", "--config", f"yaml:{DELIVERED}"]
    senders = Senders(worker)
    for _ in range(rounds(6, 2)):
        service.start(*arguments)
        service.await_ready()
        await_more(senders, 20)
        end_instance(service)
    senders.stop()
    stored = Counter(row["body"] for row in rows(worker, "SELECT body FROM logs WHERE generation IS NULL"))
    assert not senders.acknowledged - stored.keys(), "acknowledged, and not in D1"


def test_what_was_acknowledged_before_a_snapshot_outlives_the_instance(service, worker):
    """D1 is away, the instance is killed with its disk: the next one delivers what the snapshot had, once."""
    addresses = on_loopback(service, worker)
    away = json.dumps({"exporters": {"d1": {"base_url": "http://127.0.0.1:1/client/v4"}}})
    service.start("--config", f"yaml:{addresses}", "--config", f"yaml:{away}", "--config", f"yaml:{OFTEN}")
    service.await_ready()
    sent = [f"record {n}" for n in range(300)]
    assert {post(worker, sent[first : first + 50]) for first in range(0, len(sent), 50)} == {200}
    await_snapshots(service, 2)
    end_instance(service)
    service.start("--config", f"yaml:{addresses}", "--config", f"yaml:{OFTEN}")
    service.await_ready()
    assert "was made of snapshot" in service.log.read_text()
    assert service.terminate() == 0
    stored = rows(worker, "SELECT body FROM logs WHERE body LIKE 'record %'")  # logboom tells of itself, too
    assert Counter(row["body"] for row in stored) == Counter(sent)


def await_snapshots(service: Service, more: int) -> None:
    """So many that began after now."""
    wanted = service.log.read_text().count("logboom.backup: snapshot ") + more
    deadline = time.monotonic() + 60
    while service.log.read_text().count("logboom.backup: snapshot ") < wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert service.log.read_text().count("logboom.backup: snapshot ") >= wanted, service.log.read_text()[-3000:]
