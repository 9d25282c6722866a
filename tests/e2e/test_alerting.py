"""A critical record becomes a call to whoever is to hear of it: at once, once, over kills; and people have their say."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.commands import command
from counterparts.http_recorder import Answer, HttpRecorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def alerting(url: str, monitors: list[dict[str, Any]] | None = None, **route: Any) -> str:
    """Added to the service's configuration."""
    return json.dumps({
        "connectors": {
            "alerting": {
                "route": {"receiver": "ops", "group_by": ["service"], **route}, "receivers": {"ops": ["webhook"]},
                "limits": {"groups": 1000}, "monitors": monitors or [],
            }
        },
        "exporters": {"webhook": {"endpoint": url, "retry_on_failure": {"initial_interval": "200ms"}}},
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite", "alerting"]},
                "logs/alerts": {"receivers": ["alerting"], "exporters": ["sqlite", "webhook"]},
            }
        },
    })  # fmt: skip


def send(service: Service, name: str, severity: int = 21, text: str = "boom") -> None:
    """A record of a service, until it is acknowledged."""
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": severity, "body": {"stringValue": text}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs",
        body,
        {"Content-Type": "application/json", "x-logboom-domain": "tamyla.com"},
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=10):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def alerts(service: Service, *arguments: str) -> Result:
    return command("alerts", *arguments, "--data-dir", str(service.data), "--json")


def calls(recorder: HttpRecorder, wanted: int, seconds: float = 60.0) -> list[dict[str, Any]]:
    """So many calls about the domain, in their order; the service tells of its own trouble, too, on a machine that has much to do."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + seconds
    while len(found) < wanted:
        told = [json.loads(one.body) for one in recorder.taken()]
        found += [one for one in told if one["groupLabels"].get("domain") == "tamyla.com"]
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return found


def test_people_are_told_and_have_their_say(tmp_path: Path) -> None:
    """Told with what was written, listed, acknowledged; a silence keeps the next one back; its end is told."""
    with (
        HttpRecorder(lambda _: Answer()) as recorder,
        Service(tmp_path, alerting(recorder.url, group_interval="1s", resolve_after="1h")) as service,
    ):
        send(service, "shop", text="no money in the till")
        (told,) = calls(recorder, 1)
        assert (told["status"], told["version"], told["groupLabels"]) == (
            "firing",
            "4",
            {"domain": "tamyla.com", "service": "shop"},
        )
        assert told["alerts"][0]["samples"] == ["no money in the till"]
        service.await_rows("SELECT status FROM notifications", [("firing",)])
        (listed,) = [json.loads(line) for line in alerts(service, "list", "--domain", "tamyla.com").stdout.splitlines()]
        assert (listed["group_id"], listed["level"], "no money in the till" in listed["text"]) == (
            told["groupKey"],
            "critical",
            True,
        )
        assert alerts(service, "list", "--domain", "wetechfounders.com").stdout == ""
        done = alerts(service, "ack", listed["group_id"], "--domain", "tamyla.com")
        assert done.exit_code == 0, done.stderr
        (known,) = calls(recorder, 1)
        assert (known["status"], "ACKNOWLEDGED by" in known["logboom"]["text"]) == ("firing", True)
        unknown = alerts(service, "ack", "nonsense", "--domain", "tamyla.com")
        assert (unknown.exit_code, "there is no alert of the group" in unknown.stderr) == (1, True)
        over = alerts(service, "resolve", listed["group_id"], "--domain", "tamyla.com")
        assert over.exit_code == 0, over.stderr
        (ended,) = calls(recorder, 1)
        assert (ended["status"], ended["groupKey"]) == ("resolved", told["groupKey"])

        quiet = alerts(service, "silence", 'service="shop"', "--for", "1h", "--domain", "tamyla.com")
        assert quiet.exit_code == 0, quiet.stderr
        service.await_rows("SELECT matchers FROM silences", [('{service="shop"}',)])
        (one,) = [json.loads(line) for line in alerts(service, "silences").stdout.splitlines()]
        send(service, "shop")
        send(service, "till")
        assert [each["groupLabels"]["service"] for each in calls(recorder, 1)] == ["till"]
        assert alerts(service, "unsilence", one["silence_id"], "--domain", "tamyla.com").exit_code == 0
        send(service, "shop")
        assert {each["groupLabels"]["service"] for each in calls(recorder, 1)} == {"shop"}

        tried = alerts(service, "test", "--send", "--domain", "tamyla.com")
        assert (tried.exit_code, tried.stdout) == (0, '{"exporter": "webhook"}\n'), tried.stderr
        deadline = time.monotonic() + 60
        while not any("nothing is wrong" in json.dumps(each) for each in calls(recorder, 1)):
            assert time.monotonic() < deadline
        unknown = alerts(service, "test", "--send", "--exporter", "slack", "--domain", "tamyla.com")
        assert (unknown.exit_code, "no route leads to an exporter 'slack': there is webhook" in unknown.stderr) == (
            1,
            True,
        )
        assert service.terminate() == 0
    gone = alerts(service, "test", "--send", "--domain", "tamyla.com")
    assert (gone.exit_code, bool(gone.stderr)) == (1, True)
    assert_directory_conserved(service.data, "logs")


def test_over_kills_each_decision_is_made_once(tmp_path: Path) -> None:
    """Thirty groups with a wait, the worker killed four times: each group has one first message, and is called once, or twice where a
    kill lost the answer. Of two monitors that count all of them, the one that allows 29 is an alert, once, and the one that allows 30 never."""
    rng, kills, groups = random.Random(16), 4, 30
    monitors = [
        {"name": f"over-{most}", "query": "boom service:s*", "window": "1h", "above": most}
        for most in (groups - 1, groups)
    ]
    of_services = "domain = 'tamyla.com' AND labels LIKE '%service%'"
    with (
        HttpRecorder(lambda _: Answer()) as recorder,
        Service(tmp_path, alerting(recorder.url, monitors, group_wait="500ms", resolve_after="1h")) as service,
    ):
        for number in range(groups):
            send(service, f"s{number}")
            if number % (groups // kills) == 3:
                time.sleep(rng.random())
                service.child("worker").kill()
                service.await_ready()
        service.await_rows(
            f"SELECT count(*), count(DISTINCT group_id), min(reason), max(reason) FROM notifications WHERE {of_services}",
            [(groups, groups, "first notification", "first notification")],
        )
        of_monitors = "SELECT json_extract(alerts, '$[0].labels.rule'), reason FROM notifications WHERE domain = 'tamyla.com' AND labels NOT LIKE '%service%'"
        service.await_rows(of_monitors, [("monitor/over-29", "first notification")])
        found = calls(recorder, groups)
        deadline = time.monotonic() + 60
        while len({one["groupKey"] for one in found if "service" in one["groupLabels"]}) < groups:
            found += [json.loads(one.body) for one in recorder.taken()]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert service.terminate() == 0
        found += [json.loads(one.body) for one in recorder.taken()]
    found = [
        one for one in found if one["groupLabels"]["domain"] == "tamyla.com" and "service" in one["groupLabels"]
    ]  # the service tells of the kills, too
    times = Counter(one["groupKey"] for one in found)
    assert len(found) - groups <= kills, times
    assert len({(one["groupKey"], one["logboom"]["id"]) for one in found}) == groups
    assert_directory_conserved(service.data, "logs")
