"""Hooks of a logboom that runs: deployments, over the wire, into the tables; and what is only called like one."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.control.catalogue import SERVICE_EVENTS
from collector.control.command import DEPLOYMENT
from collector.reserved import APPLIED, REFUSED
from collector.testing.service import Service, free_ports

# What logboom tells of itself unasked may come at any time.
MADE = "SELECT count(*) FROM logs WHERE generation IS NOT NULL AND event_name NOT LIKE 'logboom.service.%'"
GOOD = {"service": "checkout", "version": "1.2.3", "environment": "production"}


class Hooks:
    def __init__(self, folder: Path, *overrides: str) -> None:
        (self.port,) = free_ports(1)
        self.service = Service(
            folder, f"receivers: {{hooks: {{endpoint: '127.0.0.1:{self.port}', public_url: 'https://hooks.example'}}}}",
            "service: {pipelines: {logs: {receivers: [otlp, hooks]}}}", *overrides,
        )  # fmt: skip

    def ask(
        self, body: Any, path: str = "/deployments", host: str = "tamyla.com", method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, Any], str]:
        """Status, document, content type."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data if method == "POST" else None, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read()), answer.headers["content-type"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read()), error.headers["content-type"]


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooks]:
    made = Hooks(tmp_path_factory.mktemp("hooks"))
    with made.service:
        yield made
        assert made.service.terminate() == 0


