"""What people do with an alert, over the wire of a logboom that runs: a link in a message, and an incident that somebody resolved."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.signed_links import Act, Signer, data_key
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECRET = "the secret of a webhook there"
CONNECTOR = """
connectors:
  alerting:
    route: {receiver: ops, group_by: [service], group_wait: 0s, group_interval: 1s, resolve_after: 1h}
    receivers: {ops: [sqlite]}
service:
  pipelines:
    logs: {receivers: [otlp, hooks], processors: [categorize, triage, issues], exporters: [sqlite, alerting]}
    logs/alerts: {receivers: [alerting], exporters: [sqlite]}
processors: {issues: {}}
"""
FIRING = "SELECT group_id FROM notifications WHERE domain = 'tamyla.com' AND status = 'firing' AND labels LIKE '%{}%'"


class Shop:
    """A logboom with hooks and alerts."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        hooks = (
            f"receivers: {{hooks: {{endpoint: '127.0.0.1:{self.port}', public_url: 'https://hooks.example', "
            f"pagerduty: {{secrets: ['{SECRET}']}}}}}}"
        )
        self.service = Service(folder, hooks, CONNECTOR)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Status and text."""
        named = {"host": "tamyla.com", **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, body if method == "POST" else None, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def failing(self, service: str) -> str:
        """A service fails; the group under which people were told."""
        self._send(service)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if rows := self.service.rows(FIRING.format(service)):
                return str(rows[0][0])
            time.sleep(0.1)
        raise AssertionError("nobody was told")

    def await_over(self, group: str, service: str) -> None:
        """All who were told hear that it is over; its issue is resolved."""
        self.service.await_rows(
            f"SELECT DISTINCT status FROM notifications WHERE group_id = '{group}' ORDER BY sequence DESC LIMIT 1",
            [("resolved",)],
        )
        self.service.await_rows(f"SELECT state FROM issues WHERE service = '{service}'", [("resolved",)])

    def _send(self, name: str) -> None:
        record = {
            "timeUnixNano": str(time.time_ns()),
            "severityNumber": 21,
            "body": {"stringValue": f"FATAL: {name} is gone"},
        }
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
        body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
        named = {"content-type": "application/json", "x-logboom-domain": "tamyla.com"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.service.http}/v1/logs", body, named)
        with urllib.request.urlopen(request, timeout=60):
            pass


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("acts"))
    with made.service:
        yield made
        assert made.service.terminate() == 0
        assert_directory_conserved(made.service.data)
        assert "/act/" not in made.service.log.read_text()


def test_a_link_shows_first_and_does_it_once_it_is_pressed(shop: Shop) -> None:
    group = shop.failing("checkout")
    signer = Signer([data_key(shop.service.data)], lifetime_secs=3600)
    path = f"/act/{signer.token(Act('resolve', 'tamyla.com', group, int(time.time()) + 3600))}"
    status, page = shop.ask("GET", path, host="anybody.example")
    assert (status, "<h1>Resolve?</h1>" in page) == (200, True)
    found = re.search('name="attempt" value="([0-9a-f]+)"', page)
    assert found is not None
    for _ in range(2):
        status, page = shop.ask("POST", path, f"attempt={found[1]}".encode(), host="anybody.example")
        assert (status, "Done: resolved" in page) == (200, True)
    shop.await_over(group, "checkout")
    assert shop.service.rows(
        f"SELECT count(*) FROM logs WHERE event_name = 'logboom.command.alert.resolve' AND attributes LIKE '%{group}%'"
    ) == [(1,)]
    assert shop.ask("PUT", path)[0] == 405
    assert shop.ask("POST", f"{path}x")[0] == 404
    assert shop.ask("GET", "/act/")[0] == 404


def test_an_incident_that_somebody_resolved_is_over_here_as_well(shop: Shop) -> None:
    group = shop.failing("cart")
    said = {
        "event": {
            "id": "e1", "event_type": "incident.resolved", "occurred_at": datetime.now(UTC).isoformat(),
            "agent": {"id": "P1", "type": "user_reference", "summary": "Ada"}, "data": {"incident_key": group},
        }
    }  # fmt: skip
    body = json.dumps(said).encode()
    mark = f"v1={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    assert shop.ask("POST", "/hooks/pagerduty", body, x_pagerduty_signature=mark[:-1])[0] == 401
    for _ in range(2):
        status, text = shop.ask("POST", "/hooks/pagerduty", body, x_pagerduty_signature=mark)
        assert (status, json.loads(text)["state"]) == (200, "applied")
    shop.await_over(group, "cart")
    assert shop.service.rows(
        "SELECT DISTINCT who FROM issue_activity WHERE service = 'cart' AND change = 'resolved'"
    ) == [("Ada (pagerduty)",)]
