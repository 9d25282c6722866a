"""What is done about an alert, by processes that run and die: asked of a person, done once, judged, each step on record."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.commands import command
from counterparts.http_recorder import Answer, HttpRecorder, Received

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DOMAIN = "tamyla.com"


def responding(url: str, **response: Any) -> str:
    """Added to the service's configuration: Jenkins, which knows no repetition, starts what is on its list."""
    return json.dumps({
        "connectors": {
            "alerting": {
                "route": {"receiver": "ops", "group_by": ["service"], "responses": ["restart"]}, "receivers": {"ops": ["sqlite"]},
                "responses": {"restart": {"exporter": "ci_trigger", "target": "restart", "dry_run": False, "domains": [DOMAIN], "verify_after": "10s", **response}},
            }
        },
        "exporters": {
            "ci_trigger": {
                "provider": "jenkins", "endpoint": url, "token": "bot:secret", "retry_on_failure": {"initial_interval": "200ms"},
                "triggers": {"restart": {"project": "ops/restart", "parameters": {"service": "shop"}, "id_parameter": "id"}},
            }
        },
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite", "alerting"]},
                "logs/alerts": {"receivers": ["alerting"], "exporters": ["sqlite", "ci_trigger"]},
            }
        },
    })  # fmt: skip


def send(service: Service, *instances: str) -> None:
    """A critical record of each instance."""
    resources = []
    for instance in instances:
        said = {"service.name": "shop", "service.instance.id": instance}
        attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
        record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 21, "body": {"stringValue": "boom; $(reboot)"}}
        resources.append({"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]})
    headers = {"Content-Type": "application/json", "x-logboom-domain": DOMAIN}
    body = json.dumps({"resourceLogs": resources}).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{service.http}/v1/logs", body, headers)
    with urllib.request.urlopen(asked, timeout=60):
        pass


def responses(service: Service, *arguments: str) -> Result:
    return command("responses", *arguments, "--data-dir", str(service.data), "--json")


def told(service: Service) -> list[str]:
    """The states that were told, in the order of their versions."""
    found = service.rows(
        "SELECT event_name FROM logs WHERE event_name LIKE 'logboom.response.%' ORDER BY json_extract(attributes, '$.\"logboom.version\"')"
    )
    return [name.removeprefix("logboom.response.") for (name,) in found]


def test_a_person_says_yes_and_it_is_done_once_and_judged(tmp_path: Path) -> None:
    """One instance is no quorum; what waits is listed; a forged event starts nothing; each step is on record."""
    with (
        HttpRecorder(lambda _: Answer(status=201, headers={"Location": "/queue/item/3/"})) as jenkins,
        Service(tmp_path, responding(jenkins.url)) as service,
    ):
        send(service, "i1")
        service.await_rows(f"SELECT count(*) FROM notifications WHERE domain = '{DOMAIN}'", [(1,)])
        assert service.rows("SELECT * FROM responses") == []
        send(service, "i2")
        service.await_rows("SELECT state, target, dry_run, instances FROM responses", [("proposed", "restart", 0, 2)])
        (one,) = [json.loads(line) for line in responses(service, "list", "--domain", DOMAIN).stdout.splitlines()]
        assert (one["state"], one["labels"]["service"]) == ("proposed", "shop")
        assert responses(service, "list", "--domain", "wetechfounders.com").stdout == ""
        refused = responses(service, "approve", one["response_id"], "--domain", "wetechfounders.com")
        assert (refused.exit_code, "there is no response" in refused.stderr) == (1, True)
        done = responses(service, "approve", one["response_id"], "--domain", DOMAIN, "--why", "seen it")
        assert done.exit_code == 0, done.stderr
        service.await_rows("SELECT state, became, why FROM responses", [("helped", "/queue/item/3/", "seen it")], 120)
        again = responses(service, "approve", one["response_id"], "--domain", DOMAIN)
        assert (again.exit_code, "it is helped" in again.stderr) == (1, True)
        assert service.terminate() == 0
        (call,) = jenkins.taken()
        assert (call.path, call.body.decode()) == (
            "/job/ops/job/restart/buildWithParameters",
            f"service=shop&id={one['response_id']}",
        )
        assert told(service) == ["proposed", "approved", "started", "done", "helped"]
    assert_directory_conserved(service.data, "logs")


def test_a_worker_that_dies_while_it_acts_does_not_act_twice(tmp_path: Path) -> None:
    """Killed with the call under way: its successor asks, is told no, and people are told that nobody knows."""
    called, go_on = threading.Event(), threading.Event()

    def answer(_: Received) -> Answer:
        called.set()
        go_on.wait(120)
        return Answer(status=201)

    with HttpRecorder(answer) as jenkins, Service(tmp_path, responding(jenkins.url, approval="automatic")) as service:
        send(service, "i1", "i2")
        assert called.wait(120)
        service.child("worker").kill()
        service.await_ready()
        reason = "a process ended while it acted: whether it was done is not known"
        service.await_rows("SELECT state, reason FROM responses", [("failed", reason)], 120)
        go_on.set()
        assert service.terminate() == 0
        assert len(jenkins.taken()) == 1
        assert told(service) == ["proposed", "approved", "started", "failed"]
    assert_directory_conserved(service.data, "logs")