def test_a_deployment_is_taken_once_and_shown(hooks: Hooks) -> None:
    body = {**GOOD, "time": "2026-03-01T12:00:00Z", "url": "https://ci.example/7"}
    answers = [hooks.ask(body, "/deployments?wait=true", idempotency_key="build-7") for _ in range(2)]
    assert [(status, said["state"]) for status, said, _ in answers] == [(200, "applied")] * 2
    assert answers[0][1]["snapshot"]["service.version"] == "1.2.3"
    status, said, _ = hooks.ask({**GOOD, "version": "2"}, idempotency_key="build-8")
    assert (status, said["state"]) == (202, "accepted")
    other, _, _ = hooks.ask(
        {**GOOD, "version": "1.2.3"}, "/deployments?wait=true", "wetechfounders.com", idempotency_key="build-7"
    )
    assert other == 200
    hooks.service.await_rows(
        "SELECT domain, service, service_version, environment, url, time_unix_nano / 1000000000 > 1772366400 FROM deployments "
        "WHERE service = 'checkout' ORDER BY 1, 3",
        [
            ("tamyla.com", "checkout", "1.2.3", "production", "https://ci.example/7", 0),
            ("tamyla.com", "checkout", "2", "production", None, 1),
            ("wetechfounders.com", "checkout", "1.2.3", "production", None, 1),
        ],
    )
    (who,) = hooks.service.rows(
        f"SELECT DISTINCT json_extract(attributes, '$.\"logboom.command.who\"') FROM logs "
        f"WHERE event_name = '{DEPLOYMENT}' AND generation = 1"
    )
    assert who == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        (b"{", "body", "body: not valid JSON"),
        ([], "body", "body: a JSON object is needed"),
        ({}, "service", "service: it is missing"),
        ({**GOOD, "version": ""}, "version", "version: a text that is not empty is needed"),
        ({**GOOD, "version": 7}, "version", "version: a text that is not empty is needed"),
        ({**GOOD, "service": "x" * 256}, "service", "service: at most 255 printable characters"),
        ({**GOOD, "environment": "a\nb"}, "environment", "environment: at most 255 printable characters"),
        ({**GOOD, "time": "yesterday"}, "time", "time: a time such as 2026-03-01T12:00:00Z is needed"),
        ({**GOOD, "time": "2026-03-01T12:00:00"}, "time", "time: a time such as 2026-03-01T12:00:00Z is needed"),
        ({**GOOD, "time": "1960-03-01T12:00:00Z"}, "time", "time: a time after 1970 is needed"),
        (
            {**GOOD, "url": "javascript:alert(1)"},
            "url",
            "url: an address that begins with http:// or https:// is needed",
        ),
        ({**GOOD, "versoin": "1"}, "versoin", "versoin: unknown: there are service, version, environment, url, time"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(hooks: Hooks, body: Any, field: str, detail: str) -> None:
    status, said, media = hooks.ask(body)
    assert (status, said["field"], said["detail"], media) == (400, field, detail, "application/problem+json")


def test_other_requests_are_answered_as_http_says(hooks: Hooks) -> None:
    assert hooks.ask(GOOD, "/unknown")[0] == 404
    assert hooks.ask(GOOD, method="PUT")[0] == 405
    assert hooks.ask(b" " * (65 << 10))[0] == 413
    assert hooks.ask(GOOD, idempotency_key="k" * 256)[0] == 400
    status, said, _ = hooks.ask(b"", "/", method="GET")
    assert (status, said) == (200, {"hooks": ["https://hooks.example/deployments"]})


def test_no_name_from_outside_makes_an_event(hooks: Hooks) -> None:
    """Every name of the page, of commands and of deployments, over OTLP, JSON and as members of a hook: plain data, and nothing happens."""
    names = [
        *SERVICE_EVENTS,
        DEPLOYMENT,
        APPLIED,
        REFUSED,
        "logboom.deployment",
        "logboom.alert.notification",
        "logboom.command.silence",
    ]
    said = {
        "service.name": "forged", "service.version": "6.6.6", "deployment.environment.name": "production", "logboom.deployment.id": "x",
        "logboom.command.id": "forged", "logboom.command.who": "eve", "logboom.phase": "began", "generation": "1",
        "logboom.domain": "logboom", "logboom.alert.group": "g", "logboom.alert.sequence": "1", "logboom.alert.exporter": "sqlite",
    }  # fmt: skip
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]

    def payload(number: int) -> bytes:
        """One record of each name; the number makes it another one than those before."""
        records = [
            {
                "timeUnixNano": str(time.time_ns()),
                "eventName": name,
                "body": {"stringValue": "forged"},
                "attributes": attributes,
            }
            for name in names
        ]
        scopes = [{"scope": {"name": "logboom", "version": str(number)}, "logRecords": records}]
        return json.dumps({"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": scopes}]}).encode()

    before = hooks.service.rows(MADE)
    tables = [hooks.service.rows(f"SELECT count(*) FROM {table}") for table in ("deployments", "notifications")]
    for number, host in enumerate(("tamyla.com", "logboom", "service.logboom")):
        request = urllib.request.Request(
            f"http://127.0.0.1:{hooks.service.http}/v1/logs", payload(number),
            {"content-type": "application/json", "host": host, "x-logboom-domain": host},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
    for name in names:
        assert hooks.ask({**GOOD, "event_name": name})[0] == 400
    hooks.service.await_rows(
        "SELECT count(*), count(DISTINCT event_name), count(generation) FROM logs WHERE body = 'forged'",
        [(3 * len(names), len(names), 0)],
    )
    time.sleep(1.0)
    assert hooks.service.rows(MADE) == before
    assert [hooks.service.rows(f"SELECT count(*) FROM {table}") for table in ("deployments", "notifications")] == tables
    assert hooks.service.rows("SELECT count(*) FROM sent WHERE domain = 'logboom'") == [(0,)]


def taken(hooks: Hooks) -> int:
    """The status; 0 where the process died that had the connection: the sender comes again."""
    try:
        return hooks.ask(GOOD, "/deployments?wait=true", idempotency_key="k")[0]
    except OSError:
        return 0


def test_without_a_journal_the_sender_is_told_to_come_again(tmp_path: Path) -> None:
    """Slot 0 is stopped, another slot listens: 503, and taken once it is back."""
    made = Hooks(tmp_path, "service: {processes: {ingest: 2}}")
    with made.service:
        (made.service.data / "control.sock").unlink()
        status, _, _ = made.ask(GOOD, idempotency_key="k")
        assert status == 503
        made.service.child("ingest").kill()
        deadline = time.monotonic() + 60
        while taken(made) != 200:
            assert time.monotonic() < deadline, made.service.log.read_text()[-3000:]
            time.sleep(0.2)
        made.service.await_rows("SELECT count(*) FROM deployments", [(1,)])
        assert made.service.terminate() == 0
