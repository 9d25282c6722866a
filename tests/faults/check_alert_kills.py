"""From the record to the incident over kills: the connector's decisions, delivery, two destinations with a memory that answer badly. In the end each of them shows
how things stand; an incident was triggered once, no message stands in the channel twice."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.vendors.pagerduty import KEY, PagerDuty
from counterparts.vendors.slack import Slack
from counterparts.vendors.vendor import Asked, Vendor

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
GROUPS, KILLS = 6, 3


def configuration(url: str) -> str:
    """Critical records, to a pager and to a channel."""
    quick = {"retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s"}, "pace": {"calls": 1000}}
    return json.dumps({
        "connectors": {
            "alerting": {
                "route": {"receiver": "ops", "group_by": ["service"], "group_interval": "1s", "resolve_after": "10s",
                          "routes": [{"matchers": ['service!~"shop.*"'], "receiver": "nobody"}]},
                "receivers": {"ops": ["pagerduty", "slack"], "nobody": []}, "limits": {"groups": 1000},
            }
        },
        "exporters": {
            "pagerduty": {"routing_key": KEY, "endpoint": f"{url}/pagerduty", **quick},
            "slack": {"token": "xoxb-s3cret", "channel": "C0DE", "endpoint": f"{url}/api", **quick},
        },
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite", "alerting"]},
                "logs/alerts": {"receivers": ["alerting"], "exporters": ["sqlite", "pagerduty", "slack"]},
            }
        },
    })  # fmt: skip


class Destinations:
    """Both, behind one port. A third of the calls get a bad answer, in front of the act or behind it."""

    def __init__(self, rng: random.Random) -> None:
        self.pager, self.slack = PagerDuty(), Slack()
        self._rng, self._lock = rng, threading.Lock()

    def __call__(self, received: Received) -> Answer:
        parts = urlsplit(received.path)
        headers = {"Authorization": received.headers.get("authorization", "")}
        to_pager = parts.path.startswith("/pagerduty")
        asked = Asked(
            received.method, parts.path.removeprefix("/pagerduty"), dict(parse_qsl(parts.query)), headers, received.body
        )
        vendor: Vendor = self.pager if to_pager else self.slack
        with self._lock:
            befalls = self._rng.choice(["", "", "", "", "503", "lost"])
            if befalls == "503":
                return Answer(b"{}", 503)
            vendor.asked.append(asked)
            answer = vendor.act(asked)
        return Answer(b"{}", 502) if befalls == "lost" else Answer(answer.body, answer.status)


def fail(service: Service, name: str) -> None:
    """A critical record of a service, until it is acknowledged."""
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 21, "body": {"stringValue": "boom"}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs", body, {"Content-Type": "application/json"}
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=10):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def messages(slack: Slack) -> list[Any]:
    """Group and sequence of all that stands in the channel, threads as well."""
    shown = [each for head in list(slack.channel.values()) for each in (head, *head["thread"])]
    return [(one["metadata"]["event_payload"]["group"], one["metadata"]["event_payload"]["sequence"]) for one in shown]


def over(there: Destinations) -> bool:
    """Whether each group began and has ended, for both."""
    incidents, heads = list(there.pager.incidents.values()), list(there.slack.channel.values())
    return (
        len(incidents) >= GROUPS
        and not any(one["open"] for one in incidents)
        and len({one["metadata"]["event_payload"]["group"] for one in heads}) >= GROUPS
        and all("RESOLVED" in one["text"] for one in heads)
    )


def test_each_destination_ends_in_the_true_state(tmp_path: Path) -> None:
    rng = random.Random(15)
    there = Destinations(rng)
    with HttpRecorder(there) as server, Service(tmp_path, configuration(server.url)) as service:
        for number in range(GROUPS):
            fail(service, f"shop{number}")
            if number % (GROUPS // KILLS) == 0:
                time.sleep(rng.random())
                service.child("worker").kill()
                service.await_ready()
        deadline = time.monotonic() + 240
        while not over(there):
            assert time.monotonic() < deadline, (there.pager.incidents, there.slack.channel)
            time.sleep(0.2)
        assert service.terminate() == 0
    assert [pair for pair, times in Counter(messages(there.slack)).items() if times > 1] == []
    assert len(there.pager.incidents) == GROUPS
    assert_directory_conserved(service.data, "logs")
