"""What the service knows about itself is stored: deaths, configurations, blocked exporters, strangers."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from collector.testing.service import Service
from counterparts.numbered import NumberedSenders


def events(service: Service, name: str) -> list[dict[str, Any]]:
    found = service.rows(
        "SELECT domain, body, severity_text, attributes, generation FROM logs "
        f"WHERE event_name = 'logboom.service.{name}' AND generation = 1 ORDER BY record_id"
    )
    return [{"domain": d, "body": b, "severity": s, **json.loads(a)} for d, b, s, a, _ in found]


def await_event(service: Service, name: str, count: int = 1, seconds: float = 60.0) -> dict[str, Any]:
    """The last of so many."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = events(service, name)
        if len(found) >= count:
            assert len(found) == count, found
            return found[-1]
        time.sleep(0.1)
    raise AssertionError(f"no {name}: {service.log.read_text()[-3000:]}")


def test_deaths_and_configurations_are_told_once(tmp_path: Path) -> None:
    service = Service(tmp_path)
    with service:
        service.child("worker").kill()
        died = await_event(service, "process.ended")
        assert (died["domain"], died["severity"], died["logboom.child"]) == ("logboom", "WARN", "worker 0")
        assert died["logboom.reason"] == "signal SIGKILL"
        service.await_ready()
        good = service.config.read_text()
        service.config.write_text(good.replace("partitions: 2", "partitions: 3"))
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        refused = await_event(service, "config.refused")
        assert "partitions can't change from 2 to 3" in refused["logboom.reason"]
        service.config.write_text(good)
        service.process.send_signal(signal.SIGHUP)
        await_event(service, "config.changed")
        service.await_ready()
        service.child("ingest").kill()  # slot 0, which takes in what is told of its own death
        await_event(service, "process.ended", 2)
        assert service.terminate() == 0


def test_a_blocked_exporter_is_told_though_its_queue_is_full(tmp_path: Path) -> None:
    """With the data behind it; and that it goes on."""
    service = Service(
        tmp_path,
        "exporters: {webhook: {endpoint: 'http://127.0.0.1:1/', retry_on_failure: {initial_interval: 100ms}}}",
        "service: {pipelines: {logs: {exporters: [sqlite, webhook]}}}",
    )
    with service:
        senders = NumberedSenders(service.grpc, service.http, ("tamyla.com",))
        senders.start()
        told = await_event(service, "exporter.retrying")
        senders.stop()
        assert told["logboom.exporter"] == "webhook"
        assert told["logboom.process"] == "worker 0"
        assert service.terminate() == 0


def test_a_stranger_is_told_without_what_he_showed(tmp_path: Path) -> None:
    service = Service(
        tmp_path,
        "extensions: {bearertokenauth: {token: the-right-token}}",
        "service: {extensions: [health_check, bearertokenauth]}",
        "receivers: {otlp: {protocols: {http: {auth: {authenticator: bearertokenauth}}}}}",
    )
    with service:
        for _ in range(3):
            headers = {"authorization": "Bearer a-wrong-token", "content-type": "application/json"}
            request = urllib.request.Request(f"http://127.0.0.1:{service.http}/v1/logs", b"{}", headers)
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(request, timeout=10)
        told = await_event(service, "auth.failed")
        assert (told["client.address"], told["logboom.authenticator"]) == ("127.0.0.1", "bearertokenauth")
        assert "token" not in json.dumps({k: v for k, v in told.items() if k not in ("logboom.authenticator", "body")})
        assert service.terminate() == 0
